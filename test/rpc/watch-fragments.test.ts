import fc from "fast-check";
import { expect, test } from "vitest";
import { fragmentsOf } from "../../src/rpc/watch-fragments.js";
import { Event, EventType, KeyValue, WatchResponse } from "../../src/wire/index.js";

function response(valueSizes: readonly number[]): WatchResponse {
  const events = valueSizes.map((size, at) =>
    Event.encode({
      type: EventType.PUT,
      kv: KeyValue.create({
        key: `k${at}`,
        modRevision: 5,
        createRevision: 5,
        version: 1,
        value: new Uint8Array(size),
      }),
      prevKv: undefined,
    }),
  );
  return WatchResponse.create({
    header: { clusterId: 1n, memberId: 2n, revision: 5, raftTerm: 3 },
    watchId: 7n,
    events,
  });
}

/** Cut the slow way: by encoding what would be sent. */
function* cut(whole: WatchResponse, bytesMax: number): Generator<number> {
  if (WatchResponse.encode(whole).length < bytesMax || whole.events.length < 2) {
    yield whole.events.length;
    return;
  }
  for (let from = 0; from < whole.events.length; ) {
    let to = from + 1;
    const size = (end: number) =>
      WatchResponse.encode({ ...whole, fragment: true, events: whole.events.slice(from, end) }).length;
    while (to < whole.events.length && size(to + 1) < bytesMax) to++;
    yield to - from;
    from = to;
  }
}

test("fragments are cut where their encoded length reaches the limit", () => {
  const sizes = fc.array(fc.oneof(fc.nat(300), fc.nat(5_000)), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 12_000 }), (valueSizes, bytesMax) => {
      const whole = response(valueSizes);
      const parts = [...fragmentsOf(whole, bytesMax)];
      expect(parts.map((part) => part.events.length)).toEqual([...cut(whole, bytesMax)]);
      expect(parts.flatMap((part) => part.events).every((event, at) => event === whole.events[at])).toBe(true);
      expect(parts.map((part) => part.fragment)).toEqual(parts.map((_, at) => at < parts.length - 1));
    }),
  );
});
