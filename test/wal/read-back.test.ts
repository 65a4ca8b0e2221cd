import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { silentLogger } from "../../src/base/index.js";
import type { Entry } from "../../src/raft/index.js";
import { type OpenedWal, type RaftLog, VolatileLog, Wal } from "../../src/wal/index.js";
import { copyLive } from "./live-copy.js";
import { show, snapshotAt } from "./log.js";

const root = mkdtempSync(join(tmpdir(), "wal-read-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = (): string => join(root, String(dirs++));
/** A segment that is full after four of the entries below. */
const segmentBytes = 40_000;
const noLimit = Number.POSITIVE_INFINITY;

const entry = (index: number, term = 1): Entry => ({
  index,
  term,
  type: "EntryNormal",
  data: Buffer.alloc(10_000, index),
});
const open = (dir: string): Promise<OpenedWal> => Wal.open({ dir, logger: silentLogger, segmentBytes });

async function fill(wal: RaftLog, first: number, last: number): Promise<void> {
  for (let index = first; index <= last; index++) {
    await wal.save({ entries: [entry(index)], hardState: { term: 1, vote: 1n, commit: index } });
  }
}

/** An open log with the entries 1 to `last`. */
async function filled(last: number): Promise<{ readonly dir: string; readonly wal: RaftLog }> {
  const dir = freshDir();
  const { wal } = await open(dir);
  await fill(wal, 1, last);
  return { dir, wal };
}

/** All entries in `[first, end)`, read in parts. */
async function readAll(wal: RaftLog, first: number, end: number): Promise<Entry[]> {
  const found: Entry[] = [];
  for (let next = first; next < end; next = first + found.length) {
    const part = await wal.read(next, end, 25_000);
    if (part.length === 0) break;
    found.push(...part);
  }
  return found;
}

const range = (first: number, last: number, term = 1): string =>
  Array.from({ length: last - first + 1 }, (_, at) => `${first + at}/${term}`).join(" ");

describe("a log of many segments", () => {
  test("is read back from any place on, over all segments, and goes on being written to", async () => {
    const { wal } = await filled(30);
    const writing = fill(wal, 31, 60);
    const reads = await Promise.all([1, 9, 17, 29].map((first) => readAll(wal, first, 31)));
    expect(reads.map(show)).toEqual([1, 9, 17, 29].map((first) => range(first, 30)));
    expect(Buffer.from(reads[0]?.[6]?.data ?? []).equals(Buffer.alloc(10_000, 7))).toBe(true);
    await writing;
    expect(show(await readAll(wal, 3, 61))).toBe(range(3, 60));
    await wal.close();
  });

  test("returns as many entries as fit, but at least one", async () => {
    const { wal } = await filled(3);
    expect(show(await wal.read(1, 4, 0))).toBe("1/1");
    expect(show(await wal.read(1, 4, 20_100))).toBe("1/1 2/1");
    expect(show(await wal.read(1, 3, noLimit))).toBe("1/1 2/1");
    expect(await wal.read(4, 4, noLimit)).toEqual([]);
    await wal.close();
  });

  test("returns nothing that was compacted, also when a read is under way", async () => {
    const { dir, wal } = await filled(40);
    const reads = [2, 12, 35].map((first) => wal.read(first, 41, 15_000));
    await wal.save({ snapshot: snapshotAt(30, 1) });
    await wal.compact(30);
    await Promise.all(reads);
    expect(await wal.read(2, 41, noLimit)).toEqual([]);
    expect(show(await readAll(wal, 31, 41))).toBe(range(31, 40));
    // A segment that was opened again to read from it is gone as well.
    expect(readdirSync(dir).filter((name) => /^[0-9a-f]{16}$/.test(name)).length).toBeLessThan(5);
    expect(existsSync(join(dir, "CURRENT"))).toBe(false);
    await wal.close();
  });

  test("returns the entries of another leader that have replaced its own in earlier segments", async () => {
    const { wal } = await filled(20);
    for (let index = 6; index <= 16; index++) await wal.save({ entries: [entry(index, 2)] });
    await wal.save({ entries: [entry(11, 3)] });
    expect(show(await readAll(wal, 2, 12))).toBe(`${range(2, 5)} ${range(6, 10, 2)} 11/3`);
    await wal.close();
  });

  test("knows after a start which entries before its snapshot it can read back", async () => {
    const { dir, wal } = await filled(30);
    await wal.save({ snapshot: snapshotAt(25, 1) });
    await wal.compact(10);
    await wal.close();
    const again = await open(dir);
    expect([again.before?.first, again.before?.end, show(again.entries)]).toEqual([11, 26, range(26, 30)]);
    expect(show(await readAll(again.wal, 11, 31))).toBe(range(11, 30));
    await again.wal.close();
  });

  test("is whole after a crash at any moment of a read", async () => {
    const { dir, wal } = await filled(24);
    let reading = true;
    const reads = (async () => {
      for (let first = 1; first <= 24; first += 4) expect(show(await wal.read(first, 25, 5_000))).toBe(`${first}/1`);
      reading = false;
    })();
    for (let copies = 0; reading || copies < 2; copies++) {
      const copy = freshDir();
      copyLive(dir, copy);
      const { wal: left, entries } = await open(copy);
      expect(show(entries)).toBe(range(1, 24));
      await left.close();
      rmSync(copy, { recursive: true });
    }
    await reads;
    await wal.close();
    const { wal: again, entries } = await open(dir);
    expect(show(entries)).toBe(range(1, 24));
    await again.close();
  });
});

test("a damaged entry is not returned, and the log says where it is", async () => {
  const { dir, wal } = await filled(20);
  const segment = join(dir, "0000000000000002");
  const [log] = readdirSync(segment).filter((name) => name.endsWith(".log"));
  const path = join(segment, log ?? "");
  const bytes = readFileSync(path);
  bytes.writeUInt8((bytes[25_000] ?? 0) ^ 1, 25_000);
  writeFileSync(path, bytes);
  await expect(readAll(wal, 1, 21)).rejects.toThrow(/is damaged at index \d+/);
  await wal.close();
});

test("a log in memory does not offer to read back what raft has", async () => {
  const log = new VolatileLog();
  expect(log.readsBack).toBe(false);
  await expect(log.read()).rejects.toThrow("raft keeps all entries");
});
