import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { ownKey } from "../../src/backend/buckets.js";
import {
  BackendCounters,
  type LevelStore,
  openLevelBackend,
  openMemoryBackend,
  openMemoryStore,
} from "../../src/backend/index.js";
import { ManualClock } from "../../src/base/index.js";
import { changedBatch, changedStore } from "../../src/testing/changed-store.js";
import { backendSuite, bytes, testOptions } from "./suite.js";

const root = mkdtempSync(join(tmpdir(), "backend-"));
afterAll(() => rmSync(root, { recursive: true }));

let dirs = 0;
backendSuite("LevelDB", () => {
  const dir = join(root, String(dirs++));
  return (options) => openLevelBackend({ dir, ...options });
});
backendSuite("memory", () => openMemoryBackend);

test("the sizes of buckets are known after a restart, also when an earlier release wrote only their sum", async () => {
  const store = await openMemoryStore();
  // The backend closes its store, which is still needed.
  const open = () =>
    openLevelBackend({
      ...testOptions(),
      dir: "memory",
      openStore: async () => ({ ...storeOf(store), close: async () => undefined }),
    });
  const sizes = { rows: 2, bytes: 2 * 17 + 10, keyBytesMax: 17 };
  const first = await open();
  for (const at of ["1", "2", "3"]) first.put("key", bytes(at.padStart(17)), bytes("value"));
  first.delete("key", bytes("3".padStart(17)), 5);
  first.put("meta", bytes("name"), bytes("x"));
  expect(first.view().sizeOf("key")).toEqual(sizes);
  await first.commit();
  const again = await open();
  expect([again.sizeInUse(), again.view().sizeOf("key")]).toEqual([first.sizeInUse(), sizes]);
  const batch = store.batch();
  batch.put(ownKey("bytesInUse"), new Uint8Array(8));
  await batch.write({ sync: true });
  const counted = await open();
  expect([counted.sizeInUse(), counted.view().sizeOf("key")]).toEqual([first.sizeInUse(), sizes]);
  expect(counted.view().sizeOf("meta")).toMatchObject({ rows: 1, bytes: 5 });
});

test("the strain grows with the tables that are not merged, and delayed batches are counted", async () => {
  const store = await openMemoryStore();
  let unmerged = 0;
  const counters = new BackendCounters();
  const clock = new ManualClock();
  const backend = await openLevelBackend({
    ...{ ...testOptions(clock), counters, dir: "memory" },
    openStore: async () =>
      changedStore(store, {
        unmergedTables: () => unmerged,
        batch: () =>
          changedBatch(store, async (write) => {
            clock.advance(500);
            await write();
          }),
      }),
  });
  const strains: number[] = [];
  for (unmerged of [0, 4, 6, 9, 12, 15, 2]) {
    backend.put("meta", bytes("name"), bytes(String(unmerged)));
    await backend.commit();
    strains.push(backend.strain);
  }
  expect(strains).toEqual([0, 0, 0, 0.5, 1, 1, 0]);
  expect(counters).toMatchObject({ stalledBatches: 3, stalledSeconds: 1.5, unmergedTables: 2 });
});

test("LevelDB is asked nothing on the event loop between two batches that renew a record", async () => {
  const store = await openMemoryStore();
  const calls: string[] = [];
  const backend = await openLevelBackend({
    ...{ ...testOptions(new ManualClock()), dir: "memory" },
    openStore: async () =>
      changedStore(store, {
        getSync: (key, snapshot) => {
          calls.push("get");
          return store.getSync(key, snapshot);
        },
        unmergedTables: () => {
          calls.push("unmerged tables");
          return 0;
        },
        batch: () =>
          changedBatch(store, async (write) => {
            calls.push("batch");
            await write();
          }),
      }),
  });
  await backend.commit();
  calls.length = 0;
  for (const value of ["1", "22", "333"]) {
    backend.put("meta", bytes("consistent_index"), bytes(value));
    await backend.commit();
  }
  expect(calls).toEqual(Array.from({ length: 3 }, () => ["batch", "unmerged tables"]).flat());
  expect(backend.view().sizeOf("meta")).toMatchObject({ rows: 1, bytes: "consistent_index".length + 3 });
  backend.delete("meta", bytes("consistent_index"));
  backend.put("meta", bytes("consistent_index"), bytes("4444"));
  expect(backend.view().sizeOf("meta")).toMatchObject({ rows: 1, bytes: "consistent_index".length + 4 });
});

/** The methods of a store, which are not its own properties. */
function storeOf(store: LevelStore): LevelStore {
  return {
    dir: store.dir,
    copies: store.copies,
    getSync: (key, snapshot) => store.getSync(key, snapshot),
    warm: (keys) => store.warm(keys),
    batch: () => store.batch(),
    iterate: (low, high, snapshot) => store.iterate(low, high, snapshot),
    last: (low, high) => store.last(low, high),
    snapshot: () => store.snapshot(),
    flush: () => store.flush(),
    compact: (low) => store.compact(low),
    fileBytes: () => store.fileBytes(),
    unmergedTables: () => store.unmergedTables(),
    copyTo: (target) => store.copyTo(target),
    close: () => store.close(),
  };
}
