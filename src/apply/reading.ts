import { EtcdError, type MemoryAsker, type MemoryPot, type Turns } from "../base/index.js";
import type { RangeScan } from "../mvcc/index.js";
import type { RangeRequest } from "../wire/index.js";
import type { ReadHold } from "./long-range.js";

/** The most bytes of stored pairs in one turn of a read. */
export const turnBytes = 256 * 1024;

/** Working memory of a read: the pairs of one turn are sent while those of the next are read. */
export const workingBytes = 2 * turnBytes;

/** The asker of a read, and the memory that the read is counted with. */
export interface ReadContext {
  /** Caller that waits for the answer; when it has given up, the read ends, too. */
  readonly asker: MemoryAsker;
  readonly memory: MemoryPot;
  /** An answer with more bytes of pairs than this is sent in parts. */
  readonly shortBytesMax: number;
}

/** A range that is being read. */
export interface Reading {
  readonly request: RangeRequest;
  readonly hold: ReadHold;
  readonly context: ReadContext;
  readonly turns: Turns;
}

/**
 * Reads pairs until the turn is over, `turnBytes` have been read, or there are `pairsMax` of them.
 *
 * @returns whether the turn is over: the caller rests before the next step
 */
export function readTurn(scan: RangeScan, turns: Turns, pairsMax = Number.POSITIVE_INFINITY): boolean {
  let read = 0;
  let late = false;
  scan.step((bytes) => {
    read += bytes;
    late = turns.over(bytes);
    return late || read >= turnBytes || scan.kvs.length >= pairsMax;
  });
  return late && !scan.done;
}

/** Waits for values that other threads bring into memory. The wait is no part of the turn. */
export async function inOtherThreads(ahead: Promise<void>, turns: Turns): Promise<void> {
  await ahead;
  turns.begin();
}

/** @throws EtcdError `canceled` when the asker is gone */
export async function rest(turns: Turns, asker: MemoryAsker): Promise<void> {
  await turns.rest();
  checkAsked(asker);
}

/** @throws EtcdError `canceled` when the asker is gone */
export function checkAsked({ cancelled }: MemoryAsker): void {
  if (cancelled) throw new EtcdError("canceled");
}
