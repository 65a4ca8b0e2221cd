import { afterEach, describe, expect, test } from "vitest";
import { EtcdError, ManualClock, MemoryAccount, silentLogger } from "../../../src/base/index.js";
import { type MemorySocket, socketPair } from "../../../src/rpc/http/memory-socket.js";
import { type Binding, CallCounters, Gate, GrpcServer, SlowCalls } from "../../../src/rpc/index.js";
import { callFields, data, type Fields, FrameLog, headers, preface, settings } from "../../http2/frames.js";
import { quiet } from "../../http2/peer.js";

// Calls that are refused cost the server nearly as much as small calls that are served. A client that floods it with
// them must not take the event loop from the others.

const echo: Binding = { kind: "unary", path: "/t.T/Echo", run: async (message) => message };
const watch: Binding = { kind: "stream", path: "/t.T/Watch", run: () => new Promise(() => undefined) };
const unknownClient: Binding = {
  kind: "unary",
  path: "/t.T/UnknownClient",
  run: () => Promise.reject(new EtcdError("invalidAuthToken")),
};

/** Refusals of all connections together that are made at once. */
const atOnce = 4_096;
/** The refusals of one turn of a slowed connection. */
const perTurn = 32;
const kibibyte = 1024;

const servers: GrpcServer[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) void server.stop(0);
});

class Client {
  readonly socket: MemorySocket;
  readonly frames: string[] = [];

  constructor(server: GrpcServer) {
    const [near, far] = socketPair();
    this.socket = far;
    const log = new FrameLog();
    far.on("data", (chunk: Buffer) => this.frames.push(...log.read(chunk)));
    server.take(near, Buffer.alloc(0));
    far.write(Buffer.concat([preface, settings([4, 2 ** 30])]));
  }

  send(frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  count(...texts: readonly string[]): number {
    return this.frames.filter((line) => texts.every((text) => line.includes(text))).length;
  }
}

function start(limitBytes = Number.POSITIVE_INFINITY) {
  const clock = new ManualClock();
  const server = new GrpcServer({
    bindings: [echo, watch, unknownClient],
    gate: new Gate({ clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } }, "3.7"),
    ...{ counters: new CallCounters(), slow: new SlowCalls(clock, silentLogger, 1e9) },
    ...{ logger: silentLogger, clock, memory: new MemoryAccount({ limitBytes, clock, logger: silentLogger }) },
    ...{ timed: false, receiveBytesMax: 2 ** 20, maxConcurrentStreams: 2 ** 32 - 1 },
    ...{ keepaliveIntervalMs: 0, keepaliveTimeoutMs: 20_000, keepaliveMsMin: 0 },
  });
  servers.push(server);
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(10);
      await quiet();
    }
  };
  return { connect: () => new Client(server), pass };
}

const ids = (count: number, from = 1): number[] => Array.from({ length: count }, (_, at) => from + 2 * at);
const atATime = 100;
/** The ids of streams in groups that arrive together. */
const rounds = (count: number): number[][] =>
  Array.from({ length: count / atATime }, (_, round) => ids(atATime, 1 + 2 * round * atATime));
const message = Buffer.from([0, 0, 0, 0, 1, 7]);

describe("a client is read more slowly when very many of its calls are refused:", () => {
  const call = (path: string, ...more: Fields) => [...callFields(path), ...more];
  for (const { name, fields, flags, body, refusal } of [
    { name: "unknown methods", fields: call("/t.T/Unknown"), flags: 5, refusal: "grpc-status=12" },
    {
      name: "unknown encodings",
      fields: call("/t.T/Echo", ["grpc-encoding", "x"]),
      flags: 5,
      refusal: "grpc-status=12",
    },
    {
      name: "requests that are not gRPC",
      fields: call("/t.T/Echo", ["grpc-timeout", "x"]),
      flags: 5,
      refusal: ":status=400",
    },
    {
      name: "calls without a right",
      fields: call("/t.T/UnknownClient"),
      flags: 4,
      body: message,
      refusal: "grpc-status=16",
    },
  ]) {
    test(name, async () => {
      const { connect, pass } = start();
      const client = connect();
      // A call may be refused some steps after its head was read, so the calls do not all arrive in one turn.
      for (const some of rounds(6_000)) {
        client.send(
          some.flatMap((id) => [headers(id, fields, flags), ...(body === undefined ? [] : [data(id, body)])]),
        );
        await quiet();
      }
      const refused = client.count(refusal);
      expect(refused).toBeGreaterThan((atOnce * 3) / 4);
      expect(refused).toBeLessThanOrEqual(atOnce + perTurn + atATime);
      await pass(1_000);
      expect(client.count(refusal)).toBe(6_000);
    });
  }

  test("calls without a message, by the memory of their metadata", async () => {
    // There is room for 16 MiB of such calls, and then for 16 MiB of refusals.
    const { connect, pass } = start(256 * 1024 * kibibyte);
    const client = connect();
    const fields: Fields = [...callFields("/t.T/Watch"), ["x-filler", "f".repeat(12 * kibibyte)]];
    client.send(ids(4_000).map((id) => headers(id, fields)));
    await pass(10);
    const first = client.count("refused");
    expect(first).toBeGreaterThan(900);
    expect(first).toBeLessThan(1_100);
    await pass(1_000);
    expect(client.count("refused") - first).toBeLessThan(1_100);
  });
});

test("a client that begins 2,000 calls at once is served while others flood the server with calls", async () => {
  // The room for calls without a message is that of 3,200 calls, as it is by default.
  const { connect, pass } = start(3_200 * 16 * 5 * kibibyte);
  const flooding = Array.from({ length: 10 }, connect);
  for (const some of rounds(3_000)) {
    for (const client of flooding) client.send(some.map((id) => headers(id, callFields("/t.T/Watch"))));
    await quiet();
  }
  const refused = (): number => flooding.reduce((sum, client) => sum + client.count("refused"), 0);
  const before = refused();
  const ordinary = connect();
  // As some clients do, it sends the heads of all calls of a turn before the first message.
  const begun = ids(2_000);
  ordinary.send([...begun.map((id) => headers(id, callFields("/t.T/Echo"))), ...begun.map((id) => data(id, message))]);
  await pass(10);
  expect(ordinary.count("grpc-status=0")).toBe(2_000);
  expect(ordinary.count("refused")).toBe(0);
  // Most calls of the others wait.
  expect(before).toBeLessThan(8_000);
  await pass(6_000);
  expect(refused()).toBeGreaterThan(25_000);
});
