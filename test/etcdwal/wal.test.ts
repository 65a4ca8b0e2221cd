import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  listSegments,
  openedEntries,
  readLogEnds,
  readSnapFile,
  snapFiles,
  WalDamage,
  writeLog,
  writeSnapFile,
} from "../../src/etcdwal/index.js";
import type { raftpb } from "../../src/wire/index.js";

// Tests that logs of etcd are read with etcd's rules for torn ends, and that ours can be read back.

const folder = mkdtempSync(join(tmpdir(), "etcd-wal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ids = { memberId: 0xf234_5678_9abc_def0n, clusterId: 7n };
const confState = { voters: [ids.memberId], learners: [2n], votersOutgoing: [], learnersNext: [], autoLeave: false };
const newDir = (): string => mkdtempSync(join(folder, "wal-"));

function entry(index: number, term: number, data: string | Uint8Array): raftpb.Entry {
  return { index, term, type: 0, data: Buffer.from(data) };
}

async function collected(dir: string, from = 0): Promise<raftpb.Entry[]> {
  const found: raftpb.Entry[] = [];
  for await (const one of openedEntries(await listSegments(dir), from)) {
    found.length = Math.min(found.length, one.index - from - 1);
    found.push({ ...one, data: Buffer.from(one.data) });
  }
  return found;
}

/** A log of a few entries in one file, and where each record begins. */
async function written(entries: readonly raftpb.Entry[]): Promise<{ dir: string; path: string; records: number[] }> {
  const dir = newDir();
  const commit = entries.at(-1)?.index ?? 0;
  await writeLog(dir, { ...ids, snapshot: undefined, entries, hardState: { term: 1, vote: 0n, commit } });
  const path = (await listSegments(dir))[0]?.path ?? "";
  const bytes = readFileSync(path);
  const records: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    records.push(at);
    const field = bytes.readBigUInt64LE(at);
    at += 8 + Number(field & 0xff_ffff_ffff_ffffn) + (field >> 63n === 1n ? Number((field >> 56n) & 7n) : 0);
  }
  return { dir, path, records };
}

test("what is written is read back: owner, snapshot, entries, hard state", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 1500 }), { minLength: 1, maxLength: 40 }),
      fc.nat(1000),
      async (datas, at) => {
        const dir = newDir();
        const entries = datas.map((data, place) => entry(at + 1 + place, 3, data));
        const hardState = { term: 9, vote: ids.memberId, commit: at + datas.length };
        const snapshot = at === 0 ? undefined : { index: at, term: 2, confState };
        await writeLog(dir, { ...ids, snapshot, entries, hardState });
        const ends = await readLogEnds(dir);
        expect(ends).toMatchObject({ ...ids, hardState, last: { index: at + datas.length, term: 3 }, torn: undefined });
        expect(ends.snapshots.at(-1)).toMatchObject({ index: at, term: at === 0 ? 0 : 2 });
        if (at > 0) expect(ends.snapshots.at(-1)?.confState).toEqual(confState);
        expect(await collected(dir, at)).toEqual(entries);
        rmSync(dir, { recursive: true });
      },
    ),
    { numRuns: 60 },
  );
});

test("an entry replaces the one with its index and all that followed that one", async () => {
  const { dir } = await written([entry(1, 1, "a"), entry(2, 1, "b"), entry(3, 1, "c"), entry(2, 2, "B")]);
  expect((await collected(dir)).map(({ index, term }) => [index, term])).toEqual([
    [1, 1],
    [2, 2],
  ]);
  expect((await readLogEnds(dir)).last).toMatchObject({ index: 2, term: 2 });
});

describe("the last record of the log", () => {
  const entries = [entry(1, 1, "a"), entry(2, 1, Buffer.alloc(2_000, "b"))];

  test("is torn when the file ends anywhere inside it", async () => {
    const { dir, path, records } = await written(entries);
    const whole = readFileSync(path);
    const last = records.at(-1) ?? 0;
    for (let end = last + 1; end < whole.length; end++) {
      writeFileSync(path, whole.subarray(0, end));
      expect(await readLogEnds(dir)).toMatchObject({ torn: { path, offset: last }, last: { index: 2 } });
    }
    writeFileSync(path, whole.subarray(0, last));
    expect((await readLogEnds(dir)).torn).toBeUndefined();
  });

  test("is torn when one of its sectors was not written, and damaged when a byte has changed", async () => {
    const { dir, path, records } = await written(entries);
    const whole = readFileSync(path);
    const [long = 0, state = 0] = records.slice(-2);
    const sector = Math.ceil((long + 8) / 512) * 512;
    const torn = Buffer.from(whole.subarray(0, state));
    torn.fill(0, sector, sector + 512);
    writeFileSync(path, torn);
    expect(await readLogEnds(dir)).toMatchObject({ torn: { path, offset: long }, last: { index: 1 } });
    const changed = Buffer.from(whole.subarray(0, state));
    changed.writeUInt8((changed[sector] ?? 0) ^ 1, sector);
    writeFileSync(path, changed);
    await expect(readLogEnds(dir)).rejects.toThrow(/cannot be read at byte \d+: a record does not match.*Remove this/);
  });

  test("ends where the file is zero from then on, since etcd makes its files longer than their contents", async () => {
    const { dir, path } = await written(entries);
    writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.alloc(4096)]));
    expect(await readLogEnds(dir)).toMatchObject({ torn: undefined, last: { index: 2 } });
  });
});

test("a changed byte before the end is damage, whatever it hits", async () => {
  const { dir, path, records } = await written([entry(1, 1, "first"), entry(2, 1, "second"), entry(3, 1, "third")]);
  const whole = readFileSync(path);
  const before = records.at(-2) ?? 0;
  const said = new Map<string, number>();
  for (let at = 0; at < before; at++) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << (at % 8)), at);
    writeFileSync(path, bytes);
    const ends = await readLogEnds(dir).catch((error: unknown) => error);
    // A length that leads beyond the file looks like a torn end, as to etcd. Then committed entries are missing.
    const outcome =
      ends instanceof WalDamage
        ? "damage"
        : ends instanceof Error
          ? ends.name
          : (ends as { torn: unknown; last?: { index: number } }).last?.index === 3
            ? "whole"
            : "shorter than what is committed";
    said.set(outcome, (said.get(outcome) ?? 0) + 1);
  }
  // Zeros that fill up a record are covered by no sum and mean nothing.
  expect(
    [...said.keys()].filter((outcome) => !["damage", "shorter than what is committed", "whole"].includes(outcome)),
  ).toEqual([]);
  expect(said.get("damage") ?? 0).toBeGreaterThan(before / 2);
});

test("a reader that goes on behind damage loses the damaged record, and at most the next one", async () => {
  const names = ["first", "second", "third", "fourth", "fifth"];
  const { dir, path, records } = await written(names.map((name, at) => entry(at + 1, 1, name)));
  const whole = readFileSync(path);
  // The segment begins with records of the sum, the owner and the snapshot; the hard state ends it.
  const [from = 0, to = 0] = records.slice(-4, -2);
  const frameBytes = 8;
  for (let at = from + frameBytes; at < to; at++) {
    const bytes = Buffer.from(whole);
    bytes.writeUInt8((bytes[at] ?? 0) ^ (1 << (at % 8)), at);
    writeFileSync(path, bytes);
    const damage: string[] = [];
    const found: number[] = [];
    for await (const { index } of openedEntries(await listSegments(dir), 0, ({ message }) => damage.push(message))) {
      found.push(index);
    }
    expect(found.filter((index) => index !== 3 && index !== 4)).toEqual([1, 2, 5]);
    const lost = [3, 4].filter((index) => !found.includes(index));
    // Zeros behind a record mean nothing.
    expect(damage.length > 0).toBe(lost.length > 0);
    const missing = `the entries 3 to ${lost.at(-1)} are missing`;
    expect(damage.some((what) => what.includes(missing))).toBe(lost.length > 0);
  }
  // A length that leads beyond the file hides what follows, but not the segments behind it.
  const next = path.replace(/0{16}-0{16}/, "0000000000000001-0000000000000003");
  const bytes = Buffer.from(whole);
  bytes.writeUInt32LE(0xff_ffff, from);
  writeFileSync(path, bytes);
  writeFileSync(next, whole);
  const found: number[] = [];
  for await (const { index } of openedEntries(await listSegments(dir), 0, () => undefined)) found.push(index);
  expect(found).toEqual([1, 2, 1, 2, 3, 4, 5]);
});

describe("files of the log", () => {
  test("that are missing in between are damage, and other files are left alone", async () => {
    const dir = newDir();
    const name = (at: number): string => join(dir, `000000000000000${at}-0000000000000000.wal`);
    for (const at of [1, 2, 4]) writeFileSync(name(at), "");
    writeFileSync(join(dir, "0.tmp"), "");
    await expect(listSegments(dir)).rejects.toThrow(`a file is missing between ${name(2)} and ${name(4)}`);
    rmSync(name(4));
    expect((await listSegments(dir)).map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  test("that are missing altogether are told", async () => {
    const dir = newDir();
    await expect(listSegments(dir)).rejects.toThrow(`${dir} holds no raft log of etcd: there is no .wal file`);
  });
});

test("a snapshot file is read back, and one that is damaged is passed over", async () => {
  const dir = newDir();
  for (const index of [5, 9]) {
    await writeSnapFile(dir, { metadata: { index, term: 2, confState }, data: Buffer.from(`at ${index}`) });
  }
  const [newest, older] = await snapFiles(dir);
  expect([newest, older]).toMatchObject([
    { index: 9, term: 2 },
    { index: 5, term: 2 },
  ]);
  if (newest === undefined) throw new Error("there is a newest file");
  const read = await readSnapFile(newest);
  expect(read?.metadata).toEqual({ index: 9, term: 2, confState });
  expect(Buffer.from(read?.data ?? []).toString()).toBe("at 9");
  const bytes = readFileSync(newest.path);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
  writeFileSync(newest.path, bytes);
  expect(await readSnapFile(newest)).toBeUndefined();
});
