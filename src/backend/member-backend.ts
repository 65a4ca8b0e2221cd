import type { Backend, BackendView, Row } from "./backend.js";
import type { Bucket } from "./buckets.js";
import type { NewRows } from "./new-rows.js";
import type { PackedRows } from "./packed-rows.js";
import type { SideFiles } from "./side-files.js";

/**
 * The backend that a member works on. A received snapshot replaces the database behind it, so that the stores that hold
 * this object need not know.
 */
export class MemberBackend implements Backend {
  #current: Backend;
  readonly #hooks: (() => void)[] = [];

  constructor(first: Backend) {
    this.#current = first;
  }

  /** The backend that currently does the work. */
  get current(): Backend {
    return this.#current;
  }

  /**
   * Switches to another backend at once. The caller has to retire the previous one, which gets no more calls from here.
   */
  switchTo(next: Backend): void {
    this.#current = next;
    for (const hook of this.#hooks) next.onBeforeCommit(hook);
  }

  get(bucket: Bucket, key: Uint8Array): Uint8Array | undefined {
    return this.#current.get(bucket, key);
  }

  scan(bucket: Bucket, low: Uint8Array, high: Uint8Array | undefined, limit: number): Promise<Row[]> {
    return this.#current.scan(bucket, low, high, limit);
  }

  batches(bucket: Bucket, low?: Uint8Array, high?: Uint8Array): AsyncIterable<Row[]> {
    return this.#current.batches(bucket, low, high);
  }

  put(bucket: Bucket, key: Uint8Array, value: Uint8Array): void {
    this.#current.put(bucket, key, value);
  }

  putRows(rows: NewRows): PackedRows {
    return this.#current.putRows(rows);
  }

  delete(bucket: Bucket, key: Uint8Array, valueBytes?: number): void {
    this.#current.delete(bucket, key, valueBytes);
  }

  view(): BackendView {
    return this.#current.view();
  }

  consistentView(): BackendView {
    return this.#current.consistentView();
  }

  hold(): void {
    this.#current.hold();
  }

  release(): void {
    this.#current.release();
  }

  get holding(): boolean {
    return this.#current.holding;
  }

  onBeforeCommit(hook: () => void): void {
    this.#hooks.push(hook);
    this.#current.onBeforeCommit(hook);
  }

  commit(): Promise<void> {
    return this.#current.commit();
  }

  get sideFiles(): SideFiles | undefined {
    return this.#current.sideFiles;
  }

  get changedBytes(): number {
    return this.#current.changedBytes;
  }

  get pendingChanges(): number {
    return this.#current.pendingChanges;
  }

  get full(): boolean {
    return this.#current.full;
  }

  warm(bucket: Bucket, keys: readonly Uint8Array[]): Promise<void> {
    return this.#current.warm(bucket, keys);
  }

  get strain(): number {
    return this.#current.strain;
  }

  get copyPlace(): (() => string) | undefined {
    return this.#current.copyPlace;
  }

  copyTo(target: string, taken: () => readonly string[] | undefined): Promise<boolean> {
    return this.#current.copyTo(target, taken);
  }

  size(): number {
    return this.#current.size();
  }

  sizeInUse(): number {
    return this.#current.sizeInUse();
  }

  defragment(): Promise<void> {
    return this.#current.defragment();
  }

  hash(client?: object): Promise<number> {
    return this.#current.hash(client);
  }

  retire(): Promise<void> {
    return this.#current.retire();
  }

  close(): Promise<void> {
    return this.#current.close();
  }
}
