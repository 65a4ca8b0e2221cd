import { setImmediate as nextTurn } from "node:timers/promises";
import type { Backend } from "../../../src/backend/index.js";
import { type Clock, type Key, silentLogger, systemClock } from "../../../src/base/index.js";
import type { CheckpointPace } from "../../../src/mvcc/checkpoint/budget.js";
import { openIndex } from "../../../src/mvcc/checkpoint/open-index.js";
import { storedCompactions } from "../../../src/mvcc/compaction.js";
import { openStore, type Store, type StoreOptions } from "../../../src/mvcc/index.js";
import type { KeyIndex } from "../../../src/mvcc/keys/key-index.js";
import type { Disk } from "./disk.js";

/** A checkpoint is due at each look. */
export const always: CheckpointPace = { lookMs: 123_456, tailBytesMin: 0, share: 1e6 };

/** A pause of a compaction that ends when the test says so. */
export const untilTold = 654_321;

/** The system's clock, except that the test says when it is time to look for a due checkpoint. */
export class LookClock implements Clock {
  #look: () => void = () => undefined;
  #goOn: () => void = () => undefined;

  now(): number {
    return systemClock.now();
  }

  wallTime(): number {
    return systemClock.wallTime();
  }

  after(delayMs: number, run: () => void): ReturnType<Clock["after"]> {
    if (delayMs === always.lookMs) this.#look = run;
    else if (delayMs === untilTold) this.#goOn = run;
    else return systemClock.after(delayMs, run);
    return { cancel: () => undefined };
  }

  /** Ends a pause of the compaction. */
  goOn(): void {
    this.#goOn();
  }

  /** Begins a checkpoint, unless one is being written. */
  look(): void {
    this.#look();
  }
}

export interface Opened {
  readonly store: Store;
  readonly backend: Backend;
  readonly clock: LookClock;
  /** Keys with leases, as the store tells them. */
  readonly leases: (readonly [Key, bigint])[];
}

export async function open(
  disk: Pick<Disk, "open">,
  releaseWithout = false,
  options: Partial<StoreOptions> = {},
): Promise<Opened> {
  const clock = new LookClock();
  const backend = await disk.open({ releaseWithout, clock });
  const leases: [Key, bigint][] = [];
  const store = await openStore({
    ...{ backend, clock, logger: silentLogger, checkpoints: always, compactionBatch: 3, compactionPauseMs: 0 },
    onLease: (key, id) => leases.push([key, id]),
    ...options,
  });
  return { store, backend, clock, leases };
}

/** Lets turns of the event loop pass. */
export async function rest(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

/** How a start would make the index: from a checkpoint, or from all rows; and all records that it would have. */
export async function startOf(backend: Backend): Promise<{ from: "checkpoint" | "rows"; records: string[] }> {
  const { index, checkpoint } = await openIndex(backend, storedCompactions(backend), systemClock, silentLogger);
  return { from: checkpoint === undefined ? "rows" : "checkpoint", records: recordsOf(index) };
}

/** All records of all keys, in order. */
export function recordsOf(index: KeyIndex): string[] {
  const found: string[] = [];
  const { rows } = index.records;
  index.walk("", undefined, (row, { key }) => {
    const newest = [rows.main(row), rows.sub(row), rows.createRevision(row), rows.version(row), rows.bytesOf(row)];
    found.push(`${key} ${[...index.records.older(row)]} ${newest} ${rows.leaseId(row)}`);
    return true;
  });
  return [...found, `${index.alive} of ${index.records.count}`];
}
