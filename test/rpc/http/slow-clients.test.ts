import { once } from "node:events";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ManualClock } from "../../../src/base/index.js";
import { SharedPort } from "../../../src/rpc/index.js";

// Tests that a request whose head does not end is cut off, and that a client waiting for an answer is not.

let clock: ManualClock;
let port: SharedPort;
let answer: (() => void) | undefined;
/** The server's end of the last opened connection. */
let near: Socket | undefined;
const sockets: Socket[] = [];

beforeEach(async () => {
  clock = new ManualClock();
  port = new SharedPort(clock);
  port.serve({
    http: (request, response) => {
      if (request.url === "/slow") answer = () => response.end("late");
      else response.end("at once");
      answered?.();
    },
  });
  port.listener.on("connection", (connection) => {
    near = connection;
  });
  port.listener.listen(0, "127.0.0.1");
  await once(port.listener, "listening");
});

let answered: (() => void) | undefined;

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  port.listener.close();
});

async function open(text: string): Promise<{ socket: Socket; closed: Promise<void>; heard: () => string }> {
  const socket = connect((port.listener.address() as AddressInfo).port, "127.0.0.1");
  sockets.push(socket);
  let heard = "";
  socket.on("data", (chunk: Buffer) => {
    heard += chunk.toString();
  });
  socket.on("error", () => undefined);
  const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const taken = new Promise<void>((resolve) => port.listener.once("connection", (one) => one.once("data", resolve)));
  socket.write(text);
  await taken;
  return { socket, closed, heard: () => heard };
}

test("a request head that arrives slowly is cut off after a minute", async () => {
  const { socket, closed, heard } = await open("GET / HTTP/1.1\r\nHost: x\r\n");
  clock.advance(59_000);
  socket.write("X-One-More: y\r\n");
  clock.advance(1_000);
  await closed;
  expect(heard()).toBe("");
});

test("a client that waits for an answer is not cut off", async () => {
  const asked = new Promise<void>((resolve) => {
    answered = resolve;
  });
  const { heard, socket } = await open("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  await asked;
  clock.advance(600_000);
  answer?.();
  await once(socket, "end");
  expect(heard()).toContain("late");
});

test("the next request of a connection may begin late, but must then be complete within two minutes", async () => {
  const { socket, closed, heard } = await open("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  if (!heard().includes("at once")) await once(socket, "data");
  clock.advance(3_600_000);
  let over = false;
  void closed.then(() => {
    over = true;
  });
  const before = near?.bytesRead ?? 0;
  socket.write("GET / HT");
  await expect.poll(() => near?.bytesRead).toBeGreaterThan(before);
  expect(over).toBe(false);
  clock.advance(120_000);
  await closed;
  expect(heard().match(/at once/g)).toHaveLength(1);
});
