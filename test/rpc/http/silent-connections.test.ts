import { once } from "node:events";
import { connect, Socket } from "node:net";
import { expect, test } from "vitest";
import { systemClock } from "../../../src/base/index.js";
import { send } from "../../../src/rpc/http/http-answer.js";
import { SharedPort } from "../../../src/rpc/http/shared-port.js";
import { SilentConnections } from "../../../src/rpc/http/silent-connections.js";

test("beyond the bound the oldest connection without a request is dropped", () => {
  const silent = new SilentConnections(2);
  const [first, second, third, fourth] = Array.from({ length: 4 }, () => new Socket());
  if (!first || !second || !third || !fourth) throw new Error("no sockets");
  silent.add(first);
  silent.add(second);
  silent.delete(first);
  silent.add(third);
  expect([first, second, third].map(({ destroyed }) => destroyed)).toEqual([false, false, false]);
  silent.add(fourth);
  expect([first, second, third, fourth].map(({ destroyed }) => destroyed)).toEqual([false, true, false, false]);
  expect(silent.size).toBe(2);
});

test("connections that have sent a request outlive any number of silent ones, and those outlive none", async () => {
  const port = new SharedPort(systemClock);
  port.listener.listen(0, "127.0.0.1");
  await once(port.listener, "listening");
  port.serve({ http: async (_, response) => send(response, "text/plain", "here\n") });
  const address = port.listener.address();
  const dial = async (): Promise<Socket> => {
    const socket = connect(address !== null && typeof address === "object" ? address.port : 0, "127.0.0.1");
    socket.on("error", () => undefined);
    const accepted = once(port.listener, "connection");
    await once(socket, "connect");
    await accepted;
    return socket;
  };
  const ask = async (socket: Socket): Promise<string> => {
    socket.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    const [answer] = await once(socket, "data");
    return String(answer).split("\r\n")[0] ?? "";
  };
  const served = await dial();
  expect(await ask(served)).toBe("HTTP/1.1 200 OK");
  const oldest = await dial();
  const half = await dial();
  half.write("GET / HTTP/1.1\r\nHost:");
  const closed = [once(oldest.resume(), "close"), once(half.resume(), "close")];
  const others: Socket[] = [];
  for (let count = 0; count < 512; count++) others.push(await dial());
  await Promise.all(closed);
  expect(await ask(served)).toBe("HTTP/1.1 200 OK");
  expect(await ask(others.at(-1) ?? served)).toBe("HTTP/1.1 200 OK");
  for (const socket of [served, ...others]) socket.destroy();
  await port.stop(0);
});
