import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { FirstReads } from "../../../src/rpc/http/first-reads.js";

test("new connections begin at once, and very many of them in groups, turn by turn and in order", async () => {
  const reads = new FirstReads();
  const begun: number[] = [];
  const start = (from: number, through: number): void => {
    for (let at = from; at <= through; at++) reads.start(() => begun.push(at));
  };
  start(1, 70);
  const counts = [begun.length];
  await nextTurn();
  counts.push(begun.length);
  start(71, 72);
  counts.push(begun.length);
  for (let turn = 0; turn < 3; turn++) {
    await nextTurn();
    counts.push(begun.length);
  }
  expect(counts).toEqual([32, 64, 64, 72, 72, 72]);
  expect(begun).toEqual(Array.from({ length: 72 }, (_, at) => at + 1));
  start(73, 74);
  expect(begun.length).toBe(74);
});
