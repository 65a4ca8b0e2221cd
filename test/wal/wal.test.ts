import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { ClusterId, MemberId } from "../../src/base/index.js";
import { silentLogger } from "../../src/base/index.js";
import type { Entry } from "../../src/raft/index.js";
import { Wal } from "../../src/wal/index.js";
import { entries, show, snapshotAt } from "./log.js";

const root = mkdtempSync(join(tmpdir(), "wal-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));
const logger = silentLogger;

describe("Wal", () => {
  test("begins a log and recognizes its owner later", async () => {
    const dir = freshDir();
    const metadata = { memberId: 0x8e9e05c52164694dn as MemberId, clusterId: 0xcdf818194e3a8c32n as ClusterId };
    expect(Wal.exists(dir)).toBe(false);
    const first = await Wal.open({ dir, logger, metadata });
    expect(first).toMatchObject({ metadata, hardState: undefined, snapshot: undefined, entries: [] });
    await first.wal.close();
    expect(Wal.exists(dir)).toBe(true);
    const again = await Wal.open({ dir, logger });
    expect(again.metadata).toEqual(metadata);
    await again.wal.close();
  });

  test("reads back the saved bytes", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger });
    const saved: Entry[] = [
      { term: 1, index: 1, type: "EntryConfChange", data: Buffer.of(0, 255, 128) },
      { term: 1, index: 2, type: "EntryNormal", data: new Uint8Array(0) },
      { term: 7, index: 3, type: "EntryConfChangeV2", data: Buffer.alloc(100_000, 7) },
    ];
    const hardState = { term: 7, vote: 0xffff_ffff_ffff_fffen, commit: 2 };
    await wal.save({ entries: saved, hardState });
    await wal.close();
    const again = await Wal.open({ dir, logger });
    expect(again.entries.map((entry) => ({ ...entry, data: Buffer.from(entry.data) }))).toEqual(
      saved.map((entry) => ({ ...entry, data: Buffer.from(entry.data) })),
    );
    expect(again.hardState).toEqual(hardState);
    await again.wal.close();
  });

  for (const { name, steps, want } of [
    { name: "appends", steps: [entries(1, 1, 1), entries(3, 1)], want: "1/1 2/1 3/1" },
    { name: "replaces the tail by a longer one", steps: [entries(1, 1, 1), entries(2, 2, 2)], want: "1/1 2/2 3/2" },
    { name: "replaces the tail by a shorter one", steps: [entries(1, 1, 1, 1, 1), entries(2, 2)], want: "1/1 2/2" },
    { name: "replaces everything", steps: [entries(1, 1, 1, 1), entries(1, 2)], want: "1/2" },
  ] as const) {
    test(`save() ${name}`, async () => {
      const dir = freshDir();
      const { wal } = await Wal.open({ dir, logger });
      await Promise.all(steps.map((step) => wal.save({ entries: step })));
      await wal.close();
      const again = await Wal.open({ dir, logger });
      expect(show(again.entries)).toBe(want);
      await again.wal.close();
    });
  }

  for (const { name, snapshot, next, want, from } of [
    { name: "of its own keeps the log", snapshot: snapshotAt(3, 1), next: entries(6, 2), want: "4/1 5/1 6/2", from: 3 },
    { name: "beyond its end replaces it", snapshot: snapshotAt(9, 4), next: entries(10, 4), want: "10/4", from: 9 },
    { name: "with another history replaces it", snapshot: snapshotAt(3, 2), next: entries(4, 2), want: "4/2", from: 3 },
  ]) {
    test(`a snapshot ${name}`, async () => {
      const dir = freshDir();
      const { wal } = await Wal.open({ dir, logger });
      await wal.save({ entries: entries(1, 1, 1, 1, 1, 1) });
      await wal.save({ snapshot });
      await wal.save({ entries: next });
      await wal.close();
      const again = await Wal.open({ dir, logger });
      expect(show(again.entries)).toBe(want);
      expect(again.snapshot).toEqual(snapshot);
      expect(again.snapshot?.metadata.index).toBe(from);
      await again.wal.close();
    });
  }

  test("compact() drops entries, and the log can be used further", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger });
    await wal.save({ entries: entries(1, ...Array.from({ length: 2500 }, () => 1)) });
    await wal.save({ snapshot: snapshotAt(2400, 1) });
    const compacted = wal.compact(2300);
    await wal.save({ entries: entries(2501, 2), hardState: { term: 2, vote: 1n, commit: 2500 } });
    await compacted;
    await wal.compact(100);
    await wal.close();
    const again = await Wal.open({ dir, logger });
    expect(again.entries.length).toBe(101);
    expect(again.entries[0]?.index).toBe(2401);
    await again.wal.save({ entries: entries(2501, 3) });
    await again.wal.close();
    const last = await Wal.open({ dir, logger });
    expect(show(last.entries.slice(-2))).toBe("2500/1 2501/3");
    await last.wal.close();
  });

  test("purge() keeps the newest snapshots", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger });
    await wal.save({ entries: entries(1, 1, 1, 1) });
    for (const index of [1, 2, 3]) await wal.save({ snapshot: snapshotAt(index, 1) });
    await wal.purge(1);
    await wal.close();
    const again = await Wal.open({ dir, logger });
    expect(again.snapshot?.metadata.index).toBe(3);
    await again.wal.close();
  });

  test("refuses a second process with advice", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger });
    await expect(Wal.open({ dir, logger })).rejects.toThrow(`another process is using ${dir}: stop it first`);
    await wal.close();
  });

  test("refuses to save after close()", async () => {
    const { wal } = await Wal.open({ dir: freshDir(), logger });
    await wal.close();
    await expect(wal.save({ entries: entries(1, 1) })).rejects.toThrow("is closed");
  });

  for (const { name, change } of [
    { name: "a gap", change: { entries: entries(4, 1) } },
    { name: "entries that do not follow each other", change: { entries: [...entries(3, 1), ...entries(5, 1)] } },
    { name: "a commit beyond the log", change: { hardState: { term: 1, vote: 1n, commit: 3 } } },
  ]) {
    test(`save() never stores ${name}`, async () => {
      const { wal } = await Wal.open({ dir: freshDir(), logger });
      await wal.save({ entries: entries(1, 1, 1) });
      await expect(wal.save(change)).rejects.toThrow("assertion failed");
      await expect(wal.save({ entries: entries(3, 1) })).rejects.toThrow("assertion failed");
      await wal.close();
    });
  }
});
