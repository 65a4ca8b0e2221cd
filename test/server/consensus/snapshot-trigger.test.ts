import { expect, test } from "vitest";
import { ManualClock, silentLogger } from "../../../src/base/index.js";
import { type Entry, emptyConfState, MemoryStorage } from "../../../src/raft/index.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import { SnapshotTrigger } from "../../../src/server/consensus/snapshot-trigger.js";

const mebibyte = 1024 * 1024;

/** A log whose entries are applied as soon as they are stored. They share their bytes, to save memory. */
function setUp({ snapshotCount = 10_000, catchUpEntries = 5_000 } = {}) {
  const storage = new MemoryStorage();
  const state = { held: false, compacted: 0 };
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
  return { storage, state, apply };
}

test("the raft log in memory stays within a bound in bytes, even with few entries", async () => {
  const { storage, state, apply } = setUp();
  let heldMax = 0;
  for (let round = 0; round < 400; round++) {
    await apply(1, mebibyte);
    heldMax = Math.max(heldMax, storage.heldBytes);
  }
  expect(heldMax).toBeLessThan(132 * mebibyte);
  // Slightly slow followers still find the entries that they need.
  expect(storage.lastIndex() - state.compacted).toBeGreaterThan(60);
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
