import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Backend, type LevelStore, openLevelBackend, openMemoryStore } from "../../src/backend/index.js";
import { readManifest } from "../../src/backend/manifest.js";
import { openRecordedStore } from "../../src/backend/recorded-store.js";
import { systemClock, writeBE64 } from "../../src/base/index.js";
import { changedBatch, changedStore } from "../../src/testing/changed-store.js";
import { bytes, collect, testOptions, text, texts } from "./suite.js";

const root = mkdtempSync(join(tmpdir(), "recorded-"));
afterAll(() => rmSync(root, { recursive: true }));

const all = { low: Buffer.of(0), high: Buffer.of(0xff) };
const index = bytes("consistent_index");

function revision(main: number): Buffer {
  const key = Buffer.alloc(17, "_");
  writeBE64(key, 0, main);
  writeBE64(key, 9, 0);
  return key;
}

/** A store whose process ends: what is opened next finds all batches that were written, and no close. */
const crashing = (store: LevelStore): LevelStore => changedStore(store, { close: async () => undefined });

function openOver(store: LevelStore): Promise<Backend> {
  return openLevelBackend({ ...testOptions(), dir: "memory", openStore: async () => crashing(store) });
}

async function rowsOf(store: LevelStore): Promise<string[]> {
  const iterator = store.iterate(all.low, all.high);
  const rows = await iterator.nextv(1_000);
  await iterator.close();
  return rows.map(([key, value]) => `${Buffer.from(key).toString("latin1")}=${Buffer.from(value).toString("latin1")}`);
}

const recordCount = async (store: LevelStore) => (await rowsOf(store)).filter((row) => row[9] === "\xff").length;

/** One batch with a revision, the index of its entry, and the sizes of the buckets. */
async function write(backend: Backend, main: number): Promise<void> {
  backend.put("key", revision(main), bytes(`value ${main}`));
  backend.put("meta", index, bytes(String(main)));
  await backend.commit();
}

test("the rows that batches renew are as of the last batch after a crash, in every way to read them", async () => {
  const store = await openMemoryStore();
  let backend = await openOver(store);
  for (let main = 1; main <= 5; main++) {
    await write(backend, main);
    backend = await openOver(store); // as after a crash: nothing was closed
    expect(text(backend.get("meta", index))).toBe(String(main));
    expect(await collect(backend.batches("meta"))).toEqual([`consistent_index=${main}`]);
    expect(texts(await backend.scan("meta", bytes("c"), bytes("d"), 9))).toEqual([`consistent_index=${main}`]);
    expect(await collect(backend.batches("key"))).toHaveLength(main);
    expect(backend.view().sizeOf("key")).toMatchObject({ rows: main });
  }
});

test("a view has the renewed rows of its time, after later batches too", async () => {
  const backend = await openOver(await openMemoryStore());
  await write(backend, 1);
  const view = backend.view();
  await write(backend, 2);
  expect([text(view.get("meta", index)), text(backend.get("meta", index))]).toEqual(["1", "2"]);
  expect(await collect(view.batches("meta"))).toEqual(["consistent_index=1"]);
  await view.close();
});

test("a batch removes the record before it, except the last one of each table", async () => {
  const inner = await openMemoryStore();
  let tables = 0;
  const counting = changedStore(inner, { flush: async () => void tables++ });
  const store = await openRecordedStore(counting, { flushBytes: 1_000 });
  for (let main = 1; main <= 100; main++) {
    const batch = store.batch();
    batch.put(Buffer.concat([Buffer.of(1), revision(main)]), new Uint8Array(42));
    await batch.write({ sync: true });
  }
  expect(tables).toBe(10);
  // A table that is complete at the last batch has the newest record.
  expect(await recordCount(inner)).toBe(10);
});

test("records that were left behind are removed together when there are many", async () => {
  const inner = await openMemoryStore();
  const store = await openRecordedStore(inner, { flushBytes: 1, leftMax: 10 });
  const counts: number[] = [];
  for (let main = 1; main <= 30; main++) {
    const batch = store.batch();
    batch.put(Buffer.concat([Buffer.of(1), revision(main)]), new Uint8Array(1));
    await batch.write({ sync: true });
    counts.push(await recordCount(inner));
  }
  expect(Math.max(...counts)).toBe(11);
  expect(counts.at(-1)).toBeLessThan(11);
});

/** The rows of a database as an earlier release has written it. */
async function earlierDatabase(): Promise<LevelStore> {
  const store = await openMemoryStore();
  const batch = store.batch();
  batch.put(bytes("\0format"), Uint8Array.of(1));
  batch.put(bytes("\0bytesInUse"), new Uint8Array(8));
  batch.put(Buffer.concat([Buffer.of(1), revision(1)]), bytes("value 1"));
  batch.put(bytes("\x02consistent_index"), bytes("1"));
  batch.put(bytes("\x03lease"), bytes("a lease"));
  batch.put(bytes("\x0a8e9e05c52164694d"), bytes("a member"));
  await batch.write({ sync: true });
  return store;
}

test("a database of an earlier release is read, and goes back to its layout until it is migrated", async () => {
  const store = await earlierDatabase();
  const backend = await openOver(store);
  const expectAll = async (opened: Backend, lease: string): Promise<void> => {
    expect(text(opened.get("meta", index))).toBe("2");
    expect(await collect(opened.batches("lease"))).toEqual([`lease=${lease}`]);
    expect(await collect(opened.batches("members"))).toEqual(["8e9e05c52164694d=a member"]);
    expect(opened.view().sizeOf("key")).toMatchObject({ rows: 2 });
  };
  expect(text(backend.get("meta", index))).toBe("1");
  await write(backend, 2);
  await expectAll(backend, "a lease");
  expect((await rowsOf(store)).find((row) => row.startsWith("\x03"))).toBeUndefined();
  await backend.close();
  const rows = await rowsOf(store);
  expect(rows.filter((row) => row.charCodeAt(0) > 1)).toEqual([
    "\x02consistent_index=2",
    "\x03lease=a lease",
    "\x0a8e9e05c52164694d=a member",
  ]);
  expect(rows).toContain("\0format=\x01");
  expect(await recordCount(store)).toBe(0);
  // The earlier release goes on.
  const batch = store.batch();
  batch.put(bytes("\x03lease"), bytes("another"));
  await batch.write({ sync: true });
  const again = await openOver(store);
  await expectAll(again, "another");
  again.put("meta", bytes("storageVersion"), bytes("3.7.0"));
  await again.close();
  expect((await rowsOf(store)).filter((row) => row.charCodeAt(0) > 1)).toEqual([]);
  await expectAll(await openOver(store), "another");
});

test("a crash at any write of the steps between the layouts loses nothing", async () => {
  for (let writes = 0; writes < 8; writes++) {
    const store = await earlierDatabase();
    let left = writes;
    const stopping = changedStore(crashing(store), {
      batch: () =>
        changedBatch(store, async (real) => {
          if (left-- <= 0) throw new Error("the process has ended");
          await real();
        }),
    });
    const options = { ...testOptions(), onFailure: () => undefined, dir: "memory" };
    const opened = await openLevelBackend({ ...options, openStore: async () => stopping }).catch(() => undefined);
    await opened?.close().catch(() => undefined);
    const backend = await openOver(store);
    expect([text(backend.get("meta", index)), text(backend.get("lease", bytes("lease")))]).toEqual(["1", "a lease"]);
    expect(await collect(backend.batches("members"))).toEqual(["8e9e05c52164694d=a member"]);
    expect(await collect(backend.batches("key"))).toHaveLength(1);
  }
});

test("tables of a load do not overlap, so that LevelDB merges none of them", async () => {
  const dir = join(root, "load");
  const backend = await openLevelBackend({ ...testOptions(systemClock), dir });
  backend.put("members", bytes("8e9e05c52164694d"), bytes("a member"));
  backend.put("meta", bytes("storageVersion"), bytes("3.7.0"));
  for (let main = 1; main <= 60; main++) {
    backend.put("key", revision(main), Buffer.alloc(1024 * 1024, main));
    backend.put("meta", index, bytes(String(main)));
    await backend.commit();
  }
  await backend.close();
  const tables = [...(await readManifest(dir)).tables.values()].sort((one, other) =>
    Buffer.compare(one.smallest, other.smallest),
  );
  expect(tables.length).toBeGreaterThan(3);
  for (const [at, { largest }] of tables.entries()) {
    const next = tables[at + 1];
    if (next !== undefined) expect(Buffer.compare(largest, next.smallest)).toBeLessThan(0);
  }
});

test("a defragmentation frees what the same table holds and removes", async () => {
  const dir = join(root, "freed");
  const backend = await openLevelBackend({ ...testOptions(systemClock), dir });
  const value = randomBytes(1024 * 1024);
  for (let main = 1; main <= 3; main++) backend.put("key", revision(main), value);
  await backend.commit();
  for (let main = 1; main <= 2; main++) backend.delete("key", revision(main), value.byteLength);
  await backend.commit();
  await backend.defragment();
  const tables = [...(await readManifest(dir)).tables.keys()].map((number) => {
    return statSync(join(dir, `${String(number).padStart(6, "0")}.ldb`)).size;
  });
  expect(tables.reduce((sum, size) => sum + size, 0)).toBeLessThan(1.5 * value.byteLength);
  expect(await collect(backend.batches("key"))).toHaveLength(1);
  await backend.close();
});
