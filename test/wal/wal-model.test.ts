import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type Random, seededRandom, silentLogger } from "../../src/base/index.js";
import type { Entry } from "../../src/raft/index.js";
import { type RaftLog, Wal } from "../../src/wal/index.js";
import { copyLive } from "./live-copy.js";
import { snapshotAt } from "./log.js";

const root = mkdtempSync(join(tmpdir(), "wal-model-"));
afterAll(() => rmSync(root, { recursive: true }));

/** The expected contents of the log: the entries after the compacted one. */
interface Model {
  entries: Entry[];
  compacted: { index: number; term: number };
  term: number;
}

function lastIndex({ entries, compacted }: Model): number {
  return entries.at(-1)?.index ?? compacted.index;
}

/** Random entries from `first` on. Some are long, and such entries are stored one by one. */
function someEntries(first: number, term: number, random: Random): Entry[] {
  const bytes = random.int(10) === 0 ? 150_000 : random.int(50);
  return Array.from({ length: 1 + random.int(6) }, (_, at) => ({
    term,
    index: first + at,
    type: "EntryNormal",
    data: Buffer.alloc(bytes, random.int(256)),
  }));
}

async function step(wal: RaftLog, model: Model, random: Random): Promise<void> {
  const last = lastIndex(model);
  const { index } = model.compacted;
  switch (random.int(8)) {
    case 0: {
      if (last === index) return;
      const at = index + 1 + random.int(last - index);
      const term = model.entries[at - index - 1]?.term ?? 0;
      await wal.save({ snapshot: snapshotAt(at, term) });
      await wal.compact(at);
      model.entries = model.entries.filter((entry) => entry.index > at);
      model.compacted = { index: at, term };
      return;
    }
    case 1: {
      if (random.int(4) > 0) return;
      const at = index + 1 + random.int(last - index + 5);
      model.term++;
      const entries = someEntries(at + 1, model.term, random);
      await wal.save({ snapshot: snapshotAt(at, model.term), entries });
      model.entries = entries;
      model.compacted = { index: at, term: model.term };
      return;
    }
    case 2:
    case 3: {
      const first = index + 1 + random.int(last - index + 1);
      if (first <= last) model.term++;
      const entries = someEntries(first, model.term, random);
      await wal.save({ entries });
      model.entries = [...model.entries.filter((entry) => entry.index < first), ...entries];
      return;
    }
    default: {
      const entries = someEntries(last + 1, model.term, random);
      await wal.save({ entries });
      model.entries.push(...entries);
    }
  }
}

/** Reads the log in parts from a random place on, while it goes on being written to. */
async function readSome(wal: RaftLog, model: Model, random: Random): Promise<void> {
  const { index } = model.compacted;
  const end = lastIndex(model) + 1;
  if (end === index + 1) return;
  let first = index + 1 + random.int(end - index - 1);
  const want = model.entries.filter((entry) => entry.index >= first).map(plain);
  const found: string[] = [];
  for (let part = await wal.read(first, end, 40_000); part.length > 0; part = await wal.read(first, end, 40_000)) {
    found.push(...part.map(plain));
    first += part.length;
  }
  expect(found).toEqual(want);
}

/** The second has segments that are full after a few saves. */
const logs = [
  { name: "one segment", segmentBytes: 2 ** 30, steps: 12 },
  { name: "many segments", segmentBytes: 200_000, steps: 60 },
];

for (const [seed, { name, segmentBytes, steps: stepsMax }] of Array.from({ length: 16 }, (_, at) => {
  return [at + 1, logs[at % 2] ?? { name: "", segmentBytes: 0, steps: 0 }] as const;
})) {
  test(`random saves, overwrites, snapshots and compactions of ${name} can be read back (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const dir = join(root, String(seed));
    const model: Model = { entries: [], compacted: { index: 0, term: 0 }, term: 1 };
    for (let life = 0; life < 3; life++) {
      const { wal } = await Wal.open({ dir, logger: silentLogger, segmentBytes });
      for (let steps = 0; steps < stepsMax; steps++) {
        await step(wal, model, random);
        if (random.int(3) === 0) await readSome(wal, model, random);
        if (random.int(20) === 0) await expectAfterCrash(dir, model);
      }
      await wal.close();
      const { wal: again, entries } = await Wal.open({ dir, logger: silentLogger });
      await again.close();
      expect(entries.map(plain)).toEqual(model.entries.map(plain));
    }
  });
}

/** Copies the files as a killed process leaves them, and reads the copy. */
async function expectAfterCrash(dir: string, model: Model): Promise<void> {
  const copy = `${dir}-copy`;
  copyLive(dir, copy);
  const { wal, entries } = await Wal.open({ dir: copy, logger: silentLogger });
  await wal.close();
  rmSync(copy, { recursive: true });
  expect(entries.map(plain)).toEqual(model.entries.map(plain));
}

function plain({ term, index, data }: Entry): string {
  return `${index}/${term} ${data.byteLength} ${data[0]}`;
}
