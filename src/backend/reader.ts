import { setImmediate as nextTurn } from "node:timers/promises";
import type { BackendView, Row } from "./backend.js";
import type { BucketSize, BucketSizes } from "./bucket-sizes.js";
import {
  type Bucket,
  bucketEnd,
  bucketStart,
  bytesOf,
  keyInBucket,
  storedKey,
  storedKeyText,
  textOf,
} from "./buckets.js";
import type { DiskError } from "./disk-error.js";
import type { Layer } from "./layer.js";
import type { LevelSnapshot, LevelStore } from "./level-store.js";
import { Overlay } from "./overlay.js";

/**
 * Entries that are asked of LevelDB at once. Their arrival holds the event loop for about half a millisecond; those of
 * several readers may arrive together.
 */
const rowsAtOnce = 256;

/** A state of all buckets: a snapshot of LevelDB, overlaid with the changes that were not in LevelDB yet. */
export class SnapshotView implements BackendView {
  readonly #store: LevelStore;
  readonly #snapshot: LevelSnapshot;
  readonly #layers: readonly Layer[];
  readonly #sizes: BucketSizes;
  readonly #failed: (error: unknown) => DiskError;
  readonly #closed: () => void;
  #open = true;

  /**
   * @param failed turns the error of a failed read into the one that the reader throws
   * @param closed called once, when the view is closed
   */
  constructor(
    store: LevelStore,
    layers: readonly Layer[],
    sizes: BucketSizes,
    failed: (error: unknown) => DiskError,
    closed: () => void,
  ) {
    this.#closed = closed;
    this.#store = store;
    this.#layers = layers;
    this.#sizes = sizes;
    this.#failed = failed;
    this.#snapshot = store.snapshot();
  }

  sizeOf(bucket: Bucket): BucketSize {
    return this.#sizes.of(bucket);
  }

  get(bucket: Bucket, key: Uint8Array): Uint8Array | undefined {
    const id = storedKeyText(bucket, key);
    for (let at = this.#layers.length - 1; at >= 0; at--) {
      const change = this.#layers[at]?.get(id);
      if (change !== undefined) return change ?? undefined;
    }
    try {
      return this.#store.getSync(bytesOf(id), this.#snapshot);
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

  /** @param ahead reads the next entries while the caller works on these; for callers that want them all */
  async *#walk({ start, end }: StoredRange, atOnce: number, ahead: boolean): AsyncGenerator<Row[], void, undefined> {
    // Sorting a large layer takes some milliseconds, once; other work runs between two of them.
    for (const layer of this.#layers) if (layer.sort()) await nextTurn();
    const overlay = new Overlay(this.#layers, textOf(start), textOf(end));
    const iterator = this.#store.iterate(start, end, this.#snapshot);
    const read = () =>
      iterator.nextv(atOnce).catch((error: unknown) => {
        throw this.#failed(error);
      });
    let next = read();
    let rows: Row[] = [];
    try {
      for (let stored = await next; stored.length > 0; stored = await next) {
        if (ahead) next = read();
        // Changes that are not in LevelDB yet mostly lie behind its last entries, as the newest revisions do.
        const last = stored.at(-1)?.[0];
        const plain = overlay.head === undefined || (last !== undefined && textOf(last) < overlay.head);
        for (const [key, value] of stored) {
          if (plain || overlay.head === undefined) {
            rows.push([keyInBucket(key), value]);
            continue;
          }
          const id = textOf(key);
          for (let head = overlay.head; head !== undefined && head < id; head = overlay.head) {
            pushNext(overlay, rows);
            if (rows.length >= rowsAtOnce) {
              yield rows;
              rows = [];
            }
          }
          if (overlay.head === id) pushNext(overlay, rows);
          else rows.push([keyInBucket(key), value]);
        }
        if (rows.length > 0) yield rows;
        rows = [];
        if (!ahead) next = read();
      }
    } finally {
      await Promise.allSettled([next]);
      await iterator.close();
    }
    while (overlay.head !== undefined) {
      pushNext(overlay, rows);
      if (rows.length < rowsAtOnce && overlay.head !== undefined) continue;
      if (rows.length > 0) yield rows;
      rows = [];
    }
  }
}

/** Appends the next changed key with its new value to `rows`; a deleted key adds nothing. */
function pushNext(overlay: Overlay, rows: Row[]): void {
  const { head } = overlay;
  const change = overlay.take();
  if (head !== undefined && change) rows.push([keyInBucket(bytesOf(head)), change]);
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

/** The entries of a view that nobody else reads. */
export async function* readThenClose(view: BackendView, bucket: Bucket, low?: Uint8Array, high?: Uint8Array) {
  try {
    yield* view.batches(bucket, low, high);
  } finally {
    await view.close();
  }
}
