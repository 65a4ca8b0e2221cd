import { assert, type Clock, type Timer, Turns } from "../base/index.js";
import type { Backend, BackendView, Row } from "./backend.js";
import type { BackendOptions } from "./backend-options.js";
import { inUseKey } from "./batch-record.js";
import type { BucketSizes } from "./bucket-sizes.js";
import { type Bucket, bytesOf, type StoredKey, storedKey, storedKeyText } from "./buckets.js";
import { BackendCounters } from "./counters.js";
import { DiskError, readFailure, writeFailure } from "./disk-error.js";
import { FileSize } from "./file-size.js";
import { hashBuckets } from "./hash.js";
import type { Change, Layer } from "./layer.js";
import type { LevelStore } from "./level-store.js";
import { MetaLengths } from "./meta-lengths.js";
import type { NewRows } from "./new-rows.js";
import type { PackedRows } from "./packed-rows.js";
import { readThenClose, SnapshotView } from "./reader.js";
import type { SideFiles } from "./side-files.js";
import { Strain } from "./strain.js";
import { WriteBuffer } from "./write-buffer.js";

/** Bytes of changes after which a batch is written, whatever their number. */
const batchBytesMax = 16 * 1024 * 1024;
/** A backend with this many batches' worth of changes in memory is full. */
const fullBatches = 4;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: DiskError) => void;
}

/** A copy that is made after the batch that contains its state. `make` tells its caller, and not `resolve`. */
interface Copying extends Waiter {
  /** @returns the names of side files that the copy shares */
  readonly taken: () => readonly string[] | undefined;
  readonly make: (sideFiles: readonly string[]) => Promise<void>;
}

/** A backend on an open store. */
export class LevelBackend implements Backend {
  readonly sideFiles: SideFiles | undefined;
  readonly copyPlace: (() => string) | undefined;
  changedBytes = 0;
  readonly #store: LevelStore;
  readonly #clock: Clock;
  readonly #onFailure: (error: DiskError) => void;
  readonly #intervalMs: number;
  readonly #limit: number;
  readonly #counters: BackendCounters;
  readonly #sync: boolean;
  readonly #buffer = new WriteBuffer();
  readonly #fileSize: FileSize;
  #hooks: (() => void)[] = [];
  #sizes: BucketSizes;
  readonly #lengths = new MetaLengths();
  /** Bytes of changes that wait for a batch, and of those in the batch being written. */
  #waitingBytes = 0;
  #writingBytes = 0;
  #timer: Timer | undefined;
  /** Callers of `commit` whose changes go into the next batch. */
  #waiters: Waiter[] = [];
  /** Copies of the state after the next batch. */
  #copies: Copying[] = [];
  /** Callers of `commit` whose changes are in the batch being written. */
  #served: readonly Waiter[] = [];
  #writing = false;
  #startIsQueued = false;
  /** Sizes of the buckets at `hold`; undefined while nothing is held. */
  #sizesAtHold: BucketSizes | undefined;
  #closed: DiskError | undefined;
  readonly #strain: Strain;
  #defragmenting: Promise<void> | undefined;
  /** Number of open views. */
  #views = 0;
  /** Called when the last open view is closed. */
  #unread: () => void = () => undefined;

  constructor(store: LevelStore, options: BackendOptions, sizes: BucketSizes, fileBytes: number) {
    this.#store = store;
    this.sideFiles = options.sideFiles;
    this.copyPlace = options.copyPlace;
    this.#clock = options.clock;
    this.#onFailure = options.onFailure;
    this.#intervalMs = options.batchIntervalMs ?? 100;
    this.#limit = options.batchLimit ?? 10_000;
    this.#counters = options.counters ?? new BackendCounters();
    this.#strain = new Strain(this.#counters);
    this.#sync = !options.unsafeNoSync;
    this.#sizes = sizes;
    this.#fileSize = new FileSize(store, options.clock, options.logger, fileBytes);
  }

  get pendingChanges(): number {
    return this.#buffer.size;
  }

  get holding(): boolean {
    return this.#sizesAtHold !== undefined;
  }

  get full(): boolean {
    const bytes = this.#waitingBytes + this.#writingBytes;
    // Packed changes count by their bytes only: one entry may make very many of them.
    return this.#buffer.heapSize >= fullBatches * this.#limit || bytes >= fullBatches * batchBytesMax;
  }

  get(bucket: Bucket, key: Uint8Array): Uint8Array | undefined {
    return this.#current(storedKeyText(bucket, key));
  }

  put(bucket: Bucket, key: Uint8Array, value: Uint8Array): void {
    if (this.#closed !== undefined) throw this.#closed;
    const id = storedKeyText(bucket, key);
    // A revision is put only once, so this most frequent kind of put needs no lookup of an older value. Looking into
    // the layers of a large entry would make each of its changes cost more than the one before.
    const before = bucket === "key" ? undefined : (this.#lengths.get(bucket, id) ?? this.#current(id)?.byteLength);
    if (before !== undefined) this.#sizes.remove(bucket, key.byteLength, before);
    this.#lengths.put(bucket, id, value.byteLength);
    this.#sizes.add(bucket, key.byteLength, value.byteLength);
    this.#change(id, value);
  }

  putRows(rows: NewRows): PackedRows {
    if (this.#closed !== undefined) throw this.#closed;
    this.#sizes.addRows(rows);
    const packed = rows.take();
    this.#buffer.add(packed);
    this.#changed(packed.bytes);
    return packed;
  }

  delete(bucket: Bucket, key: Uint8Array, valueBytes?: number): void {
    if (this.#closed !== undefined) throw this.#closed;
    const id = storedKeyText(bucket, key);
    const bytes = valueBytes ?? this.#current(id)?.byteLength;
    if (bytes === undefined) return;
    this.#lengths.delete(id);
    this.#sizes.remove(bucket, key.byteLength, bytes);
    this.#change(id, null);
  }

  async scan(bucket: Bucket, low: Uint8Array, high: Uint8Array | undefined, limit: number): Promise<Row[]> {
    const view = this.view();
    try {
      return await view.scan(bucket, low, high, limit);
    } finally {
      await view.close();
    }
  }

  batches(bucket: Bucket, low?: Uint8Array, high?: Uint8Array): AsyncIterable<Row[]> {
    return readThenClose(this.view(), bucket, low, high);
  }

  view(): BackendView {
    const view = new SnapshotView(
      this.#store,
      this.#buffer.freeze(),
      this.#sizesAtHold ?? this.#sizes.copy(),
      (error) => this.#readFailed(error),
      () => {
        this.#views--;
        this.#counters.views--;
        if (this.#views === 0) this.#unread();
      },
    );
    this.#views++;
    this.#counters.views++;
    return view;
  }

  consistentView(): BackendView {
    if (this.#sizesAtHold === undefined) this.#callHooks();
    return this.view();
  }

  hold(): void {
    assert(this.#sizesAtHold === undefined, "changes are held once at a time");
    this.#callHooks();
    this.#buffer.hold();
    this.#sizesAtHold = this.#sizes.copy();
  }

  release(): void {
    assert(this.#sizesAtHold !== undefined, "changes were held before they are released");
    this.#buffer.release();
    this.#sizesAtHold = undefined;
    if (this.#writing) return;
    if (this.#isAwaited() || this.#batchIsDue()) this.#startWriting();
    else if (this.#buffer.waiting > 0) this.#timer ??= this.#clock.after(this.#intervalMs, () => this.#startWriting());
  }

  onBeforeCommit(hook: () => void): void {
    this.#hooks.push(hook);
  }

  commit(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed);
        return;
      }
      this.#waiters.push({ resolve, reject });
      this.#startWriting();
    });
  }

  copyTo(target: string, taken: () => readonly string[] | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed);
        return;
      }
      const make = (files: readonly string[]): Promise<void> => this.#copy(target, files).then(resolve, reject);
      this.#copies.push({ taken, make, resolve: () => undefined, reject });
      this.#startWriting();
    });
  }

  async warm(bucket: Bucket, keys: readonly Uint8Array[]): Promise<void> {
    if (this.#closed !== undefined) return;
    // An error shows again when the entry is read.
    await this.#store.warm(keys.map((key) => storedKey(bucket, key))).catch(() => undefined);
  }

  get strain(): number {
    return this.#strain.value;
  }

  size(): number {
    return Math.max(this.#fileSize.bytes(), this.#sizes.total);
  }

  sizeInUse(): number {
    return this.#sizes.total;
  }

  async defragment(): Promise<void> {
    await this.commit();
    this.#defragmenting ??= this.#compact();
    return this.#defragmenting;
  }

  async hash(client?: object): Promise<number> {
    const startedAt = this.#clock.now();
    const view = this.view();
    try {
      return await hashBuckets(view, new Turns(this.#clock, undefined, client));
    } finally {
      this.#counters.hashSeconds.observe((this.#clock.now() - startedAt) / 1000);
      await view.close();
    }
  }

  async retire(): Promise<void> {
    await this.commit();
    this.#end(`the backend in ${this.#store.dir} is retired`);
    await this.#defragmenting;
    if (this.#views > 0) {
      await new Promise<void>((resolve) => {
        this.#unread = resolve;
      });
    }
    await this.#store.close();
  }

  async close(): Promise<void> {
    try {
      if (this.#sizesAtHold !== undefined) this.#drop(this.#sizesAtHold);
      if (this.#closed === undefined) await this.commit();
    } finally {
      this.#end(`the backend in ${this.#store.dir} is closed`);
      await this.#defragmenting;
      await this.#store.close();
    }
  }

  /** Refuses everything from now on. */
  #end(reason: string): void {
    this.#closed ??= new DiskError(reason);
    this.#timer?.cancel();
    for (const copy of this.#copies) copy.reject(this.#closed);
    this.#copies = [];
  }

  /**
   * Restores the state before `hold`. The records that the hooks put at `hold` are up to date, so the hooks are not
   * called again.
   */
  #drop(sizes: BucketSizes): void {
    this.#buffer.drop();
    this.#lengths.clear();
    this.#sizes = sizes;
    this.#sizesAtHold = undefined;
    this.#hooks = [];
  }

  #callHooks(): void {
    for (const hook of this.#hooks) hook();
  }

  #current(id: StoredKey): Uint8Array | undefined {
    const change = this.#buffer.find(id);
    return change === undefined ? this.#read(id) : (change ?? undefined);
  }

  #read(id: StoredKey): Uint8Array | undefined {
    try {
      return this.#store.getSync(bytesOf(id));
    } catch (error) {
      throw this.#readFailed(error);
    }
  }

  #readFailed(error: unknown): DiskError {
    const failure = readFailure(this.#store.dir, error);
    this.#fail(failure);
    return failure;
  }

  #change(id: StoredKey, change: Change): void {
    this.#buffer.set(id, change);
    this.#changed(id.length + (change?.byteLength ?? 0));
  }

  #changed(bytes: number): void {
    this.#waitingBytes += bytes;
    this.changedBytes += bytes;
    if (this.#writing) return; // `#writeBatches` decides about the next batch when this one is written
    this.#timer ??= this.#clock.after(this.#intervalMs, () => this.#startWriting());
    // A batch must not start at once: the caller may be in the middle of changes that belong together.
    if (this.#startIsQueued || !this.#batchIsDue()) return;
    this.#startIsQueued = true;
    queueMicrotask(() => {
      this.#startIsQueued = false;
      this.#startWriting();
    });
  }

  #batchIsDue(): boolean {
    return this.#buffer.waiting >= this.#limit || this.#waitingBytes >= batchBytesMax;
  }

  /** Whether anybody waits for the next batch. */
  #isAwaited(): boolean {
    return this.#waiters.length > 0 || this.#copies.length > 0;
  }

  #mayWrite(): boolean {
    return this.#closed === undefined && this.#sizesAtHold === undefined;
  }

  #startWriting(): void {
    if (this.#writing || this.#closed !== undefined) return;
    if (this.#sizesAtHold !== undefined) {
      this.#timer = undefined; // `release` sets another timer
      return;
    }
    this.#writing = true;
    this.#writeBatches().catch((error: unknown) => this.#fail(writeFailure(this.#store.dir, error)));
  }

  /** Writes batches until nobody waits for one and the remaining changes may wait for the timer. */
  async #writeBatches(): Promise<void> {
    do {
      this.#timer?.cancel();
      this.#timer = undefined;
      this.#callHooks();
      const copies = this.#copies;
      const sideFiles = copies.map(({ taken }) => taken() ?? []);
      this.#served = [...this.#waiters, ...copies];
      this.#waiters = [];
      this.#copies = [];
      const layers = this.#buffer.take();
      this.#writingBytes = this.#waitingBytes;
      this.#waitingBytes = 0;
      if (layers.length > 0) await this.#write(layers, this.#sizes.encode());
      this.#buffer.written();
      this.#writingBytes = 0;
      for (const waiter of this.#served) waiter.resolve();
      this.#served = [];
      // No batch may be written while the database is copied. So the side files that the state names stay, too.
      for (const [at, { make }] of copies.entries()) await make(sideFiles[at] ?? []);
    } while (this.#mayWrite() && (this.#isAwaited() || this.#batchIsDue()));
    this.#writing = false;
    if (this.#buffer.waiting > 0) this.#timer = this.#clock.after(this.#intervalMs, () => this.#startWriting());
  }

  async #write(layers: readonly Layer[], sizes: Uint8Array): Promise<void> {
    const batch = this.#store.batch();
    const turns = new Turns(this.#clock);
    for (const layer of layers) {
      for (const [key, change] of layer.byteRows()) {
        if (change === null) batch.del(key);
        else batch.put(key, change);
        if (turns.over(change?.byteLength ?? 0)) await turns.rest();
      }
    }
    batch.put(inUseKey, sizes);
    const startedAt = this.#clock.now();
    await batch.write({ sync: this.#sync });
    const seconds = (this.#clock.now() - startedAt) / 1000;
    this.#counters.commitSeconds.observe(seconds);
    // Asked now and not before: LevelDB answers under a lock that it also holds while it begins a new log, for seconds
    // on a busy disk. The batch has just waited for that, on another thread.
    this.#strain.count(seconds, this.#store.unmergedTables());
  }

  async #copy(target: string, sideFiles: readonly string[]): Promise<boolean> {
    const copied = await this.#store.copyTo(target);
    if (copied) for (const name of sideFiles) await this.sideFiles?.share(name, target);
    return copied;
  }

  #fail(error: DiskError): void {
    if (this.#closed !== undefined) return;
    this.#closed = error;
    this.#timer?.cancel();
    for (const waiter of [...this.#served, ...this.#waiters, ...this.#copies]) waiter.reject(error);
    this.#waiters = [];
    this.#copies = [];
    this.#onFailure(error);
  }

  async #compact(): Promise<void> {
    const startedAt = this.#clock.now();
    this.#counters.defragsUnderWay++;
    try {
      await this.#store.compact();
      await this.#fileSize.refresh();
      this.#counters.defragSeconds.observe((this.#clock.now() - startedAt) / 1000);
    } catch (error) {
      throw writeFailure(this.#store.dir, error);
    } finally {
      this.#counters.defragsUnderWay--;
      this.#defragmenting = undefined;
    }
  }
}
