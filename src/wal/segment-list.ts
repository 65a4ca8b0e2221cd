import type { LevelBatch, LevelStore, StoredRow } from "../backend/index.js";
import type { LogState } from "./log-state.js";
import type { EarlierSegment, Recovered } from "./recovery.js";
import type { SegmentFolder, SegmentNumber } from "./segments.js";
import { allSnapshots } from "./snapshots.js";

/** Memory that LevelDB needs for a record beside its key and value. */
const overheadBytes = 64;

type ChangingState = { -readonly [Field in keyof LogState]: LogState[Field] };

interface ReadableSegment extends EarlierSegment {
  /** The last entry of the segment that was not replaced since. */
  readonly readableTo: number;
}

/**
 * The segments of an open log, and the step from one to the next. The next segment is made when the newest is half
 * full, and named in the state, which every batch writes. It gets its first batch when the newest is full. So the step
 * needs no write of its own, and a crash leaves either a new segment without a batch, which is not used yet, or one
 * that goes on where the one before ends.
 */
export class SegmentList {
  readonly #folder: SegmentFolder;
  readonly #bytesMax: number;
  #earlier: readonly ReadableSegment[];
  #number: SegmentNumber;
  #store: LevelStore;
  /** Bytes of records in the newest segment. */
  #bytes: number;
  /** The next segment while it is made, and until it is used. */
  #next: Promise<LevelStore> | undefined;
  #madeNext = false;
  /** A batch with the name of the next segment is on disk. */
  #namedNext = false;
  /** Records for the first batch of the newest segment: the snapshots, which belong to the whole log. */
  #carried: readonly StoredRow[] = [];
  /** The earlier segment that was opened again to read from it. */
  #reopened: { readonly number: SegmentNumber; readonly store: LevelStore } | undefined;
  /** End of the queue of reads, of which one runs at a time. */
  #reads: Promise<unknown> = Promise.resolve();
  /** Resolves when nothing reads from the newest segment, and from an earlier one. */
  #newestIsFree: Promise<unknown> = Promise.resolve();
  #earlierIsFree: Promise<unknown> = Promise.resolve();
  /** Resolves when the segments that are no longer written to are closed. */
  #closing: Promise<void> = Promise.resolve();
  /** End of the queue of removals. */
  #removing: Promise<void> = Promise.resolve();

  constructor(folder: SegmentFolder, bytesMax: number, { number, store, bytes, earlier, state }: Recovered) {
    this.#folder = folder;
    this.#bytesMax = bytesMax;
    this.#number = number;
    this.#store = store;
    this.#bytes = bytes;
    this.#earlier = earlier.map((segment) => ({ ...segment, readableTo: segment.last }));
    this.#namedNext = state !== undefined && state.next > 0;
  }

  /** The store of the newest segment. */
  get store(): LevelStore {
    return this.#store;
  }

  /** Removes what the last process left: segments without a batch, and those whose entries are all compacted. */
  async tidy(unused: readonly SegmentNumber[], { compacted, next }: LogState): Promise<void> {
    for (const number of unused) if (number !== next) await this.#folder.remove(number);
    await this.removeUpTo(compacted.index);
    await this.#folder.clean();
  }

  /** Goes on in the next segment when the newest is full. @returns whether it has */
  async advance(state: ChangingState): Promise<boolean> {
    if (this.#bytes < this.#bytesMax) return false;
    const store = await this.#prepare();
    state.next = this.#number + 1;
    // The batch that is written now names the next segment, which must not be used before that is on disk.
    if (!this.#namedNext) return false;
    this.#carried = [...this.#carried, ...(await allSnapshots(this.#store))];
    this.#earlier = [...this.#earlier, segmentUpTo(this.#number, state.batch.last)];
    const before = this.#store;
    const free = this.#newestIsFree;
    this.#closing = this.#closing.then(() => free).then(() => before.close());
    // The removal of the segment, or the end of the log, gets the error.
    this.#closing.catch(() => undefined);
    this.#store = store;
    this.#number++;
    this.#bytes = 0;
    this.#next = undefined;
    this.#madeNext = false;
    this.#namedNext = false;
    state.inherited = state.batch.last;
    state.next = 0;
    return true;
  }

  /** Adds to a batch what the newest segment must get with its first one. */
  begin(batch: LevelBatch): void {
    for (const [key, value] of this.#carried) batch.put(key, value);
  }

  put(batch: LevelBatch, key: Uint8Array, value: Uint8Array): void {
    batch.put(key, value);
    this.#bytes += key.byteLength + value.byteLength + overheadBytes;
  }

  /** A batch with this state is on disk. */
  written(state: ChangingState): void {
    this.#carried = [];
    if (state.next > 0) this.#namedNext = true;
    if (this.#madeNext) state.next = this.#number + 1;
    // An error waits for `advance`.
    else if (this.#bytes * 2 >= this.#bytesMax) this.#prepare().catch(() => undefined);
  }

  /**
   * The entries from `index` on, where they are in earlier segments, no longer belong to the log. The segments stay as
   * long as before: the batch with this change is not on disk yet.
   */
  cutFrom(index: number): void {
    this.#earlier = this.#earlier.map((segment) => {
      return { ...segment, readableTo: Math.min(segment.readableTo, index - 1) };
    });
  }

  /**
   * Reads from the segment that has the entry at `index`. That segment stays open until `work` has settled.
   *
   * @param work gets the store of the segment, and the last entry in it that belongs to the log
   */
  read<Result>(index: number, work: (store: LevelStore, last: number) => Promise<Result>): Promise<Result> {
    const result = this.#reads.then(() => {
      const earlier = this.#earlier.find(({ readableTo }) => readableTo >= index);
      if (earlier === undefined) {
        const read = work(this.#store, Number.POSITIVE_INFINITY);
        this.#newestIsFree = settled(read);
        return read;
      }
      const read = this.#reopen(earlier.number).then((store) => work(store, earlier.readableTo));
      this.#earlierIsFree = settled(read);
      return read;
    });
    this.#reads = settled(result);
    return result;
  }

  /** Removes the segments whose entries end at `index` or before. */
  removeUpTo(index: number): Promise<void> {
    const removed = this.#removing.then(() => this.#removeNow(index));
    this.#removing = removed.catch(() => undefined);
    return removed;
  }

  async close(): Promise<void> {
    await this.#removing;
    await this.#reads;
    await this.#closing;
    await this.#reopened?.store.close();
    const next = await this.#next?.catch(() => undefined);
    await next?.close();
    await this.#store.close();
  }

  /** The oldest go first, so that those that are left always follow each other. */
  async #removeNow(index: number): Promise<void> {
    await this.#closing;
    for (let [oldest] = this.#earlier; oldest !== undefined && oldest.last <= index; [oldest] = this.#earlier) {
      this.#earlier = this.#earlier.slice(1);
      // A read may have begun before the entries were compacted. A later one does not find the segment.
      await this.#earlierIsFree;
      if (this.#reopened?.number === oldest.number) await this.#closeReopened();
      await this.#folder.remove(oldest.number);
    }
  }

  /** Opens an earlier segment, which nobody writes to. LevelDB then puts the entries from its log into a table. */
  async #reopen(number: SegmentNumber): Promise<LevelStore> {
    if (this.#reopened?.number === number) return this.#reopened.store;
    await this.#closeReopened();
    await this.#closing;
    const store = await this.#folder.open(number);
    this.#reopened = { number, store };
    return store;
  }

  async #closeReopened(): Promise<void> {
    const store = this.#reopened?.store;
    this.#reopened = undefined;
    await store?.close();
  }

  #prepare(): Promise<LevelStore> {
    this.#next ??= this.#folder.open(this.#number + 1).then((store) => {
      this.#madeNext = true;
      return store;
    });
    return this.#next;
  }
}

function segmentUpTo(number: SegmentNumber, last: number): ReadableSegment {
  return { number, last, readableTo: last };
}

function settled(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch(() => undefined);
}
