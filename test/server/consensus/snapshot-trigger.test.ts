import { expect, test } from "vitest";
import { ManualClock, silentLogger } from "../../../src/base/index.js";
import { type Entry, emptyConfState, MemoryStorage } from "../../../src/raft/index.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import { SnapshotTrigger } from "../../../src/server/consensus/snapshot-trigger.js";

const mebibyte = 1024 * 1024;

/** A log whose entries are applied as soon as they are stored. They share their bytes, to save memory. */
function setUp({
  snapshotCount = 10_000,
  catchUpEntries = 5_000,
  trimsMemory = false,
  logIsOnDisk = false,
  memoryBytes = Number.POSITIVE_INFINITY,
} = {}) {
  const storage = new MemoryStorage(memoryBytes);
  const state = { held: false, compacted: 0, recorded: 0 };
  const wal = {
    compact: (index: number) => {
      state.compacted = index;
      return Promise.resolve();
    },
    purge: () => Promise.resolve(),
  };
  const trigger = new SnapshotTrigger(
    {
      ...{ wal, storage },
      ...{ clock: new ManualClock(), logger: silentLogger, counters: new LogCounters() },
      ...{ snapshotCount, catchUpEntries, maxSnapshots: 5 },
      commitDatabase: () => trigger.record({ index: storage.lastIndex(), term: 1, confState: emptyConfState }),
      saveSnapshot: () => Promise.resolve(),
      logIsHeld: () => state.held,
      trimsMemory,
      logIsOnDisk,
      confState: () => emptyConfState,
      onRecorded: (index) => {
        state.recorded = index;
      },
      onFailure: (error) => {
        throw error;
      },
    },
    0,
  );
  const apply = async (count: number, bytes: number): Promise<void> => {
    const data = new Uint8Array(bytes);
    for (let made = 0; made < count; made++) {
      const index = storage.lastIndex() + 1;
      const entry: Entry = { index, term: 1, type: "EntryNormal", data };
      storage.append([entry]);
      trigger.applied(index);
      await trigger.settled();
    }
  };
  return { trigger, storage, state, apply };
}

test("the raft log in memory stays within a bound in bytes, even with few entries", async () => {
  const { storage, state, apply } = setUp();
  let heldMax = 0;
  for (let round = 0; round < 400; round++) {
    await apply(1, mebibyte);
    heldMax = Math.max(heldMax, storage.heldBytes);
  }
  expect(heldMax).toBeLessThan(64 * mebibyte);
  // Slightly slow followers still find the entries that they need.
  expect(storage.lastIndex() - state.compacted).toBeGreaterThan(30);
});

test("a log on disk is longer than its part in memory, and bounded in bytes, too", async () => {
  const { storage, state, apply } = setUp({ logIsOnDisk: true, memoryBytes: 16 * mebibyte });
  let [heldMax, logMax] = [0, 0];
  for (let round = 0; round < 400; round++) {
    await apply(1, mebibyte);
    heldMax = Math.max(heldMax, storage.heldBytes);
    logMax = Math.max(logMax, storage.logBytes);
  }
  expect(heldMax).toBeLessThanOrEqual(16 * mebibyte);
  expect(logMax).toBeLessThan(164 * mebibyte);
  expect(storage.lastIndex() - state.compacted).toBeGreaterThan(120);
});

test("with small entries the number of entries decides, not their bytes", async () => {
  const { storage, state, apply } = setUp({ snapshotCount: 100, catchUpEntries: 30 });
  await apply(100, 10);
  expect([storage.snapshot().metadata.index, state.compacted]).toEqual([0, 0]);
  await apply(1, 10);
  expect([storage.snapshot().metadata.index, state.compacted]).toEqual([101, 71]);
});

test("the log is kept for a peer that receives a snapshot, up to a bound in bytes", async () => {
  const { storage, state, apply } = setUp();
  state.held = true;
  await apply(200, mebibyte);
  expect(state.compacted).toBe(0);
  let heldMax = 0;
  for (let round = 0; round < 300; round++) {
    await apply(1, mebibyte);
    heldMax = Math.max(heldMax, storage.heldBytes);
  }
  expect(state.compacted).toBeGreaterThan(0);
  expect(heldMax).toBeLessThan(330 * mebibyte);
});

test("since 3.6 the log in memory is cut every 100 entries, and the log on disk with snapshots", async () => {
  const { storage, state, apply } = setUp({ snapshotCount: 1_000, catchUpEntries: 500, trimsMemory: true });
  await apply(599, 10);
  expect([storage.firstIndex(), storage.snapshot().metadata.index, state.compacted]).toEqual([1, 0, 0]);
  await apply(1, 10);
  // A follower that is more than 500 entries behind gets a snapshot now.
  expect([storage.firstIndex(), storage.snapshot().metadata.index, state.compacted]).toEqual([101, 600, 0]);
  await apply(399, 10);
  expect([storage.firstIndex(), state.recorded]).toEqual([401, 0]);
  await apply(2, 10);
  // The snapshot on disk covers 1,001 entries, of which it keeps the last 500.
  expect([state.recorded, state.compacted]).toEqual([1_001, 501]);
  await apply(99, 10);
  expect([storage.firstIndex(), state.recorded, state.compacted]).toEqual([601, 1_001, 501]);
});

test("before 3.6 the log in memory is cut with snapshots only", async () => {
  const { storage, apply } = setUp({ snapshotCount: 1_000, catchUpEntries: 500 });
  await apply(1_000, 10);
  expect(storage.firstIndex()).toBe(1);
});

test("the log in memory is not cut while a peer receives a snapshot", async () => {
  const { storage, state, apply } = setUp({ catchUpEntries: 50, trimsMemory: true });
  state.held = true;
  await apply(400, 10);
  expect(storage.firstIndex()).toBe(1);
  state.held = false;
  await apply(100, 10);
  expect(storage.firstIndex()).toBe(451);
});

test("a log that is cut in memory still records a snapshot after so many bytes", async () => {
  const { state, apply } = setUp({ catchUpEntries: 10, trimsMemory: true });
  await apply(150, mebibyte / 10);
  expect(state.recorded).toBe(0);
  await apply(30, mebibyte / 10);
  expect(state.recorded).toBeGreaterThan(150);
});

test("a cut that is asked for records a snapshot at once, and drops what must not stay", async () => {
  const { trigger, storage, state, apply } = setUp();
  await apply(20, 10);
  trigger.cut(0);
  await trigger.settled();
  expect([state.recorded, state.compacted, storage.firstIndex()]).toEqual([20, 0, 1]);
  await apply(5, 10);
  trigger.cut(12);
  await trigger.settled();
  expect([state.recorded, state.compacted, storage.firstIndex()]).toEqual([25, 12, 13]);
});

test("what must not stay is dropped when no peer needs the log any more, also without new entries", async () => {
  const { trigger, storage, state, apply } = setUp();
  await apply(20, 10);
  state.held = true;
  trigger.cut(12);
  await trigger.settled();
  expect([state.recorded, state.compacted]).toEqual([20, 0]);
  trigger.tick();
  await trigger.settled();
  expect(state.compacted).toBe(0);
  state.held = false;
  trigger.tick();
  await trigger.settled();
  expect([state.recorded, state.compacted, storage.firstIndex()]).toEqual([20, 12, 13]);
});
