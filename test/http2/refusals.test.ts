import { describe, expect, test } from "vitest";
import { ManualClock, MemoryAccount, silentLogger } from "../../src/base/index.js";
import { RefusalPace } from "../../src/http2/index.js";
import { ask, data, headers, windowUpdate } from "./frames.js";
import { okTrailers, Peer, type PeerOptions, quiet, type Seen } from "./peer.js";

// A connection whose requests are refused is read more slowly, once all connections have had 4,096 small ones refused.

const atOnce = 4_096;
const eachSecond = 4_096;
/** Refusals that never slow a connection. */
const forFree = 128;
/** Refusals that follow one turn of a slowed connection. */
const perTurn = 32;

const answering = ({ stream }: Seen): void => stream.end(okTrailers);
const refusing = ({ stream }: Seen): void => stream.refuse();

interface Server {
  readonly clock: ManualClock;
  open(options?: PeerOptions): Promise<Peer>;
  /** Lets time pass in rounds, each with the turns of the event loop that the connections need. */
  pass(ms: number): Promise<void>;
}

function start(): Server {
  const clock = new ManualClock();
  const refusalPace = new RefusalPace(clock);
  return {
    clock,
    open: (options = {}) => Peer.greeted({ onRequest: refusing, refusalPace, ...options }),
    async pass(ms) {
      for (let left = ms; left > 0; left -= 10) {
        clock.advance(10);
        await quiet();
      }
    },
  };
}

const ids = (count: number, from = 1): number[] => Array.from({ length: count }, (_, at) => from + 2 * at);
const refused = (...peers: readonly Peer[]): number =>
  peers.reduce((sum, { frames }) => sum + frames.filter((line) => line.endsWith("refused")).length, 0);

test("a connection whose requests are refused is read no faster than the pace", async () => {
  const server = start();
  const flooding = await server.open();
  await flooding.send(...ids(7_000).map((id) => headers(id)));
  expect(refused(flooding)).toBeGreaterThanOrEqual(atOnce);
  expect(refused(flooding)).toBeLessThanOrEqual(atOnce + perTurn);
  await server.pass(500);
  expect(refused(flooding)).toBeGreaterThanOrEqual(atOnce + eachSecond / 2 - perTurn);
  expect(refused(flooding)).toBeLessThanOrEqual(atOnce + eachSecond / 2 + 2 * perTurn);
  // All are refused in the end: nothing was lost while they waited.
  await server.pass(1_000);
  expect(refused(flooding)).toBe(7_000);
});

test("the pace is that of all connections together, and they take turns", async () => {
  const server = start();
  const many = await Promise.all(Array.from({ length: 20 }, () => server.open()));
  await Promise.all(many.map((peer) => peer.send(...ids(1_000).map((id) => headers(id)))));
  const before = refused(...many);
  expect(before).toBeLessThanOrEqual(atOnce + many.length * forFree + perTurn);
  await server.pass(2_000);
  const each = many.map((peer) => refused(peer));
  const [least, most] = [Math.min(...each), Math.max(...each)];
  expect(refused(...many) - before).toBeLessThanOrEqual(2 * eachSecond + 2 * perTurn);
  expect(refused(...many) - before).toBeGreaterThan(eachSecond);
  // The first connection had all the room at the beginning; since then each has had as many turns as the others.
  expect(least).toBeGreaterThan(forFree);
  expect(most).toBeLessThanOrEqual(1_000);
});

test("connections with few refusals, and those without any, are read at once while others wait", async () => {
  const server = start();
  const flooding = await server.open();
  await flooding.send(...ids(7_000).map((id) => headers(id)));
  const served = await server.open({ onRequest: answering });
  await served.send(...ids(5_000).map((id) => ask(id)));
  expect(served.frames.filter((line) => line.includes("grpc-status")).length).toBe(5_000);
  const unlucky = await server.open();
  await unlucky.send(...ids(forFree).map((id) => headers(id)));
  expect(refused(unlucky)).toBe(forFree);
});

test("a connection that owes is read at full speed again after a time", async () => {
  const server = start();
  const flooding = await server.open();
  await flooding.send(...ids(atOnce + 500).map((id) => headers(id)));
  await server.pass(20_000);
  await flooding.send(...ids(2_000, 20_001).map((id) => headers(id)));
  expect(refused(flooding)).toBe(atOnce + 2_500);
});

test("bytes that wait are counted, and released when their connection is gone, which gets no turn", async () => {
  const server = start();
  const memory = new MemoryAccount({ limitBytes: 2 ** 30, clock: server.clock, logger: silentLogger });
  const flooding = await server.open({ memory });
  await flooding.send(...ids(7_000).map((id) => headers(id)));
  const waitingBytes = memory.pot("requests").heldBytes;
  expect(waitingBytes).toBeGreaterThan(2_000 * headers(1).length);
  flooding.socket.destroy();
  await quiet();
  expect(flooding.closed).toBe(true);
  expect(memory.heldBytes).toBe(0);
  await server.pass(100);
  expect(flooding.seen.length).toBeLessThanOrEqual(atOnce + perTurn);
});

describe("every way to refuse a request slows its connection:", () => {
  for (const { name, options, frames } of [
    {
      name: "more streams than are allowed",
      options: { maxConcurrentStreams: 0 },
      frames: (id: number) => [headers(id)],
    },
    { name: "a request that is none", options: {}, frames: (id: number) => [headers(id, [["x", "y"]])] },
    {
      name: "frames that break the protocol on a stream",
      options: { onRequest: () => undefined },
      frames: (id: number) => [headers(id), windowUpdate(id, 0)],
    },
    {
      name: "a body without room",
      options: { memory: new MemoryAccount({ limitBytes: 1, clock: new ManualClock(), logger: silentLogger }) },
      frames: (id: number) => [headers(id), data(id, "body")],
    },
  ] satisfies readonly { name: string; options: PeerOptions; frames: (id: number) => Buffer[] }[]) {
    test(name, async () => {
      const server = start();
      const flooding = await server.open(options);
      await flooding.send(...ids(5_000).flatMap(frames));
      const resets = flooding.frames.filter((line) => line.startsWith("reset")).length;
      expect(resets).toBeGreaterThanOrEqual(atOnce - 1);
      expect(resets).toBeLessThanOrEqual(atOnce + perTurn);
    });
  }
});
