import fc from "fast-check";
import { expect, test } from "vitest";
import { EventLog, EventRun, eachEvent } from "../../src/mvcc/event-log.js";
import {
  type EncodedEvent,
  EventType,
  encodeEvent,
  KeyValue,
  WatchResponse,
  wholeEvent,
} from "../../src/wire/index.js";

function eventOf(at: number, bytes: number): EncodedEvent {
  const kv = KeyValue.encode(KeyValue.create({ key: `k${at}`, modRevision: 5, value: new Uint8Array(bytes).fill(at) }));
  return encodeEvent({ type: EventType.PUT, kv, prevKv: undefined });
}

test("a run of any part of a log is that part of a response", () => {
  const sizes = fc.array(fc.oneof(fc.nat(200), fc.nat(3_000), fc.nat(90_000)), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(sizes, fc.nat(80), fc.nat(80), (lengths, one, other) => {
      const log = new EventLog();
      const events = lengths.map((length, at) => eventOf(at, length));
      let run: EventRun | undefined = new EventRun(log, log.append(events[0] ?? eventOf(0, 0)));
      for (const event of events.slice(1)) run = run?.extended(log, log.append(event));
      if (run === undefined) throw new Error("each event follows the one before it");
      const [from, to] = [Math.min(one, other, events.length), Math.min(Math.max(one, other), events.length)];
      const part = run.part(from, to);
      const wanted = events.slice(from, to).map(wholeEvent);
      expect(part.count).toBe(wanted.length);
      expect(Buffer.concat([...part.pieces()])).toEqual(
        Buffer.from(WatchResponse.encode(WatchResponse.create({ events: wanted }))),
      );
      expect([...eachEvent([part])].map((event) => Buffer.from(event))).toEqual(
        wanted.map((event) => Buffer.from(event)),
      );
    }),
    { numRuns: 60 },
  );
});

test("a run ends where an event is left out, and where another log begins", () => {
  const log = new EventLog();
  const run = new EventRun(log, log.append(eventOf(1, 10)));
  log.append(eventOf(2, 10));
  expect(run.extended(log, log.append(eventOf(3, 10)))).toBe(undefined);
  expect(run.extended(new EventLog(), 1)).toBe(undefined);
  expect(run.count).toBe(1);
});
