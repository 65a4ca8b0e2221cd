import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Random } from "../../../src/base/index.js";
import { KeyIndex } from "../../../src/mvcc/keys/key-index.js";
import { noRow } from "../../../src/mvcc/keys/key-rows.js";
import { operationsOfRound, testInRounds } from "../../support/random-rounds.js";
import { IndexPair } from "./index-pair.js";

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

/** Names of the keys of a round. Some share a long beginning, some are long, and some have any bytes. */
function namesOf(random: Random): string[] {
  const name = oneOf<(at: number) => string>(random, [
    keyOf,
    (at) => `registry/pods/namespace-${at % 17}/pod-${(Math.imul(at, 2654435761) >>> 0).toString(36)}`,
    () => Array.from({ length: random.int(8) }, () => oneOf(random, ["\0", "a", "b", "\x7f", "\xff"])).join(""),
    (at) => `${"p".repeat(random.int(2) * 200)}${at}`.padEnd(random.int(1_000), "x"),
  ]);
  const long = name(1).length > 50 || name(2).length > 50;
  const count = oneOf(random, long ? [40, 2_000] : [40, 2_000, 50_000]);
  return Array.from({ length: count }, (_, at) => name(at));
}

function oneOf<T>(random: Random, all: readonly T[]): T {
  const one = all[random.int(all.length)];
  if (one === undefined) throw new Error("there is nothing to choose from");
  return one;
}

/** Does random operations to an index that grows first and shrinks then, several times. */
function round(random: Random): void {
  const pair = new IndexPair();
  const names = namesOf(random);
  const operationsOfPhase = 10_000 + random.int(30_000);
  for (let at = 0; at < operationsOfRound; at++) {
    const grows = Math.floor(at / operationsOfPhase) % 2 === 0;
    const key = oneOf(random, names);
    const kind = random.int(100);
    if (kind < (grows ? 50 : 10)) pair.put(key, random.int(4) === 0, random.int(8) === 0 ? -random.bits64() / 2n : 0n);
    else if (kind < 55) pair.bury(key, random.int(4) === 0);
    else if (kind < 60 && !grows) at += pair.buryRange(key, 1 + random.int(60));
    else if (kind < 62) pair.count(key, random.int(8) === 0 ? undefined : oneOf(random, names));
    else if (kind < 64) pair.walk(key, random.int(2) === 0 ? undefined : oneOf(random, names), 1 + random.int(50));
    else if (kind === 64) pair.forget(key, pair.compacted + random.int(pair.revision - pair.compacted + 1));
    else pair.read(key, pair.compacted + random.int(pair.revision - pair.compacted + 1));
    if (random.int(6_000) === 0) {
      const revision = pair.compacted + random.int(pair.revision - pair.compacted + 2);
      pair.compact(random.int(2) === 0 ? revision : pair.revision, 1 + random.int(5_000));
    }
    if (random.int(30_000) === 0) pair.compare();
  }
  pair.compare();
  pair.clear();
}

const number = fc.nat(400);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ put: number }) },
  { weight: 4, arbitrary: fc.record({ bury: number }) },
  { weight: 1, arbitrary: fc.record({ compact: fc.integer({ min: 1, max: 100 }) }) },
  { weight: 1, arbitrary: fc.record({ count: fc.tuple(number, number) }) },
);

function happen(pair: IndexPair, step: Step): void {
  if ("put" in step) pair.put(keyOf(step.put));
  else if ("bury" in step) pair.bury(keyOf(step.bury));
  else if ("compact" in step) pair.compact(Math.floor((pair.revision * step.compact) / 100), 50);
  else pair.count(keyOf(step.count[0]), keyOf(step.count[1]));
}

describe("KeyIndex agrees with its model", () => {
  test("after any steps", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: "max" }), (steps) => {
        const pair = new IndexPair();
        for (const each of steps) happen(pair, each);
        pair.compare();
      }),
      { numRuns: 100 },
    );
  });

  testInRounds("after many random operations on its keys", 0.4, round);
});

for (const { name, deleted, revision, left } of [
  { name: "all but the newest put", deleted: false, revision: 20_003, left: 1 },
  { name: "half of them", deleted: false, revision: 10_000, left: 10_004 },
  { name: "all of them", deleted: true, revision: 20_004, left: 0 },
]) {
  test(`a key with very many records is compacted in several slices: ${name}`, () => {
    const index = new KeyIndex();
    for (let main = 1; main <= 20_003; main++) index.put("many", main, 0);
    if (deleted) index.bury("many", index.get("many"), 20_004, 0);
    index.put("next", 20_005, 0);
    const dropped: number[] = [];
    const buried: string[] = [];
    const slices: number[] = [];
    for (let low: string | undefined = ""; low !== undefined; ) {
      const before = dropped.length;
      const full = (): boolean => false;
      const drop = (main: number): void => void dropped.push(main);
      low = index.compactSlice(low, revision + (deleted ? 1 : 0), drop, full, (_, { key }) => buried.push(key)).next;
      slices.push(dropped.length - before);
    }
    expect(Math.max(...slices)).toBeLessThanOrEqual(5_000 + 1);
    expect(dropped).toEqual(Array.from({ length: dropped.length }, (_, at) => at + 1));
    expect(index.records.count).toBe(left + 1);
    expect(buried).toEqual(deleted ? ["many"] : []);
    const row = index.get("many");
    const { records } = index;
    if (deleted) expect(row).toBe(noRow);
    else expect(records.mainAt(row, 0), "the oldest record that is left").toBe(revision);
    if (!deleted) expect(records.mainAt(row, left - 1)).toBe(20_003);
  });
}

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
