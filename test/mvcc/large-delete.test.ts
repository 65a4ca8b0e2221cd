import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { Backend } from "../../src/backend/index.js";
import type { Change, Store } from "../../src/mvcc/index.js";
import { WatchedRanges } from "../../src/mvcc/watchers/watched-ranges.js";
import { KeyValue } from "../../src/wire/index.js";
import { heapBytesOf } from "../support/heap-bytes.js";
import { openBackend, openOver, show, write } from "./fixture.js";
import { on, TestSink, watchable } from "./watch-fixture.js";

const name = (at: number): string => `key/${String(at).padStart(8, "0")}`;
const count = 20_000;

async function openFilled() {
  const backend = await openBackend();
  const store = await openOver(backend, { cacheBytesMax: 1024 * 1024 });
  for (let at = 0; at < count; at += 1_000) {
    write(store, ...Array.from({ length: 1_000 }, (_, each) => ({ put: name(at + each), value: `${at + each}` })));
  }
  await backend.commit();
  return { backend, store };
}

test("a delete of very many keys takes next to nothing of the heap, and one revision", async () => {
  const { backend, store } = await openFilled();
  const before = store.revision;
  const told: [revision: number, keys: number][] = [];
  store.onChanges((revision, changes) => told.push([revision, changes.deletes]));
  backend.hold();
  const { made: txn, heapBytes } = heapBytesOf(() => {
    const txn = store.beginWrite();
    expect(txn.deleteRange("key/", "key0")).toBe(count);
    return txn;
  });
  // Nobody sees a part of it.
  expect([store.revision, store.keyCount]).toEqual([before, count]);
  expect(show(store, 0, name(7), "")).toEqual([`${name(7)}=7 2/2/1`]);
  txn.end();
  backend.release();
  expect([store.revision, store.keyCount, told]).toEqual([before + 1, 0, [[before + 1, count]]]);
  expect(show(store, before, name(count - 1), "")).toHaveLength(1);
  expect(heapBytes / count).toBeLessThan(100);
  await backend.commit();
  const again = await openOver(backend);
  expect([again.revision, again.keyCount]).toEqual([before + 1, 0]);
});

test("the changes of a large write are told in their order, whatever they are", async () => {
  const { store } = await openFilled();
  const told: Change[] = [];
  store.onChanges((_, changes) => told.push(...changes));
  const half = name(count / 2);
  write(store, { put: "first" }, { del: ["key/", half] }, { put: name(1) }, { put: "x" }, { del: [half, "key0"] });
  const { revision } = store;
  const keys = ["first", ...Array.from({ length: count / 2 }, (_, at) => name(at)), name(1), "x"];
  for (let at = count / 2; at < count; at++) keys.push(name(at));
  expect(told.map(({ key }) => key)).toEqual(keys);
  expect(told.filter(({ type }) => type === "put").map(({ key }) => key)).toEqual(["first", name(1), "x"]);
  expect(new Set(told.map(({ modRevision }) => modRevision))).toEqual(new Set([revision]));
});

/** Keys of all kinds: with older versions, deleted, put again, with a lease, with a long name. */
async function openMixed(): Promise<{ backend: Backend; store: Store }> {
  const backend = await openBackend();
  const store = await openOver(backend);
  const all = Array.from({ length: 4_000 }, (_, at) => at);
  const some = (each: number) => all.filter((at) => at % each === 0);
  write(store, ...all.map((at) => ({ put: name(at), value: `${at}` })));
  write(store, ...some(3).map((at) => ({ put: name(at), value: "newer", lease: at % 2 === 0 ? 7n : 0n })));
  write(store, ...some(5).map((at) => ({ del: name(at) })));
  write(store, ...some(10).map((at) => ({ put: name(at), value: "again" })));
  write(store, ...[100, 127, 128, 200, 16_384, 40_000].map((length) => ({ put: `key/00001000${"x".repeat(length)}` })));
  return { backend, store };
}

const low = name(500);
const high = name(3_500);

async function deletedOneByOne() {
  const { backend, store } = await openMixed();
  const txn = store.beginWrite();
  txn.put("first", Buffer.from("1"), 0n);
  const { kvs } = store.range(low, high, { keysOnly: true });
  for (const kv of kvs) txn.deleteRange(KeyValue.decode(kv).key, "");
  txn.put("last", Buffer.from("2"), 0n);
  txn.end();
  await backend.commit();
  return { backend, store, deleted: kvs.length };
}

async function stateOf(backend: Backend, store: Store) {
  const rows: string[] = [];
  for await (const batch of backend.batches("key")) {
    for (const [key, value] of batch) rows.push(Buffer.concat([key, value]).toString("latin1"));
  }
  const view = backend.view();
  const sizes = view.sizeOf("key");
  await view.close();
  return { rows, sizes, keys: store.keyCount, now: show(store), before: show(store, store.revision - 1) };
}

test("a large delete leaves the same bytes as a delete of each key, wherever its steps are cut", async () => {
  const one = await deletedOneByOne();
  await one.store.compact(3).done;
  await one.backend.commit();
  const wanted = await stateOf(one.backend, one.store);
  for (const every of [1, 3, Number.POSITIVE_INFINITY]) {
    const { backend, store } = await openMixed();
    const compacted = store.compact(3);
    let asked = 0;
    const budget = { over: () => ++asked % every === 0 };
    const told: Change[] = [];
    store.onChanges((_, changes) => told.push(...changes));
    backend.hold();
    const txn = store.beginWrite();
    txn.put("first", Buffer.from("1"), 0n);
    const steps = txn.deleteInSteps(low, high, budget);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) await nextTurn();
    expect(step.value).toBe(one.deleted);
    expect(txn.range(low, high).count).toBe(0);
    txn.put("last", Buffer.from("2"), 0n);
    txn.end();
    backend.release();
    await compacted.done;
    await backend.commit();
    expect(await stateOf(backend, store)).toEqual(wanted);
    expect(told.map(({ key }) => key)).toEqual([
      "first",
      ...told
        .slice(1, -1)
        .map(({ key }) => key)
        .sort(),
      "last",
    ]);
    expect(told.length).toBe(one.deleted + 2);
    // All keys of the lease are among the changes that leases are told.
    const leased = [...txn.changes.ofLeases()].map(({ key }) => key);
    for (let at = 504; at < 3_500; at += 6) if (at % 5 !== 0) expect(leased).toContain(name(at));
    // The index that is read from the disk is the one that is in memory.
    const again = await openOver(backend);
    expect(show(again)).toEqual(wanted.now);
  }
});

test("a large delete that concerns no lease tells leases of no key", async () => {
  const { store } = await openFilled();
  const txn = store.beginWrite();
  txn.put("kept", Buffer.from("1"), 7n);
  txn.deleteRange("key/", "key0");
  txn.end();
  expect([...txn.changes.ofLeases()].map(({ key }) => key)).toEqual(["kept"]);
});

test("watchers get the events of their keys in a large delete, and the other keys cost nothing", async () => {
  const { store } = await openFilled();
  const watching = watchable(store);
  const watched: [key: string, end: string, count: number][] = [
    [name(5_000), "", 1],
    [name(9_998), name(10_003), 5],
    [name(count - 1), "\0", 1],
    ["another", "", 0],
    ["a", "b", 0],
    ["key0", "\0", 0],
  ];
  const sinks = watched.map(([key, end]) => {
    const sink = new TestSink();
    watching.newStream(sink).watch(0n, on(key, { end, prevKv: true }));
    return sink;
  });
  const looked = vi.spyOn(WatchedRanges.prototype, "around");
  write(store, { del: ["key/", "key0"] });
  // The rest of the keys are in runs that no watched range meets.
  expect(looked.mock.calls.length).toBeLessThan(count);
  looked.mockRestore();
  const { revision } = store;
  const event = (at: number) => `-${name(at)}@${revision}(was ${at}@${at < 1_000 ? 2 : 2 + Math.floor(at / 1_000)})`;
  for (const [at, [key, , length]] of watched.entries()) {
    const first = Number(key.slice(4));
    const events = Array.from({ length }, (_, each) => event(first + each));
    expect(sinks[at]?.take()).toEqual(length === 0 ? [] : [`0 at ${revision}: ${events.join(" ")}`]);
  }
});

test("a single watched key is found among the names of a run, and many keys may be in any run", () => {
  const ranges = new WatchedRanges();
  const held = ranges.hold("key/5", "");
  ranges.hold("m", "n");
  const meets = () =>
    [
      ["key/1", "key/4"],
      ["key/1", "key/5"],
      ["key/5", "key/6"],
      ["n", "o"],
      ["a", "m"],
    ].map(([first = "", last = ""]) => ranges.mayMeet(first, last));
  expect(meets()).toEqual([false, true, true, false, true]);
  ranges.release(held);
  expect(meets()).toEqual([false, false, false, false, true]);
  for (let at = 0; at < 1_025; at++) ranges.hold(`other ${at}`, "");
  expect(meets()).toEqual([true, true, true, true, true]);
});
