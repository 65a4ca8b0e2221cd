import type { Key } from "./ids.js";
import { PackedKeys } from "./packed-keys.js";
import type { Steps, WorkBudget } from "./turns.js";

/** Number of keys that are sorted at once; takes about two milliseconds. */
const keysOfRun = 4_096;
/** Bytes that could be read in the time in which a key is read and sorted, in the unit of `WorkBudget`. */
const bytesOfKey = 512;

/**
 * Sorts keys in steps. All but a few thousand of them are outside of V8's heap, until the result is walked.
 *
 * @param keys is read in the same steps
 */
export function* sortKeysInSteps(keys: Iterable<Key>, budget: WorkBudget): Steps<Iterable<Key>> {
  const runs: Iterable<Key>[] = [];
  let run: Key[] = [];
  for (const key of keys) {
    run.push(key);
    if (run.length === keysOfRun) {
      runs.push(packed(run.sort(compareKeys)));
      run = [];
    }
    if (budget.over(bytesOfKey)) yield;
  }
  run.sort(compareKeys);
  return runs.length === 0 ? run : { [Symbol.iterator]: () => merge([...runs, run]) };
}

function packed(keys: readonly Key[]): PackedKeys {
  const list = new PackedKeys();
  for (const key of keys) list.push(key);
  return list;
}

interface Cursor {
  head: Key;
  readonly rest: Iterator<Key>;
}

function* merge(runs: readonly Iterable<Key>[]): Generator<Key, void, undefined> {
  /** Sorted by head. */
  const cursors: Cursor[] = [];
  for (const run of runs) place(cursors, run[Symbol.iterator]());
  for (let first = cursors.shift(); first !== undefined; first = cursors.shift()) {
    yield first.head;
    place(cursors, first.rest);
  }
}

/** Puts a run into its place by its next key; leaves it out when it has none. */
function place(cursors: Cursor[], rest: Iterator<Key>): void {
  const next = rest.next();
  if (next.done === true) return;
  const head = next.value;
  let low = 0;
  let high = cursors.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((cursors[middle]?.head ?? "") < head) low = middle + 1;
    else high = middle;
  }
  cursors.splice(low, 0, { head, rest });
}

/** Keys are latin1 strings, so comparing two of them compares their bytes. */
function compareKeys(one: Key, other: Key): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
