import { assert } from "../base/index.js";
import type { Entry } from "../raft/index.js";
import { type Run, storedBytes } from "./record.js";

/** A longer run is stored as several. */
const runBytesMax = 256 * 1024;

/** Which runs are on disk, in order; none overlaps another. */
export class RunList {
  #runs: Run[];

  constructor(runs: readonly Run[]) {
    this.#runs = [...runs];
  }

  push(run: Run): void {
    const end = this.#runs.at(-1);
    assert(end === undefined || end.last < run.first, "a run follows the ones before");
    this.#runs.push(run);
  }

  /** Takes out the last run, if it reaches `index`. */
  popFrom(index: number): Run | undefined {
    const end = this.#runs.at(-1);
    return end !== undefined && end.last >= index ? this.#runs.pop() : undefined;
  }

  /** Takes out the first runs, `count` at most, that end at `index` or before. */
  shiftUpTo(index: number, count: number): Run[] {
    const behind = this.#runs.findIndex(({ last }) => last > index);
    return this.#runs.splice(0, Math.min(count, behind < 0 ? this.#runs.length : behind));
  }

  /** The run that holds an entry. */
  holding(index: number): Run | undefined {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#runs[middle]?.last ?? 0) < index) low = middle + 1;
      else high = middle;
    }
    const run = this.#runs[low];
    return run !== undefined && run.first <= index ? run : undefined;
  }
}

/** Cuts entries into the runs that they are stored as: one, unless they are long. */
export function* runsOf(entries: readonly Entry[]): Generator<readonly Entry[]> {
  let from = 0;
  let bytes = 0;
  for (const [at, entry] of entries.entries()) {
    bytes += storedBytes(entry);
    if (bytes <= runBytesMax || at === from) continue;
    yield entries.slice(from, at);
    from = at;
    bytes = storedBytes(entry);
  }
  yield from === 0 ? entries : entries.slice(from);
}
