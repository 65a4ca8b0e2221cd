import { EtcdError, type MemoryPot } from "../base/index.js";
import type { PinnedRange } from "../mvcc/index.js";
import type { Encoded, KeyValue, RangeResponse } from "../wire/index.js";
import { rangeResponse } from "./range.js";

/** Pairs in the order of an answer, and the memory that they are counted with. */
export interface PairGroup {
  readonly pairs: readonly Encoded<KeyValue>[];
  readonly costBytes: number;
}

/** A pair takes this much in memory beside its bytes: a view, its place in a list. */
export const pairOverheadBytes = 160;

/** What one read may keep between measuring its answer and sending it. The rest is read again when it is sent. */
const keptBytesMax = 16 * 1024 * 1024;

/** What a read holds while it lasts: a revision of the store, and memory. Both are let go of once. */
export class ReadHold {
  readonly pinned: PinnedRange;
  readonly #memory: MemoryPot;
  #bytes = 0;
  #closed = false;

  readonly #workingBytes: number;

  /** @param workingBytes what the read has in hand while it goes on; taken from `memory` already */
  constructor(pinned: PinnedRange, memory: MemoryPot, workingBytes: number) {
    this.pinned = pinned;
    this.#memory = memory;
    this.#workingBytes = workingBytes;
    this.#bytes = workingBytes;
  }

  /** The answer is measured, and nothing is in hand until it is taken. */
  pause(): void {
    this.release(this.#workingBytes);
  }

  /** The answer is taken: one call takes one range at a time, and has waited for the memory before. */
  resume(): void {
    this.#memory.take(this.#workingBytes);
    this.#bytes += this.#workingBytes;
  }

  /** @returns false when so much is not to be kept, for want of room or because one read may not keep more */
  keep(bytes: number): boolean {
    if (this.#bytes + bytes > keptBytesMax || !this.#memory.takeIfSpare(bytes)) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Takes what the read cannot do without. @throws EtcdError `overloaded` */
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
  /** Keys in the range, whatever limit and bounds left out. */
  readonly count: number;
  readonly pairCount: number;
  /** What the pairs take as fields of a `RangeResponse`, with their tags and lengths. */
  readonly pairBytes: number;
}

/**
 * The answer to a Range request that is too long to be held: it has been measured, and is read once more, as far as it
 * was not kept, while it is sent. Whoever has it closes it.
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

  /** The pairs in order, some at a time. May be called once. */
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

/** The answer in one piece, for a caller within this process. Closes the range. */
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

/** What a pair takes as field 2 of a `RangeResponse`: its tag, its length, itself. */
export function pairFieldBytes({ length }: Encoded<KeyValue>): number {
  return 1 + varintBytes(length) + length;
}

export function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes++;
  return bytes;
}
