import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { silentLogger } from "../../src/base/index.js";
import type { Entry } from "../../src/raft/index.js";
import { freezeLog, type RaftLog, Wal } from "../../src/wal/index.js";
import { copyLive } from "./live-copy.js";
import { show, snapshotAt } from "./log.js";

const root = mkdtempSync(join(tmpdir(), "wal-segments-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));
const logger = silentLogger;
/** A segment that is full after four of the entries below. */
const segmentBytes = 40_000;

function entry(index: number, term = 1): Entry {
  return { index, term, type: "EntryNormal", data: Buffer.alloc(10_000, index) };
}

async function fill(wal: RaftLog, first: number, last: number): Promise<void> {
  for (let index = first; index <= last; index++) {
    await wal.save({ entries: [entry(index)], hardState: { term: 1, vote: 1n, commit: index } });
  }
}

/** A closed log with the entries 1 to `last`. */
async function filled(last: number): Promise<string> {
  const dir = freshDir();
  const { wal } = await Wal.open({ dir, logger, segmentBytes });
  await fill(wal, 1, last);
  await wal.close();
  return dir;
}

async function indexes(dir: string): Promise<readonly number[]> {
  const { wal, entries } = await Wal.open({ dir, logger, segmentBytes });
  await wal.close();
  return entries.map(({ index }) => index);
}

function upTo(last: number, first = 1): readonly number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

function segmentsIn(dir: string): readonly string[] {
  return readdirSync(dir)
    .filter((name) => /^[0-9a-f]{16}$/.test(name))
    .sort();
}

describe("a log of many segments", () => {
  test("has each entry in a LevelDB log, and none in a table", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    await fill(wal, 1, 40);
    expect(segmentsIn(dir).length).toBeGreaterThan(6);
    expect(readdirSync(dir, { recursive: true }).filter((name) => String(name).endsWith(".ldb"))).toEqual([]);
    await wal.close();
    expect(await indexes(dir)).toEqual(upTo(40));
  });

  test("removes the segments whose entries are all compacted, also the directory's own", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    await fill(wal, 1, 40);
    const before = segmentsIn(dir).length;
    await wal.save({ snapshot: snapshotAt(30, 1) });
    await wal.compact(30);
    expect(segmentsIn(dir).length).toBeLessThan(before - 4);
    expect(existsSync(join(dir, "CURRENT"))).toBe(false);
    expect(Wal.exists(dir)).toBe(true);
    await fill(wal, 41, 45);
    await wal.close();
    const again = await Wal.open({ dir, logger, segmentBytes });
    expect(again.snapshot?.metadata.index).toBe(30);
    expect(again.entries.map(({ index }) => index)).toEqual(upTo(45, 31));
    await again.wal.close();
  });

  test("is refused to a second process, which changes nothing", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    await fill(wal, 1, 20);
    // LevelDB begins another journal of its own doings before it looks whether the directory is in use.
    const files = () => readdirSync(dir, { recursive: true }).filter((name) => !String(name).includes("LOG"));
    const before = files();
    await expect(indexes(dir)).rejects.toThrow(/another process is using .*: stop it first/);
    expect(files()).toEqual(before);
    await wal.close();
  });

  test("is copied for readers when the member has stopped, and not before", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    await fill(wal, 1, 20);
    await expect(freezeLog(dir, freshDir())).rejects.toThrow("stop the member first");
    await wal.save({ snapshot: snapshotAt(10, 1) });
    await wal.compact(10);
    await wal.close();
    const before = readdirSync(dir, { recursive: true });
    const frozen = freshDir();
    await freezeLog(dir, frozen);
    expect(await indexes(frozen)).toEqual(upTo(20, 11));
    expect(readdirSync(dir, { recursive: true })).toEqual(before);
  });

  test("goes on from a log that an earlier release wrote as one", async () => {
    const dir = freshDir();
    const earlier = await Wal.open({ dir, logger, segmentBytes: Number.POSITIVE_INFINITY });
    await fill(earlier.wal, 1, 20);
    await earlier.wal.close();
    expect(segmentsIn(dir)).toEqual([]);
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    await fill(wal, 21, 30);
    await wal.close();
    expect(segmentsIn(dir).length).toBeGreaterThan(1);
    expect(await indexes(dir)).toEqual(upTo(30));
  });

  test("is cut in an earlier segment when another leader's entries replace its own", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    await wal.save({ entries: upTo(6).map((index) => entry(index)) });
    for (let index = 7; index <= 20; index++) await wal.save({ entries: [entry(index)] });
    await wal.save({ entries: [entry(3, 2), entry(4, 2)] });
    for (let index = 5; index <= 9; index++) await wal.save({ entries: [entry(index, 2)] });
    await wal.save({ entries: [entry(4, 3)] });
    await wal.close();
    const again = await Wal.open({ dir, logger, segmentBytes });
    expect(show(again.entries)).toBe("1/1 2/1 3/2 4/3");
    await again.wal.save({ entries: [entry(5, 3)] });
    await again.wal.close();
    const last = await Wal.open({ dir, logger, segmentBytes });
    expect(show(last.entries)).toBe("1/1 2/1 3/2 4/3 5/3");
    await last.wal.close();
  });

  test("is replaced by a received snapshot within an earlier segment", async () => {
    const dir = await filled(20);
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    await wal.save({ snapshot: snapshotAt(7, 5), entries: [entry(8, 5)], hardState: { term: 5, vote: 1n, commit: 7 } });
    await wal.close();
    const again = await Wal.open({ dir, logger, segmentBytes });
    expect(show(again.entries)).toBe("8/5");
    expect(segmentsIn(dir).length).toBeLessThan(4);
    await again.wal.close();
  });
});

describe("a crash", () => {
  test("at any moment between two saves loses nothing that was saved", async () => {
    const dir = freshDir();
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    for (let index = 1; index <= 30; index++) {
      await fill(wal, index, index);
      const copy = freshDir();
      copyLive(dir, copy);
      expect(await indexes(copy)).toEqual(upTo(index));
    }
    await wal.close();
  });

  for (const { name, crash } of [
    { name: "CURRENT", crash: (dir: string) => rmSync(join(dir, "CURRENT")) },
    {
      name: "CURRENT and some files",
      crash: (dir: string) => {
        rmSync(join(dir, "CURRENT"));
        for (const file of readdirSync(dir).filter((each) => /MANIFEST|\.ldb$/.test(each))) rmSync(join(dir, file));
      },
    },
  ]) {
    test(`in the middle of a removal is forgotten: only ${name} of the first segment is gone`, async () => {
      const dir = freshDir();
      const { wal } = await Wal.open({ dir, logger, segmentBytes });
      await fill(wal, 1, 20);
      const copy = freshDir();
      await wal.save({ snapshot: snapshotAt(6, 1) });
      copyLive(dir, copy);
      await wal.compact(6);
      // The state of the log as after `compact`, with the first segment that this has removed.
      for (const segment of segmentsIn(dir)) copyLive(join(dir, segment), join(copy, segment));
      await wal.close();
      crash(copy);
      const again = await Wal.open({ dir: copy, logger, segmentBytes });
      expect(again.entries.map(({ index }) => index)).toEqual(upTo(20, 7));
      await again.wal.close();
      expect(readdirSync(copy).filter((each) => !/^[0-9a-f]{16}$/.test(each))).toEqual([]);
    });
  }
});

describe("a damaged log", () => {
  for (const { name, segment, says } of [
    { name: "the first", segment: 0, says: /is damaged at index \d+: its segment 1 is missing/ },
    { name: "one in the middle", segment: 2, says: /is damaged at index \d+: its segment 3 is missing/ },
    { name: "the last in use", segment: -2, says: /is damaged at index \d+: its segment \d+ is missing/ },
  ]) {
    test(`without ${name} of its further segments is refused`, async () => {
      const dir = await filled(38);
      rmSync(join(dir, segmentsIn(dir).at(segment) ?? ""), { recursive: true });
      await expect(indexes(dir)).rejects.toThrow(says);
    });
  }

  test("whose first segment is gone, with entries that no snapshot covers, is refused", async () => {
    const dir = await filled(20);
    rmSync(join(dir, "CURRENT"));
    const before = readdirSync(dir);
    await expect(indexes(dir)).rejects.toThrow("is damaged at index 1: it is missing, and later entries are there");
    expect(readdirSync(dir)).toEqual(before);
  });

  test("with a segment that has lost its end is refused", async () => {
    const dir = freshDir();
    const copy = freshDir();
    const { wal } = await Wal.open({ dir, logger, segmentBytes });
    await fill(wal, 1, 12);
    const segment = segmentsIn(dir).at(-1) ?? "";
    // The newest segment as it was, in the log as it is after many further entries.
    const older = freshDir();
    copyLive(join(dir, segmentsIn(dir).at(-2) ?? segment), older);
    await fill(wal, 13, 30);
    await wal.close();
    cpSync(dir, copy, { recursive: true });
    const target = segmentsIn(dir).at(2) ?? "";
    rmSync(join(copy, target), { recursive: true });
    cpSync(older, join(copy, target), { recursive: true });
    await expect(indexes(copy)).rejects.toThrow("is damaged at index");
  });
});
