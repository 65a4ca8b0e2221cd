import fc from "fast-check";
import { expect, test } from "vitest";
import { finish, unboundedWork } from "../../../src/base/index.js";
import { EventLog, EventRun } from "../../../src/mvcc/event-log.js";
import { fragmentsOf, eventsOf as partOf } from "../../../src/rpc/services/watch-fragments.js";
import { responseInPieces } from "../../../src/rpc/services/watch-pieces.js";
import {
  type EncodedEvent,
  EventType,
  encodeEvent,
  KeyValue,
  WatchResponse,
  wholeEvent,
} from "../../../src/wire/index.js";

const head = WatchResponse.create({
  header: { clusterId: 1n, memberId: 2n, revision: 5, raftTerm: 3 },
  watchId: 7n,
});

function pair(at: number, size: number) {
  const value = new Uint8Array(size).fill(at);
  return KeyValue.encode(KeyValue.create({ key: `k${at}`, modRevision: 5, createRevision: 5, version: 1, value }));
}

/** Puts and deletes, some with the previous pair. */
function eventsOf(valueSizes: readonly number[]): EncodedEvent[] {
  return valueSizes.map((size, at) =>
    encodeEvent({
      type: at % 3 === 2 ? EventType.DELETE : EventType.PUT,
      kv: pair(at, size),
      prevKv: at % 2 === 1 ? pair(at, size * 2) : undefined,
    }),
  );
}

function encoded(events: readonly EncodedEvent[], fragment = false): Uint8Array {
  return WatchResponse.encode({ ...head, fragment, events: events.map(wholeEvent) });
}

/** Cuts events into fragments the slow way, by encoding each candidate. */
function* cut(events: readonly EncodedEvent[], bytesMax: number): Generator<number> {
  if (encoded(events).length < bytesMax || events.length < 2) {
    yield events.length;
    return;
  }
  for (let from = 0; from < events.length; ) {
    let to = from + 1;
    while (to < events.length && encoded(events.slice(from, to + 1), true).length < bytesMax) to++;
    yield to - from;
    from = to;
  }
}

test("fragments are cut where their encoded length reaches the limit", () => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(5_000), fc.nat(20_000)), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 12_000 }), (valueSizes, bytesMax) => {
      const events = eventsOf(valueSizes);
      const parts = finish(fragmentsOf(head, events, bytesMax, unboundedWork));
      expect(parts.map(({ from, to }) => to - from)).toEqual([...cut(events, bytesMax)]);
      expect(parts.map(({ from }) => from)).toEqual([0, ...parts.slice(0, -1).map(({ to }) => to)]);
      expect(parts.map(({ marked }) => marked)).toEqual(parts.map((_, at) => at < parts.length - 1));
    }),
  );
});

test("a response in pieces has the same bytes as in one piece", () => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.integer({ min: 5_000, max: 70_000 })), { maxLength: 40 });
  fc.assert(
    fc.property(sizes, fc.boolean(), (valueSizes, fragment) => {
      const events = eventsOf(valueSizes);
      const { length, pieces } = finish(responseInPieces({ ...head, fragment }, events, unboundedWork));
      const whole = Buffer.concat(pieces);
      expect(length).toBe(whole.length);
      expect(whole.equals(encoded(events, fragment))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test("the pairs of long events are not copied into a response", () => {
  const kv = pair(1, 1_000_000);
  const prevKv = pair(2, 1_000_000);
  const events = Array.from({ length: 4 }, () => encodeEvent({ type: EventType.PUT, kv, prevKv }));
  const { pieces } = finish(responseInPieces(head, events, unboundedWork));
  expect(pieces.filter((piece) => piece === kv || piece === prevKv).length).toBe(8);
  const others = pieces.filter((piece) => piece !== kv && piece !== prevKv);
  expect(others.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(200);
});

test("a response with many events is encoded in as many steps as its budget requires", () => {
  const events = eventsOf(Array.from({ length: 10_000 }, () => 10));
  let asked = 0;
  const budget = { over: () => ++asked % 100 === 0 };
  let steps = 0;
  for (const _ of responseInPieces(head, events, budget)) steps++;
  expect(steps).toBe(100);
});

test("a run of events is cut at the same events, and sent as the same bytes", () => {
  const events = eventsOf(Array.from({ length: 60 }, (_, at) => (at % 7) * 900 + (at === 30 ? 20_000 : 0)));
  const log = new EventLog();
  const numbers = events.slice(5).map((event) => log.append(event));
  const run = new EventRun(log, numbers[0] ?? 0, numbers.length);
  const joined = [...events.slice(0, 5), run];
  const bytesMax = 11_000;
  const fragments = finish(fragmentsOf(head, joined, bytesMax, unboundedWork));
  expect(fragments).toEqual(finish(fragmentsOf(head, events, bytesMax, unboundedWork)));
  expect(fragments.length).toBeGreaterThan(10);
  for (const fragment of fragments) {
    const marked = { ...head, fragment: fragment.marked };
    const { length, pieces } = finish(responseInPieces(marked, partOf(fragment, joined), unboundedWork));
    const whole = encoded(events.slice(fragment.from, fragment.to), fragment.marked);
    expect(Buffer.concat(pieces)).toEqual(Buffer.from(whole));
    expect(length).toBe(whole.length);
  }
});
