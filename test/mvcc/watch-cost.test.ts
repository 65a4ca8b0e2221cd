import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { openEmpty, write } from "./fixture.js";
import { on, readingWith, settled, TestSink, watchable } from "./watch-fixture.js";

const name = (at: number): string => `k${String(at).padStart(6, "0")}`;

test("an event is encoded once for all its watchers, and once more for those with prevKv", async () => {
  const store = await openEmpty();
  write(store, { put: "a" });
  const sink = new TestSink();
  const watching = watchable(store);
  for (let at = 0; at < 100; at++) watching.newStream(sink).watch(0n, on("a", { prevKv: at % 2 === 0 }));
  for (let at = 0; at < 100; at++) watching.newStream(sink).watch(0n, on("\0", { end: "\0" }));
  write(store, { put: "a" });
  const encodings = new Set(sink.notices.map((notice) => notice.kind === "events" && notice.events[0]));
  expect([sink.notices.length, encodings.size]).toEqual([200, 2]);
});

for (const { name: how, startRevision, writes } of [
  { name: "catch up on the same changes", startRevision: 2, writes: 0 },
  { name: "are told of the same transaction", startRevision: 0, writes: 1 },
]) {
  test(`watchers that ${how} share one list of events`, async () => {
    const store = await openEmpty();
    for (let at = 0; at < 3; at++) write(store, { put: "a" });
    const sink = new TestSink();
    const watching = watchable(store);
    for (let at = 0; at < 100; at++) watching.newStream(sink).watch(0n, on("a", { end: "c", startRevision }));
    for (let at = 0; at < 100; at++) {
      watching.newStream(sink).watch(0n, on("a", { end: "c", startRevision, prevKv: true }));
    }
    for (let at = 0; at < writes; at++) write(store, { put: "a" }, { put: "b" }, { put: "bb" });
    await settled(watching);
    expect([sink.notices.length, sink.lists.size]).toEqual([200, 2]);
    expect([...sink.lists].map((list) => list.length)).toEqual([3, 3]);
  });
}

test("unsynced watchers at many different revisions share the reads of history", async () => {
  const store = await openEmpty();
  for (let at = 0; at < 3_000; at++) write(store, { put: name(at) });
  let reads = 0;
  const counted: typeof store.changesFrom = (...query) => {
    reads++;
    return store.changesFrom(...query);
  };
  const watching = watchable(readingWith(store, counted));
  const sink = new TestSink();
  const stream = watching.newStream(sink);
  for (let at = 0; at < 1_000; at++) stream.watch(0n, on(name(2_999), { startRevision: 3_001 - 3 * at }));
  await settled(watching);
  expect([sink.notices.length, reads]).toEqual([1_000, 3]);
});

test("watchers whose clients read one notice at a time read the history once, and ahead", async () => {
  const store = await openEmpty();
  for (let at = 0; at < 6_000; at++) write(store, { put: name(at) });
  let reads = 0;
  const counted: typeof store.changesFrom = (...query) => {
    reads++;
    return store.changesFrom(...query);
  };
  const watching = watchable(readingWith(store, counted));
  const clients = Array.from({ length: 5 }, () => {
    const sink = new TestSink();
    sink.room = 1;
    const stream = watching.newStream(sink);
    stream.watch(0n, on("k", { end: "l", startRevision: 2 }));
    return { sink, stream };
  });
  const heard = (): number => clients.reduce((sum, { sink }) => sum + sink.notices.length, 0);
  for (let turn = 0; turn < 10_000 && heard() < 5; turn++) await nextTurn();
  // The second part of the history is read while the first one is sent.
  expect([heard(), reads]).toEqual([5, 2]);
  for (let notices = 2; notices <= 6; notices++) {
    for (const { sink, stream } of clients) {
      sink.room = 1;
      stream.resume();
      for (let turn = 0; turn < 1_000 && sink.notices.length < notices; turn++) await nextTurn();
    }
  }
  for (const { sink, stream } of clients) {
    sink.room = 1;
    stream.resume();
  }
  await settled(watching);
  const events = ({ sink }: (typeof clients)[number]) =>
    sink.notices.reduce((sum, notice) => sum + (notice.kind === "events" ? notice.events.length : 0), 0);
  expect(clients.map(events)).toEqual(clients.map(() => 6_000));
  expect(reads).toBeLessThanOrEqual(7);
});

/** With a quadratic cost none of these tests would end in time. */
describe("100,000 watchers on one stream", () => {
  const count = 100_000;

  test("are created, notified and cancelled", async () => {
    const store = await openEmpty();
    const watching = watchable(store);
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    for (let at = 0; at < count; at++) stream.watch(0n, on("a", { progressNotify: true }));
    for (let at = 0; at < 1_000; at++) stream.requestProgress();
    stream.notifyProgress();
    write(store, { put: "a" });
    expect(sink.notices.length).toBe(2 * count + 1_000);
    for (let at = 0; at < count; at++) stream.cancel(BigInt(at));
    expect(watching.watcherCount).toBe(0);
  });

  test("catch up and get progress, even if a slow client reads few notices at a time", async () => {
    const store = await openEmpty();
    for (let at = 0; at < 10; at++) write(store, { put: "a" });
    const watching = watchable(store);
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    for (let at = 0; at < count; at++) stream.watch(0n, on("a", { startRevision: 2 }));
    let told = 0;
    while (told < 10 * count) {
      sink.room = 1_000;
      stream.resume();
      for (let turn = 0; turn < 100 && sink.room > 0; turn++) await nextTurn();
      for (const notice of sink.notices) told += notice.kind === "events" ? notice.events.length : 0;
      sink.notices = [];
    }
    expect(told).toBe(10 * count);
    sink.room = Number.POSITIVE_INFINITY;
    await settled(watching);
    stream.requestProgress();
    expect(sink.take()).toEqual(["-1 progress 11"]);
  });

  test("are ended by a compaction", async () => {
    const store = await openEmpty();
    write(store, { put: "a" });
    write(store, { put: "a" });
    await store.compact(3).done;
    const watching = watchable(store);
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    for (let at = 0; at < count; at++) stream.watch(0n, on("a", { startRevision: 2 }));
    await settled(watching);
    expect([sink.notices.length, watching.watcherCount]).toEqual([count, 0]);
  });

  test("are released with the stream", async () => {
    const store = await openEmpty();
    write(store, { put: "a" });
    const watching = watchable(store);
    const stream = watching.newStream(new TestSink());
    for (let at = 0; at < count; at++) stream.watch(0n, on(name(at), { startRevision: at % 2 === 0 ? 0 : 2 }));
    await nextTurn();
    stream.close();
    expect(watching.watcherCount).toBe(0);
  });
});
