import type { Backend, BackendView, Row } from "./backend.js";
import type { Bucket } from "./buckets.js";

/**
 * The backend that a member works on, which may be another one from one moment to the next: a received snapshot takes
 * the place of everything. Who holds this one need not hear of it.
 */
export class MemberBackend implements Backend {
  #current: Backend;
  readonly #hooks: (() => void)[] = [];

  constructor(first: Backend) {
    this.#current = first;
  }

  /** The one that is behind it now. */
  get current(): Backend {
    return this.#current;
  }

  /** Goes over to another backend, at once. The one before is no longer told anything, and is the caller's to end. */
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

  onBeforeCommit(hook: () => void): void {
    this.#hooks.push(hook);
    this.#current.onBeforeCommit(hook);
  }

  commit(): Promise<void> {
    return this.#current.commit();
  }

  get pendingChanges(): number {
    return this.#current.pendingChanges;
  }

  get full(): boolean {
    return this.#current.full;
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

  hash(): Promise<number> {
    return this.#current.hash();
  }

  retire(): Promise<void> {
    return this.#current.retire();
  }

  close(): Promise<void> {
    return this.#current.close();
  }
}
