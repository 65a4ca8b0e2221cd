import { assert } from "../base/index.js";
import type { Entry } from "../raft/index.js";
import { type Run, storedBytes } from "./record.js";

/** The most bytes of a run; longer ones are stored as several. */
const runBytesMax = 256 * 1024;

/** The runs of one segment, in order; none overlaps another. */
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

  /** Removes and returns the last run, if it holds `index` or later entries. */
  popFrom(index: number): Run | undefined {
    const end = this.#runs.at(-1);
    return end !== undefined && end.last >= index ? this.#runs.pop() : undefined;
  }
}

/** Splits entries into the runs that they are stored as: one, unless they are long. */
export function runsOf(entries: readonly Entry[]): readonly (readonly Entry[])[] {
  const runs: (readonly Entry[])[] = [];
  let from = 0;
  let bytes = 0;
  for (const [at, entry] of entries.entries()) {
    bytes += storedBytes(entry);
    if (bytes <= runBytesMax || at === from) continue;
    runs.push(entries.slice(from, at));
    from = at;
    bytes = storedBytes(entry);
  }
  runs.push(from === 0 ? entries : entries.slice(from));
  return runs;
}
