import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { type EventBatch, eachEvent, type Store, type WatchSink } from "../../src/mvcc/index.js";
import { type Decoded, Event, EventType } from "../../src/wire/index.js";
import { heapBytesOf } from "../support/heap-bytes.js";
import { openEmpty, write } from "./fixture.js";
import { on, watchable } from "./watch-fixture.js";

// Tests what the events of a revision with very many changes take, and that none of them is lost.

const count = 20_000;
const name = (at: number): string => `key/${String(at).padStart(8, "0")}`;
const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Keeps the batches of its watchers, as a stream does whose client reads slowly. */
class Keeper implements WatchSink {
  readonly batches = new Map<bigint, EventBatch[]>();
  readonly hasRoom = true;

  hasRoomFor(): boolean {
    return true;
  }

  deliverEvents(watchId: bigint, _revision: number, batch: EventBatch): void {
    this.batches.set(watchId, [...(this.batches.get(watchId) ?? []), batch]);
  }

  deliver(): void {}

  closed(): void {}

  /** The last events of a watcher. */
  last(watchId: bigint): Decoded<Event>[] {
    const batch = this.batches.get(watchId)?.at(-1);
    return batch === undefined ? [] : Array.from(eachEvent(batch.events), (event) => Event.decode(event));
  }
}

async function openFilled(): Promise<Store> {
  const store = await openEmpty();
  for (let at = 0; at < count; at += 1_000) {
    write(store, ...Array.from({ length: 1_000 }, (_, each) => ({ put: name(at + each), value: `${at + each}` })));
  }
  return store;
}

function watching(store: Store) {
  const watched = watchable(store);
  closing.push(() => watched.close());
  const sink = new Keeper();
  return { sink, stream: watched.newStream(sink) };
}

const all = on("key/", { end: "key0" });

function expectDeletes(events: readonly Decoded<Event>[], withPrevKv: boolean): void {
  expect(events.map(({ kv }) => kv?.key)).toEqual(Array.from({ length: count }, (_, at) => name(at)));
  expect(new Set(events.map(({ type }) => type))).toEqual(new Set([EventType.DELETE]));
  const before = events.map(({ prevKv }) => prevKv && Buffer.from(prevKv.value).toString());
  expect(before).toEqual(Array.from({ length: count }, (_, at) => (withPrevKv ? `${at}` : undefined)));
}

test("the events of a delete of very many keys take next to nothing of the heap", async () => {
  const store = await openFilled();
  const { sink, stream } = watching(store);
  stream.watch(0n, all);
  stream.watch(0n, { ...all, prevKv: true });
  stream.watch(0n, { ...on(name(count / 2), { end: "key0" }), prevKv: true });
  const { heapBytes } = heapBytesOf(() => write(store, { del: ["key/", "key0"] }));
  expectDeletes(sink.last(0n), false);
  expectDeletes(sink.last(1n), true);
  expect(sink.last(2n).map(({ kv }) => kv?.key)).toEqual(
    sink
      .last(1n)
      .slice(count / 2)
      .map(({ kv }) => kv?.key),
  );
  // An object for each event would take several hundred.
  expect(heapBytes / count).toBeLessThan(100);
});

test("a watcher from before such a delete gets all of its events, which take next to nothing of the heap", async () => {
  const store = await openFilled();
  const from = store.revision + 1;
  write(store, { del: ["key/", "key0"] });
  const usedBytes = (): number => {
    heapBytesOf(() => undefined);
    return process.memoryUsage().heapUsed;
  };
  const { sink, stream } = watching(store);
  const before = usedBytes();
  stream.watch(0n, { ...all, startRevision: from, prevKv: true });
  stream.watch(0n, { ...all, startRevision: from });
  while (sink.batches.size < 2) await nextTurn();
  // This includes the history that the member keeps. An object for each event would take several hundred.
  expect((usedBytes() - before) / count).toBeLessThan(250);
  expectDeletes(sink.last(0n), true);
  expectDeletes(sink.last(1n), false);
});
