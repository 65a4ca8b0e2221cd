import { afterEach, describe, expect, test } from "vitest";
import { type LogFields, ManualClock, MemoryAccount, silentLogger } from "../../../src/base/index.js";
import { type MemorySocket, socketPair } from "../../../src/rpc/http/memory-socket.js";
import { type Binding, CallCounters, Gate, GrpcServer, SlowCalls } from "../../../src/rpc/index.js";
import { data, type Fields, FrameLog, headers, preface, request, reset, settings } from "../../http2/frames.js";
import { quiet } from "../../http2/peer.js";

// Tests how much memory one client can make the server hold, by the peak of the memory account in bytes.

const mebibyte = 1024 * 1024;
const tooMany = "too many requests";
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A stream whose handler never reads the client's messages and never returns by itself. */
const watch: Binding = { kind: "stream", path: "/t.T/Watch", run: ({ call }) => aborted(call.signal) };
const lease: Binding = {
  kind: "stream",
  path: "/t.T/KeepAlive",
  first: true,
  run: async (stream) => {
    for await (const message of stream.read()) stream.write(message);
  },
};
/** A stream that is called with the client's messages, and waits for the first one. */
const waits: Binding = {
  kind: "stream",
  path: "/t.T/Session",
  run: () => Promise.reject(new Error("it is opened instead")),
  open: (stream) => ({
    begin: () => stream.next(),
    message: () => undefined,
    noMoreMessages: () => stream.close(),
    failed: (error) => stream.close(error),
    cancelled: () => stream.close(),
  }),
};
const list: Binding = { kind: "unary", path: "/t.T/List", reads: true, run: async () => Buffer.alloc(mebibyte) };
const put: Binding = { kind: "unary", path: "/t.T/Put", run: async (message) => message };
const slow: Binding = { kind: "unary", path: "/t.T/Slow", run: (_, call) => aborted(call.signal).then(() => none) };
const none = new Uint8Array(0);

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
}

class Attacker {
  readonly socket: MemorySocket;
  readonly frames: string[] = [];

  constructor(server: GrpcServer) {
    const [near, far] = socketPair();
    this.socket = far;
    server.take(near, Buffer.alloc(0));
  }

  read(): this {
    const log = new FrameLog();
    this.socket.on("data", (chunk: Buffer) => this.frames.push(...log.read(chunk)));
    return this;
  }

  async send(...frames: readonly Buffer[]): Promise<void> {
    this.socket.write(Buffer.concat(frames));
    await quiet();
  }
}

function start(limitBytes: number) {
  const lines: LogFields[] = [];
  const logger = { ...silentLogger, warn: (_: string, fields: LogFields = {}) => lines.push(fields) };
  const clock = new ManualClock();
  const memory = new MemoryAccount({ limitBytes, clock, logger });
  const server = new GrpcServer({
    bindings: [watch, waits, lease, list, put, slow],
    gate: new Gate({ clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } }, "3.7"),
    ...{ counters: new CallCounters(), slow: new SlowCalls(clock, silentLogger, 1e9) },
    ...{ logger: silentLogger, clock, memory, timed: false },
    ...{ receiveBytesMax: 2 * mebibyte, maxConcurrentStreams: 2 ** 32 - 1 },
    ...{ keepaliveIntervalMs: 0, keepaliveTimeoutMs: 20_000, keepaliveMsMin: 0 },
  });
  cleanups.push(() => void server.stop(0));
  const attack = async (...entries: readonly (readonly [number, number])[]): Promise<Attacker> => {
    const attacker = new Attacker(server).read();
    await attacker.send(preface, settings(...entries));
    attacker.frames.length = 0;
    return attacker;
  };
  return { memory, lines, attack };
}

function call(id: number, path: string, flags = 0x4): Buffer {
  const fields: Fields = [...request.filter(([name]) => name !== ":path"), [":path", path]];
  return headers(id, [...fields.filter(([name]) => name.startsWith(":")), ["content-type", "application/grpc"]], flags);
}

/** The frames of a message of `bytes` bytes with its prefix, of which only `sent` bytes are sent. */
function message(id: number, bytes: number, sent = bytes): Buffer {
  const body = Buffer.alloc(5 + sent);
  body.writeUInt32BE(bytes, 1);
  const frames: Buffer[] = [];
  for (let at = 0; at < body.length; at += 16_384) frames.push(data(id, body.subarray(at, at + 16_384), 0));
  return Buffer.concat(frames);
}

const odd = (count: number, from = 1): number[] => Array.from({ length: count }, (_, at) => from + 2 * at);

test("calls without a message hold a share of the account at most: the oldest are refused to make room", async () => {
  const { memory, attack } = start(4 * mebibyte);
  const attacker = await attack();
  const ids = odd(1_000);
  // All calls arrive in one turn of the event loop, so room must be made at once.
  await attacker.send(...ids.map((id) => call(id, "/t.T/Watch")));
  expect(memory.pot("calls").heldBytes).toBeLessThanOrEqual((4 * mebibyte) / 16);
  expect(memory.pot("calls").heldBytes).toBeGreaterThan((3 * mebibyte) / 16);
  expect(memory.peakBytes).toBeLessThan(mebibyte);
  expect(memory.pot("calls").refusals).toBe(0);
  const refused = attacker.frames.flatMap((line) => /^reset (\d+) refused$/.exec(line)?.[1] ?? []).map(Number);
  expect(refused.length).toBeGreaterThan(800);
  expect(refused).toEqual(ids.slice(0, refused.length));
  attacker.socket.destroy();
  await quiet();
  expect(memory.heldBytes).toBe(0);
});

test("a stream that waits counts about what it takes, a handler with promises more than a session", async () => {
  const { memory, attack } = start(64 * mebibyte);
  const attacker = await attack();
  const connections = memory.heldBytes;
  const perStream = async (ids: readonly number[], path: string): Promise<number> => {
    const before = memory.heldBytes;
    await attacker.send(...ids.flatMap((id) => [call(id, path), message(id, 30)]));
    return (memory.heldBytes - before) / ids.length;
  };
  expect(await perStream(odd(100), "/t.T/Session")).toBe(1_280 + 512);
  expect(await perStream(odd(100, 201), "/t.T/Watch")).toBeGreaterThan(10_000);
  attacker.socket.destroy();
  await quiet();
  expect(memory.heldBytes).toBeLessThanOrEqual(connections);
});

test("streams with a message are refused with a reason when the account is full", async () => {
  const { memory, lines, attack } = start(4 * mebibyte);
  const attacker = await attack();
  await attacker.send(...odd(1_000).flatMap((id) => [call(id, "/t.T/Watch"), message(id, 30)]));
  expect(memory.peakBytes).toBeLessThanOrEqual(4 * mebibyte);
  expect(memory.peakBytes).toBeGreaterThan(3 * mebibyte);
  expect(memory.pot("calls").refusals).toBeGreaterThan(0);
  expect(attacker.frames.join("\n")).toContain(tooMany);
  expect(lines.length).toBe(1);
  attacker.socket.destroy();
  await quiet();
  expect(memory.heldBytes).toBe(0);
});

test("when the account is full, the oldest calls without a message make room for one with a message", async () => {
  const { memory, attack } = start(4 * mebibyte);
  const asking = await attack();
  await asking.send(call(1, "/t.T/KeepAlive"), message(1, 30), call(3, "/t.T/Watch"), message(3, 30));
  const attacker = await attack();
  const client = await attack();
  const ids = odd(1_000);
  for (const [at, id] of ids.entries()) {
    await attacker.send(call(id, "/t.T/Watch"));
    // Ordinary calls usually find room, however many attacking calls there are.
    if (at % 100 === 99) await client.send(call(at, "/t.T/Put"), message(at, 30));
  }
  const answered = client.frames.filter((line) => line.startsWith("data ")).length;
  expect(answered).toBeGreaterThanOrEqual(8);
  const refused = attacker.frames.flatMap((line) => /^reset (\d+) refused$/.exec(line)?.[1] ?? []).map(Number);
  expect(refused.length).toBeGreaterThan(500);
  expect(refused).toEqual(refused.toSorted((one, other) => one - other));
  // Streams that have sent a message are not reset, even if they are idle.
  expect(asking.frames.filter((line) => line.startsWith("reset"))).toEqual([]);
  expect(memory.peakBytes).toBeLessThanOrEqual(4 * mebibyte);
  for (const { socket } of [attacker, asking, client]) socket.destroy();
  await quiet();
  expect(memory.heldBytes).toBe(0);
});

test("incomplete bodies are bounded over all connections", async () => {
  const { memory, attack } = start(8 * mebibyte);
  const attackers = await Promise.all(Array.from({ length: 12 }, () => attack()));
  const bodies = odd(8).flatMap((id) => [call(id, "/t.T/Put"), message(id, mebibyte, 240_000)]);
  await Promise.all(attackers.map((attacker) => attacker.send(...bodies)));
  expect(memory.peakBytes).toBeLessThanOrEqual(8 * mebibyte);
  expect(memory.pot("requests").refusals).toBeGreaterThan(0);
  for (const attacker of attackers) attacker.socket.destroy();
  await quiet();
  expect(memory.heldBytes).toBe(0);
});

test("unread messages are counted by the memory that they use, not by their length", async () => {
  const { memory, attack } = start(4 * mebibyte);
  const attacker = await attack();
  // Each message has five bytes: a prefix and no body.
  for (const id of odd(4)) {
    await attacker.send(call(id, "/t.T/Watch"));
    for (let frame = 0; frame < 3; frame++) await attacker.send(data(id, Buffer.alloc(5 * 3_000), 0));
  }
  expect(memory.peakBytes).toBeGreaterThan(3 * mebibyte);
  expect(memory.peakBytes).toBeLessThanOrEqual(4 * mebibyte);
  expect(attacker.frames.join("\n")).toContain(tooMany);
  attacker.socket.destroy();
  await quiet();
  expect(memory.heldBytes).toBe(0);
});

test("unread answers are bounded, and a read that finds no room is refused", async () => {
  const { memory, attack } = start(8 * mebibyte);
  const attacker = await attack([4, 0]); // the client gives no window
  for (const id of odd(40)) await attacker.send(call(id, "/t.T/List"), message(id, 10));
  expect(memory.peakBytes).toBeLessThanOrEqual(8 * mebibyte);
  expect(memory.pot("answers").heldBytes).toBeGreaterThan(5 * mebibyte);
  expect(attacker.frames.join("\n")).toContain(tooMany);
  for (const id of odd(40)) await attacker.send(reset(id));
  expect(memory.pot("answers").heldBytes).toBe(0);
});

test("an unfinished header block is counted, and its connection is closed when the account is full", async () => {
  const { memory, attack } = start(mebibyte);
  const attackers = await Promise.all(Array.from({ length: 20 }, () => attack()));
  const [headersFrame, continuation] = [0x1, 0x9];
  for (const { socket } of attackers) {
    socket.write(frameOf(headersFrame, Buffer.alloc(16_000)));
    for (let more = 0; more < 10; more++) socket.write(frameOf(continuation, Buffer.alloc(16_000)));
    await quiet();
  }
  // A frame is counted after it has been received, so each connection may exceed the bound by one frame.
  expect(memory.peakBytes).toBeLessThanOrEqual(mebibyte + attackers.length * (16_384 + 9));
  expect(attackers.some(({ frames }) => frames.join("\n").includes("calm"))).toBe(true);
  for (const { socket } of attackers) socket.destroy();
  await quiet();
  expect(memory.heldBytes).toBe(0);
});

test("lease renewals are served while ordinary calls are refused", async () => {
  const { attack } = start(2 * mebibyte);
  const attacker = await attack();
  for (const id of odd(500)) await attacker.send(call(id, "/t.T/Watch"), message(id, 1));
  const client = await attack();
  await client.send(call(1, "/t.T/KeepAlive"), message(1, 30), call(3, "/t.T/Put"), message(3, 30));
  expect(client.frames.filter((line) => line.includes(tooMany)).length).toBe(1);
  expect(client.frames.some((line) => line.startsWith("data 1 "))).toBe(true);
});

describe("a call holds no memory after it", () => {
  for (const { name, path, end } of [
    { name: "was answered", path: "/t.T/Put", end: (id: number) => message(id, 100) },
    { name: "was reset before its request arrived", path: "/t.T/Put", end: (id: number) => reset(id) },
    {
      name: "was reset in the middle of its request",
      path: "/t.T/Put",
      end: (id: number) => Buffer.concat([message(id, 50_000, 20_000), reset(id)]),
    },
    {
      name: "was reset while its handler waited",
      path: "/t.T/Slow",
      end: (id: number) => Buffer.concat([message(id, 10), reset(id)]),
    },
    {
      name: "was a stream with unread messages",
      path: "/t.T/Watch",
      end: (id: number) => Buffer.concat([data(id, Buffer.alloc(500), 0), reset(id)]),
    },
    {
      name: "broke the protocol",
      path: "/t.T/Watch",
      end: (id: number) => data(id, Buffer.from([9, 9, 9, 9, 9]), 0),
    },
    { name: "ended in the middle of a message", path: "/t.T/Put", end: (id: number) => data(id, Buffer.alloc(3), 0x1) },
  ]) {
    test(name, async () => {
      const { memory, attack } = start(16 * mebibyte);
      const client = await attack();
      const before = memory.heldBytes;
      await client.send(call(1, path), end(1));
      expect(memory.heldBytes).toBe(before);
      client.socket.destroy();
      await quiet();
      expect(memory.heldBytes).toBe(0);
    });
  }
});

/** A frame of stream 1 without flags. */
function frameOf(type: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head[3] = type;
  head.writeUInt32BE(1, 5);
  return Buffer.concat([head, payload]);
}
