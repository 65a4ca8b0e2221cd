import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { KeyIndex } from "../../../src/mvcc/keys/key-index.js";
import { KeyEntry } from "../model/key-entry.js";
import { KeyTree } from "../model/key-tree.js";

type Step =
  | { readonly put: number }
  | { readonly bury: number }
  | { readonly compact: number }
  | { readonly count: readonly [number, number] };

/** Keys of which many begin alike, and some are long. */
function keyOf(number: number): string {
  if (number % 7 === 0) return `registry/pods/${number}`;
  return number % 31 === 0 ? `${number}`.padEnd(2_000, "x") : `k${number}`;
}

/** All records of all keys, in order. */
function recordsOf(index: KeyIndex): string[] {
  const found: string[] = [];
  const { records } = index;
  index.walk("", undefined, (row, { key }) => {
    const { rows } = records;
    const older = Array.from({ length: rows.olderCount(row) }, (_, at) => [
      records.mainAt(row, at),
      records.subAt(row, at),
    ]);
    const newest = [rows.main(row), rows.sub(row), rows.createRevision(row), rows.version(row), rows.bytesOf(row)];
    return found.push(`${key} ${JSON.stringify([older, newest])}`) > 0;
  });
  return found;
}

function recordsOfModel(model: KeyTree<KeyEntry>): string[] {
  const found: string[] = [];
  model.walk("", undefined, (key, entry) => {
    const older = Array.from({ length: entry.olderCount }, (_, at) => [entry.mainAt(at), entry.subAt(at)]);
    const newest = [entry.main, entry.sub, entry.createRevision, entry.version, entry.bytes];
    return found.push(`${key} ${JSON.stringify([older, newest])}`) > 0;
  });
  return found;
}

/** Does the same to an index and to its model, and compares what both answer. */
class Pair {
  readonly index = new KeyIndex();
  readonly model = new KeyTree<KeyEntry>();
  #main = 1;

  do(step: Step): void {
    if ("put" in step) this.#put(keyOf(step.put));
    else if ("bury" in step) this.#bury(keyOf(step.bury));
    else if ("compact" in step) this.#compact(Math.floor((this.#main * step.compact) / 100));
    else this.#count(keyOf(step.count[0]), keyOf(step.count[1]));
  }

  compare(): void {
    expect(recordsOf(this.index)).toEqual(recordsOfModel(this.model));
    expect(this.index.alive).toBe(this.model.alive);
  }

  #put(key: string): void {
    const main = ++this.#main;
    const row = this.index.put(key, main, 1);
    this.index.records.rows.setBytes(row, main);
    const entry = this.model.getOrInsert(key, new KeyEntry(main, 1, main, 1));
    if (entry.main !== main) {
      const was = entry.alive;
      entry.put(main, 1);
      if (!was) this.model.changed(key, entry);
    }
    entry.bytes = main;
  }

  #bury(key: string): void {
    const entry = this.model.get(key);
    const row = this.index.get(key);
    expect(row === 0).toBe(entry === undefined);
    if (entry?.alive !== true) return;
    const main = ++this.#main;
    this.index.bury(key, row, main, 0);
    entry.bury(main, 0);
    this.model.changed(key, entry);
  }

  #compact(revision: number): void {
    const [dropped, droppedOfModel]: [unknown[], unknown[]] = [[], []];
    for (let low: string | undefined = ""; low !== undefined; ) {
      let left = 50;
      const drop = (...record: unknown[]): unknown => dropped.push(record);
      low = this.index.compactSlice(low, revision, drop, () => left-- === 0).next;
    }
    const gone: string[] = [];
    this.model.walk("", undefined, (key, entry) => {
      if (entry.compact(revision, (...record) => droppedOfModel.push(record)) === "gone") gone.push(key);
      return true;
    });
    for (const key of gone) this.model.delete(key);
    expect(dropped).toEqual(droppedOfModel);
  }

  #count(low: string, high: string): void {
    expect(this.index.count(low, high, this.#main)).toBe(this.model.count(low, high));
    const before = this.index.count(low, high, this.#main - 1);
    expect(before).toBe(this.#main === 1 ? 0 : undefined);
  }
}

const number = fc.nat(400);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ put: number }) },
  { weight: 4, arbitrary: fc.record({ bury: number }) },
  { weight: 1, arbitrary: fc.record({ compact: fc.integer({ min: 1, max: 100 }) }) },
  { weight: 1, arbitrary: fc.record({ count: fc.tuple(number, number) }) },
);

describe("KeyIndex agrees with its model", () => {
  test("after any steps", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
        const pair = new Pair();
        for (const each of steps) pair.do(each);
        pair.compare();
      }),
      { numRuns: 100 },
    );
  });

  test("after 60,000 steps with four thousand keys", () => {
    const pair = new Pair();
    let state = 7;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * below);
    };
    for (let at = 1; at <= 60_000; at++) {
      const kind = random(10);
      const key = random(4_000);
      if (at % 6_000 === 0) pair.do({ compact: 90 });
      else if (kind < 6) pair.do({ put: key });
      else if (kind < 9) pair.do({ bury: key });
      else pair.do({ count: [key, random(4_000)] });
    }
    pair.compare();
  });
});

test("an index of 300,000 keys takes less than 80 bytes a key beside the names, and no objects", () => {
  const index = new KeyIndex();
  const count = 300_000;
  let nameBytes = 0;
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let at = 0; at < count; at++) {
    const key = `registry/pods/namespace-${at % 97}/pod-${(Math.imul(at, 2654435761) >>> 0).toString(36)}`;
    nameBytes += key.length;
    index.put(key, at + 2, 0);
  }
  expect(index.alive).toBe(count);
  expect((index.bytes - nameBytes) / count).toBeLessThan(80);
  collect();
  expect((process.memoryUsage().heapUsed - before) / count).toBeLessThan(10);
});
