import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { allBuckets, type Backend } from "../../src/backend/index.js";
import { type Clock, EtcdError, ManualClock, systemClock } from "../../src/base/index.js";
import type { Change, PinnedRange, Store } from "../../src/mvcc/index.js";
import { KeyRecords } from "../../src/mvcc/keys/key-records.js";
import { revisionKey, tombstoneKey } from "../../src/mvcc/revision.js";
import { type Encoded, KeyValue } from "../../src/wire/index.js";
import { openBackend, openEmpty, openOver, show, showPair, type Write, write } from "./fixture.js";

/** All stored changes, as `main.sub[t] key`. */
async function stored(backend: Backend): Promise<string[]> {
  const found: string[] = [];
  for await (const rows of backend.batches("key")) {
    for (const [revision, value] of rows) {
      const bytes = Buffer.from(revision);
      const mark = bytes.subarray(17).toString();
      found.push(`${bytes.readBigUInt64BE(0)}.${bytes.readBigUInt64BE(9)}${mark} ${KeyValue.decode(value).key}`);
    }
  }
  return found;
}

/** Bytes of all rows, counted one by one, each with a byte for its bucket. */
async function storedBytes(backend: Backend): Promise<number> {
  let bytes = 0;
  for (const bucket of allBuckets) {
    for await (const rows of backend.batches(bucket)) {
      for (const [key, value] of rows) bytes += 1 + key.length + value.length;
    }
  }
  return bytes;
}

function meta(backend: Backend, name: string): string | undefined {
  const value = backend.get("meta", Buffer.from(name));
  return value === undefined ? undefined : Buffer.from(value).toString("hex");
}

test("an empty store is at revision 1, and nothing is compacted", async () => {
  const store = await openEmpty();
  expect([store.revision, store.compactedRevision, store.keyCount]).toEqual([1, -1, 0]);
  expect(store.range("a", "")).toEqual({ kvs: [], count: 0, revision: 1 });
});

test("the stored bytes are those of etcd: revision keys, pairs, and marked tombstones with the key only", async () => {
  const backend = await openBackend();
  const store = await openOver(backend);
  write(store, { put: "foo", value: "bar", lease: 5n }, { put: "zoo" });
  write(store, { del: "foo" });
  const rows: string[] = [];
  for await (const batch of backend.batches("key")) {
    for (const [key, value] of batch)
      rows.push(`${Buffer.from(key).toString("hex")} ${Buffer.from(value).toString("hex")}`);
  }
  expect(rows).toEqual([
    "00000000000000025f0000000000000000 0a03666f6f1002180220012a036261723005",
    "00000000000000025f0000000000000001 0a037a6f6f100218022001",
    "00000000000000035f000000000000000074 0a03666f6f",
  ]);
});

describe("a transaction", () => {
  test("reads its own writes, which others see at one revision after its end", async () => {
    const store = await openEmpty();
    write(store, { put: "a", value: "1" });
    const txn = store.beginWrite();
    expect([txn.revision, txn.range("a", "").revision]).toEqual([2, 2]);
    txn.put("a", Buffer.from("2"), 0n);
    txn.put("b", Buffer.from("1"), 0n);
    expect(show(txn)).toEqual(["a=2 2/3/2", "b=1 3/3/1"]);
    expect([txn.range("a", "").revision, txn.head("b")?.modRevision]).toEqual([3, 3]);
    expect(txn.deleteRange("a", "\0")).toBe(2);
    expect(show(txn)).toEqual([]);
    expect(show(txn, 2)).toEqual(["a=1 2/2/1"]);
    txn.put("c", Buffer.from("1"), 0n);
    txn.end();
    expect(store.revision).toBe(3);
    expect(show(store)).toEqual(["c=1 3/3/1"]);
  });

  test("without a change makes no revision", async () => {
    const store = await openEmpty();
    let told = 0;
    store.onChanges(() => told++);
    const txn = store.beginWrite();
    expect(txn.deleteRange("a", "\0")).toBe(0);
    txn.end();
    expect([store.revision, told]).toEqual([1, 0]);
  });

  test("reports its changes when they can be read, with deletes in key order", async () => {
    const store = await openEmpty();
    const told: [number, number, readonly Change[]][] = [];
    store.onChanges((revision, changes) => told.push([revision, store.revision, [...changes]]));
    write(store, { put: "b", value: "x", lease: -9n }, { put: "a" });
    write(store, { del: ["a", "c"] });
    expect(told.map(([revision, current]) => [revision, current])).toEqual([
      [2, 2],
      [3, 3],
    ]);
    const all = told.flatMap(([, , changes]) => changes);
    expect(
      all.map(({ type, key, modRevision, createRevision, version, leaseId }) => [
        type,
        key,
        modRevision,
        createRevision,
        version,
        leaseId,
      ]),
    ).toEqual([
      ["put", "b", 2, 2, 1, -9n],
      ["put", "a", 2, 2, 1, 0n],
      ["delete", "a", 3, 0, 0, 0n],
      ["delete", "b", 3, 0, 0, 0n],
    ]);
    expect(all.map(({ kv }) => showPair(KeyValue.decode(kv)))).toEqual([
      "b=x 2/2/1",
      "a= 2/2/1",
      "a= 0/3/0",
      "b= 0/3/0",
    ]);
    expect(all.map(({ previous }) => previous && showPair(KeyValue.decode(previous)))).toEqual([
      undefined,
      undefined,
      "a= 2/2/1",
      "b=x 2/2/1",
    ]);
    // The history has the same changes, but not the pairs that were in memory at the time.
    const read = (await store.changesFrom(2, 100)).changes;
    expect(read).toEqual(all.map((change) => ({ ...change, previous: undefined })));
  });

  test("excludes other transactions, and can be ended once", async () => {
    const store = await openEmpty();
    const txn = store.beginWrite();
    expect(() => store.beginWrite()).toThrow("one write ends");
    txn.end();
    expect(() => txn.end()).toThrow("ends once");
    expect(() => txn.put("a", Buffer.of(), 0n)).toThrow("before it ends");
  });
});

describe("range()", () => {
  for (const { name, key, end, want } of [
    { name: "one key", key: "b", end: "", want: "b" },
    { name: "a missing key", key: "bb", end: "", want: "" },
    { name: "a half open range", key: "a", end: "c", want: "a b" },
    { name: "all keys from a key on", key: "b", end: "\0", want: "b c d" },
    { name: "all keys", key: "\0", end: "\0", want: "a b c d" },
    { name: "nothing if the end is the key", key: "b", end: "b", want: "" },
    { name: "nothing if the end is before the key", key: "c", end: "a", want: "" },
  ]) {
    test(name, async () => {
      const store = await openEmpty();
      for (const put of ["d", "b", "a", "c"]) write(store, { put });
      const { kvs, count } = store.range(key, end);
      expect(kvs.map((kv) => KeyValue.decode(kv).key).join(" ")).toBe(want);
      expect(count).toBe(kvs.length);
      expect(await readOpened(store, key, end)).toEqual(kvs);
    });
  }

  test("an opened range always reads one state, whatever is written and compacted", async () => {
    const store = await openEmpty({ clock: hastyClock() });
    for (let at = 0; at < 200; at++) write(store, { put: String(at).padStart(3, "0") });
    const { kvs } = store.range("\0", "\0");
    const range = store.openRange("\0", "\0", 0);
    write(store, { del: ["\0", "\0"] });
    const { done } = store.compact(store.revision);
    write(store, { put: "150" }, { put: "new" });
    for (const from of ["000", "150"]) {
      expect(await readPinned(store, range, from)).toEqual(kvs.slice(Number(from)));
      expect(KeyValue.decode(range.get("007") ?? new Uint8Array(0)).key).toBe("007");
    }
    range.close();
    await done;
    expect(show(store)).toHaveLength(2);
  });
});

describe("the count of a range", () => {
  async function openThousand(): Promise<Store> {
    const store = await openEmpty();
    for (let at = 0; at < 1000; at++) write(store, { put: String(at).padStart(3, "0") });
    write(store, { del: "500" });
    return store;
  }

  test("at the current revision visits no key, and that of a limited list none behind its last pair", async () => {
    const store = await openThousand();
    const visited = vi.spyOn(KeyRecords.prototype, "visibleAt");
    expect(store.range("\0", "\0", { countOnly: true }).count).toBe(999);
    expect(store.range("400", "600", { countOnly: true, revision: store.revision }).count).toBe(199);
    expect(visited).not.toHaveBeenCalled();
    expect(store.range("400", "600", { limit: 10 })).toMatchObject({ count: 199, kvs: { length: 10 } });
    expect(visited).toHaveBeenCalledTimes(10);
    visited.mockRestore();
  });

  test("is that of the revision which is read, before, while and after a transaction changes keys", async () => {
    const store = await openThousand();
    const before = store.openRange("\0", "\0", 0);
    const txn = store.beginWrite();
    txn.deleteRange("000", "100");
    txn.put("500", Buffer.of(), 0n);
    expect(store.range("\0", "\0", { countOnly: true }).count).toBe(999);
    expect(txn.range("\0", "\0", { countOnly: true }).count).toBe(900);
    txn.end();
    expect(store.range("\0", "\0", { limit: 1 }).count).toBe(900);
    expect(store.range("\0", "\0", { countOnly: true, revision: 1001 }).count).toBe(1000);
    const scan = before.scan(0);
    scan.step(() => false);
    expect(scan.count).toBe(999);
    before.close();
  });
});

async function readOpened(store: Store, key: string, end: string): Promise<Encoded<KeyValue>[]> {
  const range = store.openRange(key, end, 0);
  try {
    return await readPinned(store, range);
  } finally {
    range.close();
  }
}

/** Collects the results of all steps, with a pause after each step. */
async function readPinned(store: Store, range: PinnedRange, from?: string): Promise<Encoded<KeyValue>[]> {
  const turns = store.turns();
  const scan = range.scan(Number.POSITIVE_INFINITY, from === undefined ? {} : { from });
  const kvs: Encoded<KeyValue>[] = [];
  while (!scan.done) {
    scan.step((bytes) => turns.over(bytes));
    kvs.push(...scan.take());
    await turns.rest();
  }
  return kvs;
}

/** A clock by which each turn is over at the first check. */
function hastyClock(): Clock {
  let now = 0;
  return { ...systemClock, now: () => (now += 1000) };
}

describe("compact()", () => {
  for (const { name, compacted, revision, want } of [
    { name: "accepts 0 on a new store, as in etcd", compacted: undefined, revision: 0, want: "taken" },
    { name: "refuses a negative revision", compacted: undefined, revision: -1, want: "compacted" },
    { name: "accepts the current revision", compacted: undefined, revision: 4, want: "taken" },
    { name: "refuses a future revision", compacted: undefined, revision: 5, want: "futureRevision" },
    { name: "refuses the same revision again", compacted: 3, revision: 3, want: "compacted" },
    { name: "refuses 0 after a compaction", compacted: 3, revision: 0, want: "compacted" },
    { name: "accepts a revision after the last compaction", compacted: 3, revision: 4, want: "taken" },
  ]) {
    test(name, async () => {
      const store = await openEmpty();
      for (const put of ["a", "b", "a"]) write(store, { put });
      if (compacted !== undefined) store.compact(compacted);
      let outcome = "taken";
      try {
        await store.compact(revision).done;
      } catch (error) {
        outcome = error instanceof EtcdError ? error.kind : String(error);
      }
      expect(outcome).toBe(want);
      expect(store.compactedRevision).toBe(want === "taken" ? revision : (compacted ?? -1));
    });
  }

  test("makes reads below it fail at once, and removes invisible changes", async () => {
    const backend = await openBackend();
    const store = await openOver(backend, { compactionBatch: 3 });
    write(store, { put: "a", value: "1" }, { put: "b" }, { put: "c" }); // 2
    write(store, { put: "a", value: "2" }, { del: "b" }); // 3
    write(store, { del: "c" }); // 4
    write(store, { put: "b", value: "again" }); // 5
    const { done } = store.compact(4);
    expect(() => store.range("a", "", { revision: 3 })).toThrow("required revision has been compacted");
    expect(show(store, 4)).toEqual(["a=2 2/3/2"]);
    await done;
    // The tombstone at the compacted revision is kept, since a watch may begin there.
    expect(await stored(backend)).toEqual(["3.0 a", "4.0t c", "5.0 b"]);
    await store.compact(5).done;
    expect(await stored(backend)).toEqual(["3.0 a", "5.0 b"]);
    expect([show(store), show(store, 5)]).toEqual([
      ["a=2 2/3/2", "b=again 5/5/1"],
      ["a=2 2/3/2", "b=again 5/5/1"],
    ]);
    expect(meta(backend, "scheduledCompactRev")).toBe("00000000000000055f0000000000000000");
    expect(meta(backend, "finishedCompactRev")).toBe("00000000000000055f0000000000000000");
  });

  test("continues after a restart where it was interrupted", async () => {
    const backend = await openBackend();
    const clock = new ManualClock();
    const store = await openOver(backend, { clock, compactionBatch: 2, compactionPauseMs: 10 });
    for (let at = 0; at < 5; at++) write(store, { put: "a", value: String(at) }, { put: `k${at}` });
    write(store, { del: "k0" });
    const { done } = store.compact(7);
    while ((await stored(backend)).length === 11) await nextTurn();
    await store.close();
    await expect(done).rejects.toThrow("server stopped");
    expect(await stored(backend)).toHaveLength(9);
    expect(meta(backend, "finishedCompactRev")).toBeUndefined();

    const again = await openOver(backend);
    expect([again.revision, again.compactedRevision]).toEqual([7, 7]);
    expect(show(again)).toEqual(["a=4 2/6/5", "k1= 3/3/1", "k2= 4/4/1", "k3= 5/5/1", "k4= 6/6/1"]);
    while (meta(backend, "finishedCompactRev") === undefined) await nextTurn();
    expect(await stored(backend)).toEqual(["3.1 k1", "4.1 k2", "5.1 k3", "6.0 a", "6.1 k4", "7.0t k0"]);
  });

  test("reads no row: the index knows what it drops, and how much space that frees", async () => {
    const backend = await openBackend();
    const store = await openOver(backend);
    for (let at = 0; at < 40; at++) write(store, { put: `k${at % 7}`, value: "x".repeat(at) }, { put: `once${at}` });
    write(store, { del: ["k0", "k3"] });
    write(store, { put: "k1" });
    const reads = (["view", "batches", "scan"] as const).map((name) => vi.spyOn(backend, name));
    await store.compact(store.revision).done;
    for (const read of reads) {
      expect(read).not.toHaveBeenCalled();
      read.mockRestore();
    }
    expect(await stored(backend)).toHaveLength(45);
    expect(backend.sizeInUse()).toBe(await storedBytes(backend));
  });

  test("leaves of each key its newest changes, wherever a crash interrupts it", async () => {
    const writes: Write[][] = [
      [{ put: "a", value: "1" }, { put: "b" }, { put: "gone" }],
      [{ put: "a", value: "2" }, { del: "b" }],
      [{ put: "b", value: "again" }, { del: "gone" }],
      [{ del: "a" }],
      [{ put: "c" }],
    ];
    const left = ["4.0 b", "6.0 c"];
    for (let rows = 1; rows <= 7; rows++) {
      const backend = await openBackend();
      const clock = new ManualClock();
      const store = await openOver(backend, { clock, compactionBatch: rows, compactionPauseMs: 10 });
      for (const txn of writes) write(store, ...txn);
      const { done } = store.compact(6);
      done.catch(() => undefined);
      while ((await stored(backend)).length > 9 - rows) await nextTurn();
      await store.close();
      const again = await openOver(backend);
      // The state is the same before the compaction continues as behind it.
      expect(show(again)).toEqual(["b=again 4/4/1", "c= 6/6/1"]);
      while (meta(backend, "finishedCompactRev") === undefined) await nextTurn();
      expect(await stored(backend)).toEqual(left);
      expect(backend.sizeInUse()).toBe(await storedBytes(backend));
      await again.close();
    }
  });

  test("does not lower the revision when all changes at it are removed", async () => {
    const backend = await openBackend();
    const store = await openOver(backend);
    write(store, { put: "a" });
    write(store, { del: "a" });
    write(store, { put: "b" });
    write(store, { del: "b" });
    await store.compact(4).done;
    backend.delete("key", tombstoneKey(5, 0));
    backend.put("meta", Buffer.from("scheduledCompactRev"), revisionKey(5, 0));
    expect((await openOver(backend)).revision).toBe(5);
  });
});

describe("changesFrom()", () => {
  test("gives whole revisions, and the revision up to which it has read", async () => {
    const store = await openEmpty();
    write(store, { put: "a" }, { put: "b" }, { put: "c" });
    write(store, { del: "b" });
    write(store, { put: "d" });
    const revisions = async (low: number, countMax: number): Promise<unknown> => {
      const { changes, through } = await store.changesFrom(low, countMax);
      return { revisions: Array.from(changes, ({ modRevision }) => modRevision), through };
    };
    expect(await revisions(0, 1)).toEqual({ revisions: [2, 2, 2], through: 2 });
    expect(await revisions(2, 4)).toEqual({ revisions: [2, 2, 2, 3], through: 3 });
    expect(await revisions(3, 9)).toEqual({ revisions: [3, 4], through: 4 });
    expect(await revisions(5, 9)).toEqual({ revisions: [], through: 4 });
  });

  test("can begin at the compacted revision, but not below it", async () => {
    const store = await openEmpty();
    write(store, { put: "a" });
    write(store, { del: "a" });
    await store.compact(3).done;
    const { changes } = await store.changesFrom(3, 9);
    expect(Array.from(changes, ({ type, key }) => `${type} ${key}`)).toEqual(["delete a"]);
    await expect(store.changesFrom(2, 9)).rejects.toThrow("has been compacted");
  });

  test("ends at the state of the time of the call", async () => {
    const store = await openEmpty();
    write(store, { put: "a" });
    const reading = store.changesFrom(2, 9);
    write(store, { put: "b" });
    expect(await reading).toMatchObject({ changes: [{ key: "a" }], through: 2 });
  });
});
