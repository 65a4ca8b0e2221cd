import { once } from "node:events";
import type { IncomingMessage, RequestListener } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { MemoryAccount, systemClock } from "../../../src/base/index.js";
import { type GrpcServer, SharedPort } from "../../../src/rpc/index.js";
import { dialPort, readUntil } from "./port-connection.js";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => boolean;

async function start(upgrade: Upgrade): Promise<{ readonly socket: Socket; readonly port: SharedPort }> {
  const http: RequestListener = async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    response.end(`${request.method} ${request.url} ${request.headers.upgrade} ${body}`);
  };
  const port = new SharedPort(systemClock);
  port.serve({ http, upgrade });
  return { socket: await dialPort(port, cleanups), port };
}

const request = (protocol: string): string =>
  `POST /x HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\n` +
  "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\nContent-Length: 5\r\n\r\nhello";

test("a request to upgrade to another protocol is answered over HTTP/1.1, with its body", async () => {
  const { socket } = await start(() => false);
  socket.write(request("h2c"));
  expect(await readUntil(socket, "hello")).toMatch(/^HTTP\/1\.1 200 OK\r\n.*POST \/x undefined hello$/s);
  socket.write(request("other"));
  expect(await readUntil(socket, "hello")).toContain("POST /x undefined hello");
});

test("a connection is handed over with the bytes that have arrived", async () => {
  const { socket } = await start((_, other, head) => {
    other.end(`you said ${head}`);
    return true;
  });
  socket.write(request("other"));
  expect(await readUntil(socket, "hello")).toBe("you said hello");
});

test("such a connection gets some time to finish when the port stops", async () => {
  const { socket, port } = await start((_, other) => {
    other.write("taken");
    return true;
  });
  socket.write(request("other"));
  await readUntil(socket, "taken");
  const stopped = port.stop(50);
  await once(socket, "close");
  await stopped;
});

test("a connection that shows to be HTTP/2 gives back what only a request of HTTP/1.1 needs", async () => {
  const pot = MemoryAccount.unlimited().pot("connections");
  const port = new SharedPort(systemClock, { plain: true }, pot);
  const grpc = {
    take(socket: Duplex): void {
      socket.write("taken");
      socket.on("data", () => socket.destroy());
    },
  } as unknown as GrpcServer;
  port.serve({ grpc });
  const socket = await dialPort(port, cleanups);
  socket.write("PRI ");
  await expect.poll(() => pot.heldBytes).toBe(16 * 1024);
  socket.write("* HTTP/2.0\r\n\r\nSM\r\n\r\n");
  await readUntil(socket, "taken");
  // 8 KiB more are counted by HTTP/2 itself. So 10,000 connections leave room for calls in 256 MiB.
  expect(pot.heldBytes).toBe(6 * 1024);
  socket.write("end");
  await once(socket, "close");
  await expect.poll(() => pot.heldBytes).toBe(0);
});
