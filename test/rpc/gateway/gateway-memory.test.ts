import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { ManualClock, MemoryAccount, silentLogger } from "../../../src/base/index.js";
import { Gateway } from "../../../src/rpc/gateway/gateway.js";
import { unary } from "../../../src/rpc/grpc/binding.js";
import { CallCounters } from "../../../src/rpc/grpc/call-counters.js";
import { Gate } from "../../../src/rpc/grpc/gate.js";
import { SlowCalls } from "../../../src/rpc/services/slow-calls.js";
import { services } from "../../../src/wire/index.js";
import { askHttp } from "../../support/http-client.js";
import { until } from "../../support/until.js";

/** The server's ends of the connections, in the order of their arrival. */
const connections: Socket[] = [];
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

const { Range } = services["etcdserverpb.KV"];
const range = unary(Range, async () => ({ header: undefined, kvs: [], more: false, count: 1 }));
const rangePath = "/v3/kv/range";
const aKey = '{"key":"YQ=="}';

/** Starts a gateway on its own port. */
async function start(memory: MemoryAccount): Promise<string> {
  const clock = new ManualClock();
  const slow = new SlowCalls(clock, silentLogger, 300);
  const gate = new Gate(
    { clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } },
    "3.7",
  );
  const gateway = await Gateway.load({
    ...{ clock, slow, gate, memory, counters: new CallCounters(), logger: silentLogger, timed: false },
    ...{ bindings: [range], receiveBytesMax: 10_000, maxConcurrentStreams: 100 },
  });
  const server = createServer((request, response) => gateway.handle(request.url ?? "", request, response));
  server.on("connection", (socket: Socket) => connections.push(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => {
    server.close().closeAllConnections();
    connections.length = 0;
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the memory account of the gateway", () => {
  const mebibyte = 1024 * 1024;
  const accountOf = (limitBytes: number): MemoryAccount =>
    new MemoryAccount({ limitBytes, clock: new ManualClock(), logger: silentLogger });

  test("incomplete bodies are refused when there is no room, and release their memory when they end", async () => {
    const memory = accountOf(mebibyte);
    const endpoint = await start(memory);
    const [host, port] = endpoint.split(":");
    const sockets = Array.from({ length: 30 }, () => connect(Number(port), host));
    const answers = sockets.map(async (socket) => {
      let text = "";
      socket.on("data", (chunk) => {
        text += chunk;
      });
      socket.on("error", () => undefined);
      socket.write(
        `POST ${rangePath} HTTP/1.1\r\nHost: x\r\nContent-Length: 39999\r\n\r\n{"key":"${"A".repeat(30_000)}`,
      );
      await until(() => memory.pot("calls").refusals + memory.pot("requests").refusals > 0);
      return () => text;
    });
    const texts = await Promise.all(answers);
    await until(() => texts.some((text) => text().includes("too many requests")));
    expect(memory.peakBytes).toBeLessThanOrEqual(mebibyte);
    for (const socket of sockets) socket.destroy();
    await until(() => memory.heldBytes === 0);
  });

  test("unfinished bodies have a share of the account, and calls of other clients find room beside them", async () => {
    const memory = accountOf(8 * mebibyte);
    const endpoint = await start(memory);
    const [host, port] = endpoint.split(":");
    const sockets = Array.from({ length: 100 }, () => connect(Number(port), host));
    for (const socket of sockets) {
      socket.on("error", () => undefined);
      socket.write(
        `POST ${rangePath} HTTP/1.1\r\nHost: x\r\nContent-Length: 39999\r\n\r\n{"key":"${"A".repeat(30_000)}`,
      );
    }
    const requests = memory.pot("requests");
    let heldBytesMax = 0;
    await until(() => {
      heldBytesMax = Math.max(heldBytesMax, requests.heldBytes);
      return requests.refusals > 50;
    });
    expect(heldBytesMax).toBeGreaterThan(mebibyte);
    expect(heldBytesMax).toBeLessThanOrEqual(2 * mebibyte);
    for (let socket = sockets.pop(); socket !== undefined; socket = sockets.pop()) socket.destroy();
    await until(() => memory.heldBytes === 0);
    expect((await askHttp(endpoint, { path: rangePath, body: aKey })).status).toBe(200);
  });

  test("of a refused body the rest is read up to a bound, and then left in the connection", async () => {
    const endpoint = await start(accountOf(mebibyte));
    const [host, port] = endpoint.split(":");
    const socket = connect(Number(port), host);
    socket.on("error", () => undefined);
    const sent = 32 * mebibyte;
    socket.write(`POST ${rangePath} HTTP/1.1\r\nHost: x\r\nContent-Length: ${sent}\r\n\r\n{"key":"`);
    socket.write(Buffer.alloc(sent - 1_000, "A"));
    const [answer] = await once(socket, "data");
    expect(String(answer)).toContain("HTTP/1.1 ");
    const [near] = connections;
    // In so many turns of the event loop the server would read all of it.
    for (let turn = 0; turn < 2_000; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(near?.bytesRead).toBeGreaterThan(64 * 1024);
    expect(near?.bytesRead).toBeLessThan(mebibyte / 2);
    socket.destroy();
  });

  test("a call releases its memory when it is answered", async () => {
    const memory = accountOf(mebibyte);
    const endpoint = await start(memory);
    expect((await askHttp(endpoint, { path: rangePath, body: aKey })).status).toBe(200);
    await until(() => memory.heldBytes === 0);
    expect(memory.peakBytes).toBeGreaterThan(0);
  });
});
