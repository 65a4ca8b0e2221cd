import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { compareBytes, type RowSink, type StepTurns } from "../../base/index.js";
import type { BackendView } from "../backend.js";
import { inUseKey, isRecordKeyIn } from "../batch-record.js";
import { BucketSizes } from "../bucket-sizes.js";
import { type Bucket, bucketEnd, bucketStart, storedKey } from "../buckets.js";
import { type Manifest, readManifest, tableName } from "../manifest.js";
import { damagedBlock } from "./block.js";
import type { EntryList } from "./entry-list.js";
import { readLogs } from "./log-entries.js";
import { addMerged } from "./merged-rows.js";
import { TableReader } from "./table-file.js";

/**
 * A copy of a database that `Backend.copyTo` has made, read without LevelDB. All rows cost a fraction of what they cost
 * with LevelDB, whose iterator makes two buffers for each row, one call of native code each.
 *
 * A folder that was copied by other means is no such copy, even if no process had it open: it may have old logs, which
 * LevelDB would remove at its next start. All logs of a copy are read here.
 */
export class CopiedDatabase implements Pick<BackendView, "sizeOf"> {
  readonly #dir: string;
  readonly #manifest: Manifest;
  /** The changes that are in no table yet, in several lists. */
  readonly #logged: readonly EntryList[];
  readonly #turns: StepTurns;
  #sizes = new BucketSizes();

  private constructor(dir: string, manifest: Manifest, logged: readonly EntryList[], turns: StepTurns) {
    this.#dir = dir;
    this.#manifest = manifest;
    this.#logged = logged;
    this.#turns = turns;
  }

  /**
   * @param turns the copy is read in these turns
   * @throws DiskError when the copy is damaged; the error of the disk
   */
  static async open(dir: string, turns: StepTurns): Promise<CopiedDatabase> {
    const manifest = await readManifest(dir);
    const logs = (await readdir(dir)).filter((name) => name.endsWith(".log")).sort();
    const logged = await readLogs(
      logs.map((name) => join(dir, name)),
      turns,
    );
    const opened = new CopiedDatabase(dir, manifest, logged, turns);
    await opened.#readSizes();
    return opened;
  }

  sizeOf(bucket: Bucket) {
    return this.#sizes.of(bucket);
  }

  /**
   * Adds the rows of a bucket, in the order of their keys.
   *
   * @param from the first key; all rows by default
   * @returns a step after fewer than `rowsOfStepMax` rows, with their bytes. The caller may rest there
   * @throws DiskError when the copy is damaged; the error of the disk
   */
  addTo(bucket: Bucket, sink: RowSink, from?: Uint8Array): AsyncGenerator<number, void, undefined> {
    const low = bucketStart(bucket);
    const first = from === undefined ? low : storedKey(bucket, from);
    return this.#addRows(first, bucketEnd(bucket), new BucketSink(sink, low.length));
  }

  async #readSizes(): Promise<void> {
    const end = Buffer.concat([inUseKey, Buffer.of(0)]);
    let sizes: BucketSizes | undefined;
    const add: RowSink["add"] = (_keys, _keyAt, _keyBytes, values, valueAt, valueBytes) => {
      sizes = BucketSizes.decode(values.subarray(valueAt, valueAt + valueBytes));
    };
    for await (const _ of this.#addRows(inUseKey, end, { add }));
    // A copy without its manifest, which would seem to be an empty database, has none of these, either.
    if (sizes === undefined) throw damagedBlock();
    this.#sizes = sizes;
  }

  #addRows(low: Uint8Array, high: Uint8Array, sink: RowSink) {
    const { tables } = this.#manifest;
    const overlapping = [...tables]
      .filter(([, { smallest, largest }]) => compareBytes(smallest, high) < 0 && compareBytes(largest, low) >= 0)
      .sort(([, one], [, other]) => compareBytes(one.smallest, other.smallest));
    const sources: AsyncIterable<EntryList>[] = this.#logged.map(once);
    const levels = new Map<number, number[]>();
    for (const [number, { level }] of overlapping) {
      // The tables of a level follow each other, except in level 0.
      if (level === 0) sources.push(this.#chain([number], low, high));
      else levels.set(level, [...(levels.get(level) ?? []), number]);
    }
    for (const numbers of levels.values()) sources.push(this.#chain(numbers, low, high));
    return addMerged(sources, low, high, sink);
  }

  async *#chain(
    numbers: readonly number[],
    low: Uint8Array,
    high: Uint8Array,
  ): AsyncGenerator<EntryList, void, undefined> {
    const reader = new TableReader(low, high, this.#turns);
    for (const number of numbers) yield* reader.read(join(this.#dir, tableName(number)));
  }
}

/** Takes the rows of a bucket, whose keys begin with `prefixBytes` that only the database needs. */
class BucketSink implements RowSink {
  readonly #sink: RowSink;
  readonly #prefixBytes: number;

  constructor(sink: RowSink, prefixBytes: number) {
    this.#sink = sink;
    this.#prefixBytes = prefixBytes;
  }

  add(
    keys: Uint8Array,
    keyAt: number,
    keyBytes: number,
    values: Uint8Array,
    valueAt: number,
    valueBytes: number,
  ): void {
    // Records of batches that were left behind have no meaning here.
    if (isRecordKeyIn(keys, keyAt, keyBytes)) return;
    const prefixBytes = this.#prefixBytes;
    this.#sink.add(keys, keyAt + prefixBytes, keyBytes - prefixBytes, values, valueAt, valueBytes);
  }
}

async function* once(entries: EntryList): AsyncGenerator<EntryList, void, undefined> {
  yield entries;
}
