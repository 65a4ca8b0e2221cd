import { EtcdError, type MemoryPot } from "../base/index.js";
import type { PinnedRange } from "../mvcc/index.js";
import type { Encoded, KeyValue, RangeResponse } from "../wire/index.js";
import { rangeResponse } from "./range.js";

/** Consecutive pairs of an answer, and the bytes of memory that are counted for them. */
export interface PairGroup {
  readonly pairs: readonly Encoded<KeyValue>[];
  readonly costBytes: number;
}

/** Memory of a pair beside its bytes: a view, and its place in a list. */
export const pairOverheadBytes = 160;

/**
 * The most bytes that one read keeps between measuring its answer and sending it. The rest is read again when it is
 * sent.
 */
const keptBytesMax = 16 * 1024 * 1024;

/** The resources of a read while it lasts: a pinned revision of the store, and memory. Closing releases both once. */
export class ReadHold {
  readonly pinned: PinnedRange;
  readonly #memory: MemoryPot;
  #bytes = 0;
  #closed = false;

  readonly #workingBytes: number;

  /** @param workingBytes memory for the pairs that the read is working on; the caller has taken it from `memory` */
  constructor(pinned: PinnedRange, memory: MemoryPot, workingBytes: number) {
    this.pinned = pinned;
    this.#memory = memory;
    this.#workingBytes = workingBytes;
    this.#bytes = workingBytes;
  }

  /** Releases the working memory after the answer has been measured, until it is sent. */
  pause(): void {
    this.release(this.#workingBytes);
  }

  /**
   * Takes the working memory again to send the answer. This is not refused: one call sends one range at a time, and has
   * waited for the memory before.
   */
  resume(): void {
    this.#memory.take(this.#workingBytes);
    this.#bytes += this.#workingBytes;
  }

  /** @returns false when the bytes must not be kept, since memory is short or the bound of one read is reached */
  keep(bytes: number): boolean {
    if (this.#bytes + bytes > keptBytesMax || !this.#memory.takeIfSpare(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Takes memory without which the read cannot go on. @throws EtcdError `overloaded` */
  need(bytes: number): void {
    if (!this.#memory.tryTake(bytes)) throw new EtcdError("overloaded");
    this.#bytes += bytes;
  }

  release(bytes: number): void {
    if (this.#closed) return;
    this.#bytes -= bytes;
    this.#memory.release(bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#memory.release(this.#bytes);
    this.pinned.close();
  }
}

export interface LongRangeFields {
  /** The store's revision when the range was opened. */
  readonly revision: number;
  readonly more: boolean;
  /** Number of keys in the range, including those that the limit and the revision bounds leave out. */
  readonly count: number;
  readonly pairCount: number;
  /** Encoded size of all pairs as fields of a `RangeResponse`, with their tags and lengths. */
  readonly pairBytes: number;
}

/**
 * The answer to a Range request that is too long to be kept. It has been measured, and the parts that were not kept are
 * read again while it is sent. Its owner must close it.
 */
export class LongRange {
  readonly revision: number;
  readonly more: boolean;
  readonly count: number;
  readonly pairCount: number;
  readonly pairBytes: number;
  readonly #hold: ReadHold;
  readonly #groups: () => AsyncGenerator<PairGroup, void, undefined>;

  constructor(fields: LongRangeFields, hold: ReadHold, groups: () => AsyncGenerator<PairGroup, void, undefined>) {
    this.revision = fields.revision;
    this.more = fields.more;
    this.count = fields.count;
    this.pairCount = fields.pairCount;
    this.pairBytes = fields.pairBytes;
    this.#hold = hold;
    this.#groups = groups;
    hold.pause();
  }

  /** The pairs in order, in groups. May be called once. */
  async *pairs(): AsyncGenerator<readonly Encoded<KeyValue>[], void, undefined> {
    this.#hold.resume();
    for await (const { pairs, costBytes } of this.#groups()) {
      yield pairs;
      this.#hold.release(costBytes);
    }
    this.#hold.pause();
  }

  close(): void {
    this.#hold.close();
  }
}

/** The whole answer, for a caller within this process. Closes the range. */
export async function wholeRange(answer: RangeResponse | LongRange): Promise<RangeResponse> {
  if (!(answer instanceof LongRange)) return answer;
  try {
    const kvs: Encoded<KeyValue>[] = [];
    for await (const pairs of answer.pairs()) for (const pair of pairs) kvs.push(pair);
    return rangeResponse({ kvs, more: answer.more, count: answer.count, revision: answer.revision });
  } finally {
    answer.close();
  }
}

/** Size of a pair as field 2 of a `RangeResponse`: its tag, its length, its bytes. */
export function pairFieldBytes({ length }: Encoded<KeyValue>): number {
  return 1 + varintBytes(length) + length;
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
