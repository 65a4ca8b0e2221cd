import type { BackendView, Row } from "./backend.js";
import { type Bucket, bucketEnd, bucketStart, keyInBucket, storedKey } from "./buckets.js";
import type { DiskError } from "./disk-error.js";
import type { LevelSnapshot, LevelStore, StoredRow } from "./level-store.js";
import { type Change, changesIn, type Layer, storedKeyText } from "./write-buffer.js";

/** Entries asked of LevelDB at once; what arrives holds the event loop for about two milliseconds. */
const rowsAtOnce = 1024;

/** A state of all buckets: a snapshot of LevelDB and, laid over it, what was not in LevelDB yet. */
export class SnapshotView implements BackendView {
  readonly #store: LevelStore;
  readonly #snapshot: LevelSnapshot;
  readonly #layers: readonly Layer[];
  readonly #failed: (error: unknown) => DiskError;
  readonly #closed: () => void;
  #open = true;

  /**
   * @param failed makes of a failed read what the reader is told
   * @param closed called once, when it is closed
   */
  constructor(store: LevelStore, layers: readonly Layer[], failed: (error: unknown) => DiskError, closed: () => void) {
    this.#closed = closed;
    this.#store = store;
    this.#layers = layers;
    this.#failed = failed;
    this.#snapshot = store.snapshot();
  }

  get(bucket: Bucket, key: Uint8Array): Uint8Array | undefined {
    const stored = storedKey(bucket, key);
    const id = storedKeyText(stored);
    for (let at = this.#layers.length - 1; at >= 0; at--) {
      const change = this.#layers[at]?.changes.get(id);
      if (change !== undefined) return change.value;
    }
    try {
      return this.#store.getSync(stored, this.#snapshot);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async scan(bucket: Bucket, low: Uint8Array, high: Uint8Array | undefined, limit: number): Promise<Row[]> {
    const rows: Row[] = [];
    const range = storedRange(bucket, low, high);
    for await (const batch of this.#walk(range, Math.min(limit, rowsAtOnce), false)) {
      for (const row of batch) {
        if (rows.length === limit) return rows;
        rows.push(row);
      }
      if (rows.length === limit) return rows;
    }
    return rows;
  }

  batches(bucket: Bucket, low?: Uint8Array, high?: Uint8Array): AsyncIterable<Row[]> {
    return this.#walk(storedRange(bucket, low, high), rowsAtOnce, true);
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#snapshot.close();
    this.#closed();
  }

  /** @param ahead reads the next entries while the caller works on these, for one who wants them all */
  async *#walk({ start, end }: StoredRange, atOnce: number, ahead: boolean): AsyncGenerator<Row[], void, undefined> {
    const overlay = new Overlay(changesIn(this.#layers, storedKeyText(start), storedKeyText(end)));
    const iterator = this.#store.iterate(start, end, this.#snapshot);
    const read = () =>
      iterator.nextv(atOnce).catch((error: unknown) => {
        throw this.#failed(error);
      });
    let next = read();
    try {
      for (let stored = await next; stored.length > 0; stored = await next) {
        if (ahead) next = read();
        const rows = overlay.mergeInto(stored);
        if (rows.length > 0) yield rows;
        if (!ahead) next = read();
      }
    } finally {
      await Promise.allSettled([next]);
      await iterator.close();
    }
    const rest = overlay.rest();
    if (rest.length > 0) yield rest;
  }
}

interface StoredRange {
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}

function storedRange(bucket: Bucket, low: Uint8Array | undefined, high: Uint8Array | undefined): StoredRange {
  return {
    start: low === undefined ? bucketStart(bucket) : storedKey(bucket, low),
    end: high === undefined ? bucketEnd(bucket) : storedKey(bucket, high),
  };
}

/** Changes in key order, merged step by step into stored entries that come in the same order. */
class Overlay {
  readonly #changes: readonly Change[];
  #next = 0;

  constructor(changes: readonly Change[]) {
    this.#changes = changes;
  }

  /** The entries up to the last stored one, as they are after the changes. */
  mergeInto(stored: readonly StoredRow[]): Row[] {
    const rows: Row[] = [];
    for (const [key, value] of stored) {
      if (!this.#replaces(key, rows)) rows.push([keyInBucket(key), value]);
    }
    return rows;
  }

  /** What lies behind the last stored entry. */
  rest(): Row[] {
    const rows: Row[] = [];
    for (let change = this.#changes[this.#next]; change !== undefined; change = this.#changes[++this.#next]) {
      pushChange(change, rows);
    }
    return rows;
  }

  /** Puts what comes before `key` into `rows`, and what has become of `key` itself, if it changed. */
  #replaces(key: Uint8Array, rows: Row[]): boolean {
    for (let change = this.#changes[this.#next]; change !== undefined; change = this.#changes[++this.#next]) {
      const order = Buffer.compare(change.key, key);
      if (order > 0) return false;
      pushChange(change, rows);
      if (order === 0) {
        this.#next++;
        return true;
      }
    }
    return false;
  }
}

function pushChange(change: Change, rows: Row[]): void {
  if (change.value !== undefined) rows.push([keyInBucket(change.key), change.value]);
}
