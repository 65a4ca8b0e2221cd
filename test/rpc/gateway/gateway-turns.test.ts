import { once } from "node:events";
import { createServer, IncomingMessage } from "node:http";
import { type AddressInfo, connect, Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { ManualClock, MemoryAccount, silentLogger } from "../../../src/base/index.js";
import { Gateway } from "../../../src/rpc/gateway/gateway.js";
import { type GatewayConfig, LazyGateway } from "../../../src/rpc/gateway/lazy-gateway.js";
import type { Binding } from "../../../src/rpc/grpc/binding.js";
import { CallCounters } from "../../../src/rpc/grpc/call-counters.js";
import { Gate } from "../../../src/rpc/grpc/gate.js";
import { SlowCalls } from "../../../src/rpc/services/slow-calls.js";
import { JsonReader } from "../../../src/wire/json/reader.js";
import { JsonScanner } from "../../../src/wire/json/scanner.js";
import { LoopTurns } from "../../support/loop-turns.js";
import { until } from "../../support/until.js";

// Tests how much work the gateway does for all its clients in one turn of the event loop. Only work advances the clock,
// so the work of a turn can be counted.

const cleanups: (() => void)[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Counts the turns of the event loop, beginning with 0. */
function countTurns(): () => number {
  const turns = new LoopTurns();
  cleanups.push(() => turns.stop());
  return () => turns.now;
}

function configOf(clock: ManualClock, bindings: readonly Binding[] = []): GatewayConfig {
  const slow = new SlowCalls(clock, silentLogger, 300);
  const gate = new Gate(
    { clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } },
    "3.7",
  );
  const memory = MemoryAccount.unlimited();
  return {
    ...{ clock, slow, gate, memory, counters: new CallCounters(), logger: silentLogger, timed: false },
    ...{ bindings, receiveBytesMax: 1_000_000, maxConcurrentStreams: 100 },
  };
}

/** Starts a gateway on its own port. It handles requests once `ready` has been settled. */
async function start(clock: ManualClock, bindings: readonly Binding[] = [], ready?: Promise<void>): Promise<number> {
  const gateway = await Gateway.load(configOf(clock, bindings));
  const server = createServer(async (request, response) => {
    await ready;
    await gateway.handle(request.url ?? "", request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(() => server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

test("bodies that arrive together are scanned over several turns, however short their pieces are", async () => {
  const clock = new ManualClock();
  const turn = countTurns();
  const port = await start(clock);
  const scanned: number[] = [];
  const { push } = JsonScanner.prototype;
  vi.spyOn(JsonScanner.prototype, "push").mockImplementation(function (this: JsonScanner, chunk) {
    scanned.push(turn());
    clock.advance(3);
    push.call(this, chunk);
  });
  const sockets = Array.from({ length: 20 }, () => connect(port, "127.0.0.1"));
  for (const socket of sockets) {
    cleanups.push(() => socket.destroy());
    socket.write('POST /v3/kv/range HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n{"key":"');
  }
  await until(() => scanned.length === sockets.length);
  scanned.length = 0;
  for (const socket of sockets) socket.write("A".repeat(1_000));
  await until(() => scanned.length >= sockets.length);
  const most = Math.max(...scanned.map((at) => scanned.filter((other) => other === at).length));
  // A turn ends after eight milliseconds, and each piece takes three.
  expect(most).toBeLessThanOrEqual(3);
});

test("bodies that have arrived are read over several turns, also when their calls begin together", async () => {
  const clock = new ManualClock();
  const turn = countTurns();
  let arrived = 0;
  let begin = (): void => undefined;
  const ready = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const port = await start(clock, [], ready);
  const taken: number[] = [];
  const { read, push } = IncomingMessage.prototype;
  vi.spyOn(IncomingMessage.prototype, "read").mockImplementation(function (this: IncomingMessage, size) {
    const chunk = read.call(this, size);
    if (chunk !== null && chunk.length > 10_000) {
      taken.push(turn());
      clock.advance(3);
    }
    return chunk;
  });
  const sockets = Array.from({ length: 20 }, () => connect(port, "127.0.0.1"));
  for (const socket of sockets) {
    cleanups.push(() => socket.destroy());
    socket.write(
      `POST /v3/kv/range HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n{"key":"${"A".repeat(16_000)}`,
    );
  }
  vi.spyOn(IncomingMessage.prototype, "push").mockImplementation(function (this: IncomingMessage, chunk) {
    if (chunk?.length > 10_000) arrived++;
    return push.call(this, chunk);
  });
  await until(() => arrived >= sockets.length);
  begin();
  await until(() => taken.length >= sockets.length);
  const most = Math.max(...taken.map((at) => taken.filter((other) => other === at).length));
  expect(most).toBeLessThanOrEqual(3);
});

test("websockets that wait for the gateway's code are opened over several turns", async () => {
  const clock = new ManualClock();
  const turn = countTurns();
  const opened: number[] = [];
  vi.spyOn(Gateway.prototype, "upgrade").mockImplementation(() => {
    opened.push(turn());
    clock.advance(3);
  });
  const gateway = new LazyGateway(configOf(clock));
  const request = new IncomingMessage(new Socket());
  const opening = Array.from({ length: 20 }, () =>
    gateway.upgrade("/v3/watch", request, request.socket, Buffer.alloc(0)),
  );
  await Promise.all(opening);
  const most = Math.max(...opened.map((at) => opened.filter((other) => other === at).length));
  expect([opened.length, most <= 3]).toEqual([20, true]);
});

test("a long request is parsed and run in different turns", async () => {
  const clock = new ManualClock();
  const turn = countTurns();
  const turns: Record<string, number> = {};
  const { read } = JsonReader.prototype;
  vi.spyOn(JsonReader.prototype, "read").mockImplementation(function (this: JsonReader) {
    turns.parsed = turn();
    clock.advance(10);
    return read.call(this);
  });
  const run = async () => {
    turns.done = turn();
    return new Uint8Array(0);
  };
  const port = await start(clock, [{ kind: "unary", path: "/etcdserverpb.KV/Range", run }]);
  const answer = await fetch(`http://127.0.0.1:${port}/v3/kv/range`, { method: "POST", body: '{"key":"YQ=="}' });
  expect(answer.status).toBe(200);
  expect(turns.done).toBeGreaterThan(turns.parsed ?? Number.NaN);
});
