import type { Steps, WorkBudget } from "./turns.js";

/** Number of items that are sorted at once; takes some hundred microseconds. */
const runLength = 512;
/** Cost of sorting one item of a run, in the unit of `WorkBudget`: bytes that could be read in the same time. */
const bytesOfSorting = 1024;

/** Returns a sorted copy of `items`, in steps; equal items keep their order. */
export function* sortInSteps<Item extends string | object>(
  items: readonly Item[],
  compare: (one: Item, other: Item) => number,
  budget: WorkBudget,
): Steps<Item[]> {
  let runs: Item[][] = [];
  for (let at = 0; at < items.length; at += runLength) {
    const run = items.slice(at, at + runLength).sort(compare);
    runs.push(run);
    if (budget.over(run.length * bytesOfSorting)) yield;
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const [left = [], right] = runs.slice(at, at + 2);
      merged.push(right === undefined ? left : yield* merge(left, right, compare, budget));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

function* merge<Item extends string | object>(
  left: readonly Item[],
  right: readonly Item[],
  compare: (one: Item, other: Item) => number,
  budget: WorkBudget,
): Steps<Item[]> {
  const merged: Item[] = [];
  let at = 0;
  for (const item of left) {
    for (let next = right[at]; next !== undefined && compare(next, item) < 0; next = right[++at]) {
      merged.push(next);
      if (budget.over(0)) yield;
    }
    merged.push(item);
    if (budget.over(0)) yield;
  }
  for (; at < right.length; at++) {
    const item = right[at];
    if (item !== undefined) merged.push(item);
    if (budget.over(0)) yield;
  }
  return merged;
}
