import { asError, GrpcCode, keyAfter, keyFromText, pause, prefixRange } from "../base/index.js";
import type { KeyValue } from "../wire/index.js";
import type { Calls } from "./calls.js";
import { ClientError, canceled, WatchCanceledError } from "./client-error.js";
import type { ValueCodec } from "./codecs.js";
import { Deadline } from "./deadline.js";
import { type Change, changeOf, type Entry, entryOf } from "./entry.js";
import type { CallOptions } from "./options.js";
import type { Watch } from "./watch.js";

/** Interval of the requests for progress while `fresh` waits: a server does not answer those that come too early. */
const progressEveryMs = 100;
/** Pause before the view is filled again after a failure that may pass. */
const againMs = 500;
const passing: ReadonlySet<number> = new Set([GrpcCode.Unavailable, GrpcCode.DeadlineExceeded, GrpcCode.OutOfRange]);

/** Waits until the view has reached a revision. */
interface Waiter {
  readonly revision: number;
  resolve(): void;
  reject(error: Error): void;
}

/**
 * A copy of all keys that start with a prefix. It is filled by a list and kept up to date by a watch, over lost
 * connections and restarts of servers. When the history that it misses was compacted, it is filled again, and listeners
 * hear the difference. A value that the codec cannot read, or a listener that throws, ends the view with that error.
 *
 * Reads cost no call and show one revision at a time, which may be some milliseconds old; after `fresh()` they show at
 * least everything that was committed before. All entries are held in memory.
 */
export class PrefixView<T> implements AsyncDisposable {
  readonly #client: Calls;
  readonly #codec: ValueCodec<T>;
  readonly #prefix: string;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<(change: Change<T>) => void>();
  readonly #waiters = new Set<Waiter>();
  #entries = new Map<string, Entry<T>>();
  #revision = 0;
  #end: { readonly error: Error | undefined } | undefined;
  #ended: () => void = () => undefined;
  /** Resolves when the view is closed or has failed: it changes no more. */
  readonly ended: Promise<void>;

  private constructor(client: Calls, codec: ValueCodec<T>, prefix: string) {
    this.#client = client;
    this.#codec = codec;
    this.#prefix = prefix;
    this.ended = new Promise((resolve) => {
      this.#ended = resolve;
    });
  }

  /** Use `Values.view`. Resolves when the view is complete; the signal of the call ends it also later. */
  static async open<T>(
    client: Calls,
    codec: ValueCodec<T>,
    prefix: string,
    call: CallOptions = {},
  ): Promise<PrefixView<T>> {
    const view = new PrefixView<T>(client, codec, prefix);
    if (call.signal?.aborted === true) throw canceled();
    call.signal?.addEventListener("abort", () => view.close(), { once: true, signal: view.#stop.signal });
    const { signal } = view.#stop;
    void view.#follow(await view.#fill({ ...call, signal }));
    return view;
  }

  /** The revision that the entries show. */
  get revision(): number {
    return this.#revision;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** @throws the error that ended the view: its entries would be old */
  get(key: string): T | undefined {
    return this.entry(key)?.value;
  }

  entry(key: string): Entry<T> | undefined {
    this.#check();
    return this.#entries.get(key);
  }

  /** All entries, in no particular order. */
  entries(): IterableIterator<Entry<T>> {
    this.#check();
    return this.#entries.values();
  }

  [Symbol.iterator](): IterableIterator<Entry<T>> {
    return this.entries();
  }

  /** Calls `listener` after each change. @returns a function that ends this */
  onChange(listener: (change: Change<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Resolves when the view shows everything that was committed before this call: reads are then linearizable. It asks
   * the cluster for its revision and the watch for its progress, and reads no values.
   *
   * etcd before 3.4.25 and 3.5.8 can report progress too early, while a watch is far behind.
   */
  async fresh(call: CallOptions = {}): Promise<this> {
    this.#check();
    // Any key of the prefix will do, since the answer's header tells the revision.
    const key = keyAfter(keyFromText(this.#prefix));
    const { header } = await this.#client.range({ key, countOnly: true }, call);
    const revision = header?.revision ?? 0;
    this.#check();
    if (this.#revision >= revision) return this;
    const reached = new Promise<void>((resolve, reject) => {
      this.#waiters.add({ revision, resolve, reject });
    });
    const ask = (): void => {
      this.#client.requestProgress();
      timer = this.#client.clock.after(progressEveryMs, ask);
    };
    let timer = this.#client.clock.after(0, ask);
    try {
      await new Deadline(this.#client.clock, call.timeoutMs, call.signal).limit(reached);
    } finally {
      timer.cancel();
    }
    return this;
  }

  close(): void {
    this.#finish(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  /** Lists all entries and begins to watch where the list ends. Listeners hear what differs from the last list. */
  async #fill(call: CallOptions): Promise<Watch> {
    const range = prefixRange(keyFromText(this.#prefix));
    const found = new Map<string, Entry<T>>();
    let revision = 0;
    for await (const { header, kvs } of this.#client.pages(range, call)) {
      revision ||= header?.revision ?? 0;
      for (const kv of kvs) {
        const entry = entryOf(kv, this.#codec);
        found.set(entry.key, entry);
      }
    }
    const watch = await this.#client.watch({ ...range, startRevision: revision + 1, progressNotify: true }, call);
    const before = this.#entries;
    this.#entries = found;
    this.#reached(revision);
    for (const key of before.keys()) if (!found.has(key)) this.#tell({ type: "delete", key, revision });
    for (const [key, entry] of found) {
      if (before.get(key)?.modRevision !== entry.modRevision) {
        this.#tell({ type: "put", key, revision: entry.modRevision, entry });
      }
    }
    return watch;
  }

  async #follow(first: Watch): Promise<void> {
    try {
      for (let watch = first; ; watch = await this.#fillAgain()) if (await this.#applied(watch)) break;
      this.#finish(undefined);
    } catch (error) {
      this.#finish(asError(error));
    }
  }

  /** Applies the changes of a watch. @returns true when it was cancelled, false when its history was compacted */
  async #applied(watch: Watch): Promise<boolean> {
    try {
      for await (const { header, events } of watch) {
        for (const { type, kv } of events) if (kv !== undefined) this.#apply(type, kv);
        this.#reached(events.at(-1)?.kv?.modRevision ?? header?.revision ?? 0);
      }
      return true;
    } catch (error) {
      if (error instanceof WatchCanceledError && error.compactRevision > 0) return false;
      throw error;
    } finally {
      watch.cancel();
    }
  }

  /** Fills the view until it succeeds: it stays as it is while no server answers. */
  async #fillAgain(): Promise<Watch> {
    for (;;) {
      try {
        return await this.#fill({ signal: this.#stop.signal });
      } catch (error) {
        if (!(error instanceof ClientError && passing.has(error.code)) || this.#stop.signal.aborted) throw error;
      }
      await pause(this.#client.clock, againMs, this.#stop.signal);
    }
  }

  #apply(type: number, kv: KeyValue): void {
    const change = changeOf(type, kv, this.#codec);
    if (change.type === "put") this.#entries.set(change.key, change.entry);
    else this.#entries.delete(change.key);
    this.#tell(change);
  }

  #tell(change: Change<T>): void {
    for (const listener of [...this.#listeners]) listener(change);
  }

  #reached(revision: number): void {
    this.#revision = Math.max(this.#revision, revision);
    for (const waiter of [...this.#waiters]) {
      if (waiter.revision > this.#revision) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  #check(): void {
    if (this.#end !== undefined) throw this.#end.error ?? canceled();
  }

  #finish(error: Error | undefined): void {
    if (this.#end !== undefined) return;
    this.#end = { error: this.#stop.signal.aborted ? undefined : error };
    this.#stop.abort();
    for (const waiter of this.#waiters) waiter.reject(error ?? canceled());
    this.#waiters.clear();
    this.#ended();
  }
}
