import type { Turns } from "../base/index.js";

/** So many are sorted at once; longer lists are sorted in runs, which are merged. */
const runLength = 2_048;
const stepBytes = 256;

/**
 * Sorts a long list with the event loop free in between. Equals keep their order.
 *
 * @param check called after each rest; what it throws ends the work
 */
export async function sortInTurns<Item>(
  items: readonly Item[],
  order: (one: Item, other: Item) => number,
  turns: Turns,
  check: () => void,
): Promise<Item[]> {
  const rest = async (): Promise<void> => {
    await turns.rest();
    check();
  };
  let runs: Item[][] = [];
  for (let at = 0; at < items.length; at += runLength) {
    runs.push(items.slice(at, at + runLength).sort(order));
    if (turns.over(runLength * stepBytes)) await rest();
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let at = 0; at < runs.length; at += 2) {
      const [one = [], other = []] = runs.slice(at, at + 2);
      merged.push(await mergeInTurns(one, other, order, turns, rest));
    }
    runs = merged;
  }
  return runs[0] ?? [];
}

async function mergeInTurns<Item>(
  one: Item[],
  other: Item[],
  order: (one: Item, other: Item) => number,
  turns: Turns,
  rest: () => Promise<void>,
): Promise<Item[]> {
  if (other.length === 0) return one;
  const merged: Item[] = [];
  let [left, right] = [0, 0];
  for (;;) {
    const [first, second] = [one[left], other[right]];
    if (first === undefined && second === undefined) return merged;
    if (second === undefined || (first !== undefined && order(first, second) <= 0)) {
      if (first !== undefined) merged.push(first);
      left++;
    } else {
      merged.push(second);
      right++;
    }
    if (turns.over(stepBytes)) await rest();
  }
}
