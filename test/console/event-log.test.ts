import { expect, test } from "vitest";
import type { WatchEvent } from "../../src/console/api/watch.js";
import { EventLog, filtered, rateSeconds } from "../../src/console/views/live/event-log.js";

test("the log keeps the newest events, and says how many are gone", () => {
  const log = new EventLog({ events: 3, bytes: 1_000 });
  log.add(
    [1, 2].map((at) => event(`k${at}`)),
    0,
  );
  log.add(
    [3, 4, 5].map((at) => event(`k${at}`)),
    0,
  );
  expect(log.events.map(({ kv }) => kv.key)).toEqual(["k3", "k4", "k5"]);
  expect([log.total, log.dropped]).toEqual([5, 2]);
});

test("the log is bounded in bytes: a large event drives out older ones, and one beyond the bound is not kept", () => {
  const log = new EventLog({ events: 100, bytes: 100 });
  log.add([event("a", 40), event("b", 40)], 0);
  expect(log.bytes).toBe(82);
  log.add([event("c", 50)], 0);
  expect(log.events.map(({ kv }) => kv.key)).toEqual(["b", "c"]);
  expect(log.bytes).toBe(92);
  log.add([event("d", 200)], 0);
  expect([log.events, log.bytes, log.total]).toEqual([[], 0, 4]);
});

test("the value before a change counts, too", () => {
  const log = new EventLog({ events: 100, bytes: 100 });
  const changed = event("a", 10);
  log.add([{ ...changed, prevKv: { ...changed.kv, value: "v".repeat(20) } }], 0);
  expect(log.bytes).toBe(31);
});

test("rates are events per whole second of the last minute, without the second under way", () => {
  const log = new EventLog();
  log.add([event("a")], 1_000);
  log.add([event("b")], 1_999);
  log.add([event("c")], 2_000);
  log.add([event("d")], 3_000);
  expect(log.rates(3_500).slice(-3)).toEqual([0, 2, 1]);
  expect(log.rates(3_500)).toHaveLength(rateSeconds);
  expect(log.rates(1_000_000)).toEqual(Array.from({ length: rateSeconds }, () => 0));
});

test("a cleared log is empty, and goes on", () => {
  const log = new EventLog();
  log.add([event("a", 5)], 0);
  log.clear();
  expect([log.events, log.bytes, log.total, log.dropped]).toEqual([[], 0, 0, 0]);
  log.add([event("b")], 0);
  expect(log.total).toBe(1);
});

const all = { text: "", type: "all" } as const;

for (const { name, filter, want } of [
  { name: "shows all events at first", filter: all, want: ["App/1", "app/2", "other"] },
  { name: "finds a part of the key in any case", filter: { ...all, text: "APP/" }, want: ["App/1", "app/2"] },
  { name: "can leave out puts", filter: { ...all, type: "delete" as const }, want: ["app/2"] },
  { name: "can leave out deletions", filter: { ...all, type: "put" as const }, want: ["App/1", "other"] },
]) {
  test(`the filter ${name}`, () => {
    const events = [event("App/1"), { ...event("app/2"), type: "delete" as const }, event("other")];
    const logged = events.map((one) => ({ ...one, atMs: 0 }));
    expect(filtered(logged, filter, (key) => key).map(({ kv }) => kv.key)).toEqual(want);
  });
}

function event(key: string, valueBytes = 0): WatchEvent {
  const value = "v".repeat(valueBytes);
  return { type: "put", kv: { key, value, createRevision: 2, modRevision: 2, version: 1, lease: "0" } };
}
