import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { WatchableStore, type WatchOptions } from "../../src/mvcc/index.js";
import { openEmpty, type Write, write } from "./fixture.js";
import { on, readingWith, settled, TestSink, watchable } from "./watch-fixture.js";

/** The writes of revisions 2 to 5. */
const past: readonly Write[] = [
  { put: "a", value: "1" },
  { put: "b", value: "2" },
  { put: "a", value: "3" },
  { del: "a" },
];
/** The writes of revision 6. */
const next: readonly Write[] = [
  { put: "a", value: "4" },
  { put: "c", value: "5" },
];

describe("after a put of a, b, a and a delete of a (2 to 5), a put of a and c (6)", () => {
  for (const { name, watch, want } of [
    { name: "a key from now on", watch: on("a"), want: ["0 at 6: a=4@6"] },
    { name: "a range from now on", watch: on("a", { end: "d" }), want: ["0 at 6: a=4@6 c=5@6"] },
    { name: "all keys from a key on", watch: on("b", { end: "\0" }), want: ["0 at 6: c=5@6"] },
    { name: "a range without its end", watch: on("a", { end: "c" }), want: ["0 at 6: a=4@6"] },
    { name: "a key that does not change", watch: on("x"), want: [] },
    {
      name: "a key from the past",
      watch: on("a", { startRevision: 1 }),
      want: ["0 at 5: a=1@2 a=3@4 -a@5", "0 at 6: a=4@6"],
    },
    {
      name: "a range from the middle of the past",
      watch: on("a", { end: "\0", startRevision: 3 }),
      want: ["0 at 5: b=2@3 a=3@4 -a@5", "0 at 6: a=4@6 c=5@6"],
    },
    {
      name: "from the current revision",
      watch: on("a", { startRevision: 5 }),
      want: ["0 at 5: -a@5", "0 at 6: a=4@6"],
    },
    { name: "from the next revision", watch: on("a", { startRevision: 6 }), want: ["0 at 6: a=4@6"] },
    { name: "from a later revision", watch: on("a", { startRevision: 7 }), want: [] },
    {
      name: "no puts",
      watch: on("a", { end: "d", startRevision: 2, noPut: true }),
      want: ["0 at 5: -a@5"],
    },
    {
      name: "no deletes",
      watch: on("a", { startRevision: 3, noDelete: true }),
      want: ["0 at 5: a=3@4", "0 at 6: a=4@6"],
    },
    { name: "neither puts nor deletes", watch: on("a", { startRevision: 2, noPut: true, noDelete: true }), want: [] },
    {
      name: "previous pairs, but not for a new key",
      watch: on("a", { end: "\0", startRevision: 2, prevKv: true }),
      want: ["0 at 5: a=1@2 b=2@3 a=3@4(was 1@2) -a@5(was 3@4)", "0 at 6: a=4@6 c=5@6"],
    },
  ]) {
    test(`a watcher gets ${name}`, async () => {
      const store = await openEmpty();
      for (const one of past) write(store, one);
      const watching = watchable(store);
      const sink = new TestSink();
      expect(watching.newStream(sink).watch(0n, watch)).toEqual({ kind: "created", id: 0n });
      await settled(watching);
      write(store, ...next);
      expect(sink.take()).toEqual(want);
    });
  }
});

test("a watcher with a future revision gets all events from it on and none before", async () => {
  const store = await openEmpty();
  const watching = watchable(store);
  const sink = new TestSink();
  watching.newStream(sink).watch(0n, on("a", { startRevision: 4 }));
  for (const value of ["1", "2", "3", "4"]) write(store, { put: "a", value });
  expect(sink.take()).toEqual(["0 at 4: a=3@4", "0 at 5: a=4@5"]);
});

for (const { start, want, later } of [
  { start: 4, want: ["0 at 5: a=4@4 a=5@5", "-1 progress 5"], later: ["0 at 6: a=6@6"] },
  { start: 6, want: [], later: ["0 at 6: a=6@6"] },
  { start: 7, want: [], later: [] },
]) {
  test(`after a snapshot of revision 5 a watcher from revision ${start} hears of nothing earlier`, async () => {
    const [store, other] = [await openEmpty(), await openEmpty()];
    for (let revision = 2; revision <= 5; revision++) write(other, { put: "a", value: `${revision}` });
    write(store, { put: "a", value: "2" });
    const watching = watchable(store);
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    stream.watch(0n, on("a", { startRevision: start, progressNotify: true }));
    const before = store.revision;
    await store.replaceWith(other);
    watching.restored(before);
    await settled(watching);
    stream.requestProgress();
    stream.notifyProgress();
    expect(sink.take()).toEqual(want);
    write(store, { put: "a", value: "6" });
    expect(sink.take()).toEqual(later);
    write(store, { put: "a", value: "7" });
    expect(sink.take()).toEqual(["0 at 7: a=7@7"]);
  });
}

test("events of writes during the catch-up are sent once, after the past", async () => {
  const store = await openEmpty();
  for (let value = 2; value <= 1_500; value++) write(store, { put: "a", value: `${value}` });
  const watching = watchable(store);
  const sink = new TestSink();
  watching.newStream(sink).watch(0n, on("a", { startRevision: 2 }));
  let value = 1_500;
  do {
    await nextTurn();
    write(store, { put: "a", value: `${++value}` });
  } while (watching.slowWatcherCount > 0);
  const told = sink.take().flatMap((line) => line.split(": ")[1]?.split(" ") ?? []);
  expect(told).toEqual(Array.from({ length: value - 1 }, (_, at) => `a=${at + 2}@${at + 2}`));
});

describe("compaction", () => {
  const ofA = (startRevision: number, more: Partial<WatchOptions> = {}) => on("a", { startRevision, ...more });

  for (const { name, watch, want } of [
    { name: "ends a watcher that begins before it", watch: ofA(3), want: ["0 compacted at 4"] },
    { name: "keeps a watcher that begins at it", watch: ofA(4), want: ["0 at 6: a=3@4 -a@5 a=4@6"] },
    {
      name: "removes the previous pair, but not the event",
      watch: ofA(4, { prevKv: true }),
      want: ["0 at 6: a=3@4 -a@5(was 3@4) a=4@6"],
    },
  ]) {
    test(name, async () => {
      const store = await openEmpty();
      for (const one of past) write(store, one);
      write(store, ...next);
      await store.compact(4).done;
      const watching = watchable(store);
      const sink = new TestSink();
      watching.newStream(sink).watch(0n, watch);
      await settled(watching);
      expect(sink.take()).toEqual(want);
    });
  }

  test("keeps the delete that it lands on", async () => {
    const store = await openEmpty();
    for (const one of past) write(store, one);
    await store.compact(5).done;
    const watching = watchable(store);
    const sink = new TestSink();
    watching.newStream(sink).watch(0n, ofA(5));
    await settled(watching);
    expect(sink.take()).toEqual(["0 at 5: -a@5"]);
  });

  for (const recentChangesMax of [0, 1_000]) {
    const place = recentChangesMax === 0 ? "on disk" : "in memory";
    test(`hides a compacted previous pair, also if the change is read ${place}`, async () => {
      const store = await openEmpty();
      const watching = watchable(store, recentChangesMax);
      for (const one of past) write(store, one);
      await store.compact(5).done;
      const sink = new TestSink();
      watching.newStream(sink).watch(0n, ofA(5, { prevKv: true }));
      await settled(watching);
      expect(sink.take()).toEqual(["0 at 5: -a@5"]);
    });
  }

  test("at the current revision keeps the pair that the next change replaces", async () => {
    const store = await openEmpty();
    for (const one of past.slice(0, 3)) write(store, one);
    const watching = watchable(store);
    const sink = new TestSink();
    watching.newStream(sink).watch(0n, on("a", { prevKv: true }));
    await store.compact(4).done;
    write(store, { del: "a" });
    expect(sink.take()).toEqual(["0 at 5: -a@5(was 3@4)"]);
  });

  test("does not affect synced watchers", async () => {
    const store = await openEmpty();
    const watching = watchable(store);
    const sink = new TestSink();
    watching.newStream(sink).watch(0n, on("a"));
    write(store, { put: "b" });
    write(store, { put: "b" });
    await store.compact(3).done;
    write(store, { put: "a", value: "1" });
    expect(sink.take()).toEqual(["0 at 4: a=1@4"]);
  });

  test("during a read of history ends the watcher without a gap in its events", async () => {
    const store = await openEmpty();
    for (const one of past) write(store, one);
    let compact = () => undefined as unknown;
    const watching = watchable(
      readingWith(store, async (...query) => {
        const read = await store.changesFrom(...query);
        compact();
        return read;
      }),
    );
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    compact = () => store.compactedRevision < 4 && store.compact(4);
    stream.watch(0n, ofA(2));
    stream.watch(0n, ofA(4));
    await settled(watching);
    expect(sink.take()).toEqual(["0 compacted at 4", "1 at 5: a=3@4 -a@5"]);
  });

  test("of events that a stalled watcher still needs ends it when there is room for the notice", async () => {
    const store = await openEmpty();
    const watching = watchable(store);
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    stream.watch(0n, on("a"));
    sink.room = 0;
    write(store, { put: "a" });
    write(store, { put: "a" });
    write(store, { put: "a" });
    await store.compact(4).done;
    expect(sink.take()).toEqual([]);
    sink.room = 1;
    stream.resume();
    await settled(watching);
    write(store, { put: "a" });
    expect(sink.take()).toEqual(["0 compacted at 4"]);
    expect([watching.watcherCount, stream.cancel(0n), stream.cancel(0n)]).toEqual([0, 1, undefined]);
  });
});

describe("a client that does not read", () => {
  test("loses no event, delays no other client, and gets the rest when it reads again", async () => {
    const store = await openEmpty();
    const watching = watchable(store);
    const slow = new TestSink();
    const stream = watching.newStream(slow);
    const quick = new TestSink();
    stream.watch(0n, on("a"));
    watching.newStream(quick).watch(0n, on("a"));
    slow.room = 1;
    for (const value of ["1", "2", "3"]) write(store, { put: "a", value });
    await nextTurn();
    expect(quick.take()).toEqual(["0 at 2: a=1@2", "0 at 3: a=2@3", "0 at 4: a=3@4"]);
    expect(slow.take()).toEqual(["0 at 2: a=1@2"]);
    slow.room = 10;
    stream.resume();
    await settled(watching);
    expect(slow.take()).toEqual(["0 at 4: a=2@3 a=3@4"]);
    write(store, { put: "a", value: "4" });
    expect(slow.take()).toEqual(["0 at 5: a=4@5"]);
  });

  test("becomes a victim again when it stops during the catch-up", async () => {
    const store = await openEmpty();
    for (let at = 0; at < 2_500; at++) write(store, { put: "a", value: `${at}` });
    const watching = watchable(store);
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    stream.watch(0n, on("a", { startRevision: 2 }));
    const heard: number[] = [];
    for (let round = 0; round < 3; round++) {
      sink.room = 1;
      stream.resume();
      for (let turn = 0; turn < 200 && sink.room > 0; turn++) await nextTurn();
      for (const notice of sink.notices) heard.push(notice.kind === "events" ? notice.events.length : 0);
      sink.take();
    }
    expect(heard).toEqual([1_000, 1_000, 500]);
    await settled(watching);
  });
});

describe("ids", () => {
  test("are counted from 0, skip ids that clients chose, and are not reused", async () => {
    const stream = watchable(await openEmpty()).newStream(new TestSink());
    const ids = [0n, 2n, 0n, 0n, 0n].map((id) => stream.watch(id, on("a")));
    expect(ids.map((answer) => answer.kind === "created" && answer.id)).toEqual([0n, 2n, 1n, 3n, 4n]);
    stream.cancel(1n);
    expect(stream.watch(0n, on("a"))).toEqual({ kind: "created", id: 5n });
  });

  test("that are in use are refused until the watcher is cancelled", async () => {
    const stream = watchable(await openEmpty()).newStream(new TestSink());
    stream.watch(42n, on("a"));
    const reason = "mvcc: duplicate watch ID provided on the WatchStream";
    expect(stream.watch(42n, on("b"))).toEqual({ kind: "refused", reason });
    stream.cancel(42n);
    expect(stream.watch(42n, on("b"))).toEqual({ kind: "created", id: 42n });
  });

  for (const [key, end] of [
    ["b", "a"],
    ["b", "b"],
  ] as const) {
    test(`are not given for the empty range ${key} to ${end}`, async () => {
      const stream = watchable(await openEmpty()).newStream(new TestSink());
      expect(stream.watch(0n, on(key, { end }))).toEqual({ kind: "refused", reason: "mvcc: watcher range is empty" });
    });
  }
});

test("a closed stream leaves no watchers in any group", async () => {
  const store = await openEmpty();
  for (let at = 0; at < 10; at++) write(store, { put: "a" });
  const watching = watchable(store);
  const sink = new TestSink();
  const stream = watching.newStream(sink);
  stream.watch(0n, on("a"));
  stream.watch(0n, on("b"));
  sink.room = 0;
  write(store, { put: "a" });
  stream.watch(0n, on("a", { startRevision: 2 }));
  expect([watching.streamCount, watching.watcherCount, watching.slowWatcherCount]).toEqual([1, 3, 2]);
  stream.close();
  expect([watching.streamCount, watching.watcherCount, watching.slowWatcherCount]).toEqual([0, 0, 0]);
  await nextTurn();
  write(store, { put: "b" });
  expect(sink.take()).toEqual([]);
});

test("a watcher that is cancelled during the catch-up gets no more events", async () => {
  const store = await openEmpty();
  for (let at = 0; at < 2_500; at++) write(store, { put: "a" });
  const watching = watchable(store);
  const sink = new TestSink();
  const stream = watching.newStream(sink);
  stream.watch(0n, on("a", { startRevision: 2 }));
  while (sink.notices.length === 0) await nextTurn();
  stream.cancel(0n);
  for (let turn = 0; turn < 20; turn++) await nextTurn();
  expect(sink.notices.length).toBe(1);
});

test("closing the store ends its streams, also one that is opened later", async () => {
  const watching = watchable(await openEmpty());
  const [before, after] = [new TestSink(), new TestSink()];
  watching.newStream(before);
  watching.close();
  watching.newStream(after);
  expect([before.isClosed, after.isClosed, watching.streamCount]).toEqual([true, true, 0]);
});

test("an error while reading history stops the member", async () => {
  const store = await openEmpty();
  write(store, { put: "a" });
  const failures: unknown[] = [];
  const unreadable = readingWith(store, () => Promise.reject(new Error("disk")));
  const watching = new WatchableStore(unreadable, { onFailure: (error) => failures.push(error) });
  watching.newStream(new TestSink()).watch(0n, on("a", { startRevision: 2 }));
  while (failures.length === 0) await nextTurn();
  expect(failures).toEqual([new Error("disk")]);
});
