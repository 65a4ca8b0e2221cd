import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { seededRandom, silentLogger } from "../../src/base/index.js";
import { freezeLog, openStoredLog, Wal } from "../../src/wal/index.js";
import { checksums } from "../utl/stopped-member.js";
import { entries, show, snapshotAt } from "./log.js";

// Tests that a log of several segments can be copied and read in pieces, with the entries that a start would find.

const folder = mkdtempSync(join(tmpdir(), "etcd-stored-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([1, 2, 3, 4])(
  "what a log tells is what a start would read, and the log does not change (seed %i)",
  async (seed) => {
    const dir = join(folder, `log-${seed}`);
    const random = seededRandom(seed);
    const upTo = (count: number): number => 1 + random.int(count);
    const { wal } = await Wal.open({ dir, logger: silentLogger, segmentBytes: 2_000 });
    let [last, term, compacted] = [0, 1, 0];
    for (let round = 0; round < 120; round++) {
      // A new term may replace the end of the log, also that of an earlier segment.
      if (round % 9 === 8) {
        term++;
        last = Math.max(compacted, last - upTo(30));
      }
      const count = upTo(8);
      await wal.save({ entries: entries(last + 1, ...Array<number>(count).fill(term)) });
      last += count;
      if (round === 60) {
        await wal.save({ snapshot: snapshotAt(last - 5, term), hardState: { term, vote: 1n, commit: last - 5 } });
        compacted = last - 20;
        await wal.compact(compacted);
      }
    }
    await wal.close();
    const before = checksums(dir);
    const copy = join(folder, `copy-${seed}`);
    await freezeLog(dir, copy);
    const stored = await openStoredLog(copy);
    const found = [];
    for await (const entry of stored.entries(compacted + 1)) found.push(entry);
    const some = [];
    for await (const entry of stored.entries(last - 10)) some.push(entry);
    expect((await stored.snapshots()).map(({ metadata }) => metadata.index)).toHaveLength(1);
    await stored.close();
    expect(checksums(dir)).toEqual(before);
    const opened = await Wal.open({ dir, logger: silentLogger, segmentBytes: 2_000 });
    await opened.wal.close();
    const from = opened.snapshot?.metadata.index ?? 0;
    expect(show(found.filter(({ index }) => index > from))).toBe(show(opened.entries));
    expect(show(some)).toBe(show(opened.entries.filter(({ index }) => index >= last - 10)));
    expect(stored.state).toMatchObject({ batch: { last }, compacted: { index: compacted } });
  },
);
