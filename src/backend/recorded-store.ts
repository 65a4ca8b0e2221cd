import { setImmediate as nextTurn } from "node:timers/promises";
import { assert, compareBytes } from "../base/index.js";
import {
  type BatchRecord,
  decodeRecord,
  encodeRecord,
  isRecordKey,
  mainOf,
  type RecordName,
  type RenewedRows,
  recordKey,
  recordName,
  renewedKeys,
  renewedPlace,
  revisionKeys,
} from "./batch-record.js";
import { ownKey, storedKey } from "./buckets.js";
import { DiskError, damaged } from "./disk-error.js";
import type { LevelBatch, LevelIterator, LevelSnapshot, LevelStore, StoredRow } from "./level-store.js";
import { enterPlainLayout, leavePlainLayout, plainStart } from "./plain-layout.js";
import { flushBytes } from "./tuning.js";

const formatKey = ownKey("format");
/** The layout of earlier releases (plain-layout.ts). */
const plainFormat = 1;
/** The layout of buckets.ts; all rows are in their places. Records may be there, and have no meaning. */
const settledFormat = 2;
/** The layout of buckets.ts; the newest record holds the rows that batches renew. Those in their places are older. */
const recordedFormat = 3;
/** Earlier releases refuse a database with this row, so it need not go back to their layout. */
const storageVersionKey = storedKey("meta", Buffer.from("storageVersion", "latin1"));

/** The most records that are left behind. One more batch removes them all. */
const leftMaxDefault = 8_192;
/** Old records that are looked up in one turn of the event loop. */
const leftAtOnce = 256;
/** Memory that LevelDB needs for a row beside its key and value. */
const overheadBytes = 40;

export interface RecordedStoreOptions {
  /** Bytes of changes after which a table is made of them; 8 MiB by default. */
  readonly flushBytes?: number;
  /** Records that are left behind before all of them are removed; 8,192 by default. */
  readonly leftMax?: number;
  /** Called when the newest record is missing, instead of a refusal, for tools that read what is there. */
  readonly onDamage?: ((damage: DiskError) => void) | undefined;
}

/**
 * Opens the database in `store`, and creates it when the store is empty.
 *
 * @throws DiskError when it has a format that this release does not know, or is damaged; the error of a read
 */
export async function openRecordedStore(store: LevelStore, options: RecordedStoreOptions = {}): Promise<LevelStore> {
  const format = await currentFormat(store);
  const inPlace = renewedKeys.map((key) => store.getSync(key));
  const last = await store.last(revisionKeys.first, revisionKeys.end);
  let row = last;
  if (format === recordedFormat) {
    while (row !== undefined && !isRecordKey(row[0])) row = await store.last(revisionKeys.first, row[0]);
    if (row === undefined) {
      const damage = damaged(`the database in ${store.dir} is damaged: the record of its last batch is missing`);
      if (options.onDamage === undefined) throw damage;
      options.onDamage(damage);
      row = last;
    }
  }
  const record = row !== undefined && isRecordKey(row[0]) ? decodeRecord(row[1]) : undefined;
  const name = row && recordedName(row[0]);
  return new RecordedStore(store, inPlace, name, record, format === recordedFormat && record !== undefined, options);
}

/** The format of a database, after a step from the layout of earlier releases. */
async function currentFormat(store: LevelStore): Promise<number> {
  const found = store.getSync(formatKey);
  const format = found === undefined ? undefined : found[0];
  if (
    found !== undefined &&
    (found.byteLength !== 1 || format === undefined || format < 1 || format > recordedFormat)
  ) {
    const known = `${plainFormat} to ${recordedFormat}`;
    throw new DiskError(
      `the database in ${store.dir} was written by another version: its format is ${format}, not ${known}`,
    );
  }
  if (format === settledFormat || format === recordedFormat) return format;
  const batch = store.batch();
  if (format === plainFormat) await leavePlainLayout(store, batch);
  batch.put(formatKey, Buffer.of(settledFormat));
  await batch.write({ sync: true });
  // Tables with rows behind the revisions would overlap with all tables to come.
  if (format === plainFormat) await store.compact(plainStart);
  return settledFormat;
}

/** The name of a record, or of one that would lie behind the revision with this key. */
function recordedName(key: Uint8Array): RecordName {
  return isRecordKey(key) ? recordName(key) : { main: mainOf(key), number: 0 };
}

/**
 * A database whose batches put the rows that they renew into a record behind the newest revision (batch-record.ts), so
 * that the tables of a load do not overlap and LevelDB does not merge them. Users find the rows in their places.
 *
 * A batch removes the record of the one before, if both are still in LevelDB's memory. A removal in a later table would
 * let the two overlap, so the last record of each table is left behind; it takes some hundred bytes for every 8 MiB. To
 * know where a table ends, the store itself orders that one is made.
 *
 * A copy has all rows in their places. A database that is closed before its cluster has come to the storage versions of
 * etcd 3.6 goes back to the layout of earlier releases, which may open it again.
 */
class RecordedStore implements LevelStore {
  readonly dir: string;
  readonly copies: boolean;
  readonly #store: LevelStore;
  readonly #flushBytes: number;
  readonly #leftMax: number;
  /** Rows that the database has where their keys say, in whatever state. */
  readonly #inPlace: boolean[];
  /** The rows as of the last batch. A snapshot keeps the list, which is never changed. */
  #rows: RenewedRows;
  /** The newest record, which names the older ones; undefined when there is none. */
  #record: BatchRecord | undefined;
  /** The newest record holds the renewed rows: the database has the recorded format. */
  #recorded: boolean;
  /** The name of the newest record, or one before which none of the next batch comes. */
  #name: RecordName;
  /** The newest record is in the memory of LevelDB that the next batch will go to as well. */
  #inMemory = false;
  /** Bytes of changes since the last table was ordered. */
  #bytes = 0;
  #flushing: Promise<void> | undefined;
  /** Number of tables that were not merged after the last batch. */
  #unmerged = 0;
  /** The error of a batch, after which it is not known what the database contains. */
  #failure: unknown;

  constructor(
    store: LevelStore,
    inPlace: RenewedRows,
    name: RecordName | undefined,
    record: BatchRecord | undefined,
    recorded: boolean,
    options: RecordedStoreOptions,
  ) {
    this.dir = store.dir;
    this.copies = store.copies;
    this.#store = store;
    this.#inPlace = inPlace.map((value) => value !== undefined);
    this.#rows = recorded && record !== undefined ? record.rows : inPlace;
    this.#record = record;
    this.#recorded = recorded;
    this.#name = name ?? { main: 0, number: 0 };
    this.#flushBytes = options.flushBytes ?? flushBytes;
    this.#leftMax = options.leftMax ?? leftMaxDefault;
  }

  getSync(key: Uint8Array, snapshot?: LevelSnapshot): Uint8Array | undefined {
    const held = snapshot && heldBy(snapshot);
    const place = renewedPlace(key);
    if (place >= 0) return (held?.rows ?? this.#rows)[place];
    return this.#store.getSync(key, held?.inner);
  }

  warm(keys: Uint8Array[]): Promise<void> {
    return this.#store.warm(keys);
  }

  batch(): LevelBatch {
    const batch = this.#store.batch();
    const rows = [...this.#rows];
    const changed = new Set<number>();
    let { main } = this.#name;
    let bytes = 0;
    return {
      put: (key, value) => {
        const place = renewedPlace(key);
        if (place >= 0) {
          rows[place] = value;
          changed.add(place);
          return;
        }
        main = Math.max(main, mainOf(key));
        bytes += key.byteLength + value.byteLength + overheadBytes;
        batch.put(key, value);
      },
      del: (key) => {
        const place = renewedPlace(key);
        if (place >= 0) {
          rows[place] = undefined;
          changed.add(place);
          return;
        }
        bytes += key.byteLength + overheadBytes;
        batch.del(key);
      },
      write: async ({ sync }) => {
        if (this.#failure !== undefined) throw this.#failure;
        const next = await this.#putRecord(batch, rows, changed, main);
        const flushing = this.#flushing;
        await this.#write(batch, sync);
        this.#rows = rows;
        this.#record = next;
        this.#recorded = true;
        // While a table is being made, this batch went either into it or into the next one.
        this.#inMemory = flushing === undefined;
        this.#bytes += bytes;
        // Not to be asked while LevelDB begins a new log for the next table, for which it holds a lock.
        this.#unmerged = this.#store.unmergedTables();
        if (this.#bytes >= this.#flushBytes) this.#flush();
      },
    };
  }

  iterate(low: Uint8Array, high: Uint8Array, snapshot?: LevelSnapshot): LevelIterator {
    const held = snapshot && heldBy(snapshot);
    const rows = held?.rows ?? this.#rows;
    const iterator = this.#store.iterate(low, high, held?.inner);
    return {
      nextv: async (count) => {
        for (;;) {
          const found = await iterator.nextv(count);
          const shown = shownRows(found, rows);
          // No rows would mean the end.
          if (shown.length > 0 || found.length === 0) return shown;
        }
      },
      close: () => iterator.close(),
    };
  }

  async last(low: Uint8Array, high: Uint8Array): Promise<StoredRow | undefined> {
    let row = await this.#store.last(low, high);
    while (row !== undefined && isRecordKey(row[0])) row = await this.#store.last(low, row[0]);
    return row && shownRows([row], this.#rows)[0];
  }

  snapshot(): LevelSnapshot {
    return new RecordedSnapshot(this.#store.snapshot(), this.#rows);
  }

  compact(low?: Uint8Array): Promise<void> {
    // It begins a new table, too.
    this.#inMemory = false;
    return this.#store.compact(low);
  }

  flush(): Promise<void> {
    return this.#store.flush();
  }

  fileBytes(): Promise<number> {
    return this.#store.fileBytes();
  }

  unmergedTables(): number {
    return this.#unmerged;
  }

  async copyTo(target: string): Promise<boolean> {
    await this.#settle();
    return this.#store.copyTo(target);
  }

  async close(): Promise<void> {
    try {
      // The next start reads the database as it is, in either layout.
      await this.#goBack().catch(() => undefined);
      await this.#flushing;
    } finally {
      await this.#store.close();
    }
  }

  async #putRecord(
    batch: LevelBatch,
    rows: RenewedRows,
    changed: ReadonlySet<number>,
    main: number,
  ): Promise<BatchRecord> {
    const [before, name] = [this.#record, this.#name];
    let { left, leftCount } = before ?? { left: undefined, leftCount: 0 };
    if (!this.#recorded) batch.put(formatKey, Buffer.of(recordedFormat));
    if (before !== undefined && this.#inMemory) batch.del(recordKey(name));
    else if (before !== undefined) [left, leftCount] = [name, leftCount + 1];
    if (leftCount > this.#leftMax) {
      await this.#removeFrom(left, batch);
      [left, leftCount] = [undefined, 0];
    }
    for (const place of changed) {
      const [key, value] = [renewedKeys[place], rows[place]];
      assert(key !== undefined, "a renewed row has a key");
      // An iterator finds the place of a row, and takes its value from the record.
      if (value !== undefined && !this.#inPlace[place]) batch.put(key, value);
      if (value === undefined) batch.del(key);
      this.#inPlace[place] = value !== undefined;
    }
    const record = { rows, left, leftCount };
    this.#name = { main, number: name.number + 1 };
    batch.put(recordKey(this.#name), encodeRecord(record));
    return record;
  }

  /** Lets LevelDB make a table of all changes that are in its memory. The load goes on meanwhile. */
  #flush(): void {
    if (this.#flushing !== undefined) return;
    this.#bytes = 0;
    this.#inMemory = false;
    this.#flushing = this.#store
      .flush()
      .catch(() => undefined) // The next batch gets the error.
      .then(() => {
        this.#flushing = undefined;
      });
  }

  /** Puts all rows in their places. No batch may be written meanwhile. */
  async #settle(): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#recorded) return;
    const batch = this.#store.batch();
    for (const [place, value] of this.#rows.entries()) {
      const key = renewedKeys[place];
      if (value !== undefined && key !== undefined) batch.put(key, value);
    }
    batch.put(formatKey, Buffer.of(settledFormat));
    await this.#write(batch, true);
    this.#recorded = false;
  }

  /** Goes back to the layout of earlier releases if they can read the database otherwise. */
  async #goBack(): Promise<void> {
    if (this.#failure !== undefined || this.#store.getSync(storageVersionKey) !== undefined) return;
    await this.#settle();
    const batch = this.#store.batch();
    if (!(await enterPlainLayout(this.#store, batch))) return;
    if (this.#record !== undefined) await this.#removeFrom(this.#name, batch);
    batch.put(formatKey, Buffer.of(plainFormat));
    await this.#write(batch, true);
  }

  /** Removes a record, and all older ones that were left. */
  async #removeFrom(newest: RecordName | undefined, batch: LevelBatch): Promise<void> {
    let count = 0;
    for (let name = newest; name !== undefined; count++) {
      const key = recordKey(name);
      const stored = this.#store.getSync(key);
      batch.del(key);
      // In a damaged database one may be missing. Those before it stay, and are never shown.
      name = stored && decodeRecord(stored).left;
      if (count % leftAtOnce === leftAtOnce - 1) await nextTurn();
    }
  }

  async #write(batch: LevelBatch, sync: boolean): Promise<void> {
    try {
      await batch.write({ sync });
    } catch (error) {
      this.#failure = error;
      throw error;
    }
  }
}

class RecordedSnapshot implements LevelSnapshot {
  readonly inner: LevelSnapshot;
  readonly rows: RenewedRows;

  constructor(inner: LevelSnapshot, rows: RenewedRows) {
    this.inner = inner;
    this.rows = rows;
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

function heldBy(snapshot: LevelSnapshot): RecordedSnapshot {
  assert(snapshot instanceof RecordedSnapshot, "a snapshot is read in the store that made it");
  return snapshot;
}

/** Leaves out the records, and gives the renewed rows their values. */
function shownRows(found: StoredRow[], rows: RenewedRows): StoredRow[] {
  const shown = found.some(([key]) => isRecordKey(key)) ? found.filter(([key]) => !isRecordKey(key)) : found;
  const [first] = shown;
  const last = shown.at(-1);
  if (first === undefined || last === undefined) return shown;
  for (const [place, renewed] of renewedKeys.entries()) {
    if (compareBytes(first[0], renewed) > 0 || compareBytes(last[0], renewed) < 0) continue;
    const at = shown.findIndex(([key]) => compareBytes(key, renewed) === 0);
    const value = rows[place];
    if (at >= 0 && value !== undefined) shown[at] = [renewed, value];
  }
  return shown;
}
