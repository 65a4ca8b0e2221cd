import { describe, expect, test } from "vitest";
import type { WatchableStore } from "../../src/mvcc/index.js";
import { openEmpty, write } from "./fixture.js";
import { on, settled, TestSink, watchable } from "./watch-fixture.js";

describe("progress on request", () => {
  async function stream(): Promise<{
    watching: WatchableStore;
    sink: TestSink;
    put: () => void;
    revision: () => number;
  }> {
    const store = await openEmpty();
    const sink = new TestSink();
    return {
      watching: watchable(store),
      sink,
      put: () => write(store, { put: "a" }),
      revision: () => store.revision,
    };
  }

  test("is sent for the whole stream when all watchers are synced", async () => {
    const { watching, sink, put } = await stream();
    const watches = watching.newStream(sink);
    put();
    watches.watch(0n, on("b"));
    watches.watch(0n, on("c"));
    watches.requestProgress();
    expect(sink.take()).toEqual(["-1 progress 2"]);
  });

  test("is not sent without watchers", async () => {
    const { watching, sink } = await stream();
    const watches = watching.newStream(sink);
    watches.requestProgress();
    watches.watch(0n, on("b"));
    watches.cancel(0n);
    watches.requestProgress();
    expect(sink.take()).toEqual([]);
  });

  test("is not sent if a watcher is unsynced, also not later", async () => {
    const { watching, sink, put } = await stream();
    put();
    const watches = watching.newStream(sink);
    watches.watch(0n, on("b"));
    watches.watch(0n, on("c", { startRevision: 1 }));
    watches.requestProgress();
    await settled(watching);
    expect(sink.take()).toEqual([]);
    watches.requestProgress();
    expect(sink.take()).toEqual(["-1 progress 2"]);
  });

  test("is not sent before the start of a watcher with a future revision", async () => {
    const { watching, sink, put } = await stream();
    const watches = watching.newStream(sink);
    watches.watch(0n, on("b", { startRevision: 2 }));
    watches.requestProgress();
    expect(sink.take()).toEqual([]);
    put();
    watches.requestProgress();
    expect(sink.take()).toEqual(["-1 progress 2"]);
  });
});

describe("automatic progress", () => {
  test("is sent to watchers that want it and got nothing since the last round", async () => {
    const store = await openEmpty();
    const watching = watchable(store);
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    stream.watch(0n, on("a", { progressNotify: true }));
    stream.watch(0n, on("b", { progressNotify: true }));
    stream.watch(0n, on("c"));
    stream.watch(0n, on("d", { progressNotify: true, startRevision: 99 }));
    write(store, { put: "a", value: "1" });
    stream.notifyProgress();
    expect(sink.take()).toEqual(["0 at 2: a=1@2", "1 progress 2"]);
    stream.notifyProgress();
    expect(sink.take()).toEqual(["0 progress 2", "1 progress 2"]);
    stream.cancel(0n);
    stream.notifyProgress();
    expect(sink.take()).toEqual(["1 progress 2"]);
  });

  test("is sent also if filters dropped all events", async () => {
    const store = await openEmpty();
    const sink = new TestSink();
    const stream = watchable(store).newStream(sink);
    stream.watch(0n, on("a", { progressNotify: true, noPut: true }));
    write(store, { put: "a" });
    stream.notifyProgress();
    expect(sink.take()).toEqual(["0 progress 2"]);
  });

  test("waits for room, and then has the revision of that moment", async () => {
    const store = await openEmpty();
    const watching = watchable(store);
    const sink = new TestSink();
    const stream = watching.newStream(sink);
    for (const key of ["a", "b", "c"]) stream.watch(0n, on(key, { progressNotify: true }));
    sink.room = 1;
    stream.notifyProgress();
    expect(sink.take()).toEqual(["0 progress 1"]);
    write(store, { put: "b", value: "1" });
    sink.room = 9;
    stream.resume();
    expect(sink.take()).toEqual(["2 progress 2"]);
    await settled(watching);
    expect(sink.take()).toEqual(["1 at 2: b=1@2"]);
  });
});
