import { keyFromText, prefixRange } from "../base/index.js";
import type { Compare } from "../wire/index.js";
import { type AtomicOptions, type AtomicValues, atomically } from "./atomically.js";
import type { Calls } from "./calls.js";
import { Changes } from "./changes.js";
import type { ValueCodec } from "./codecs.js";
import { type Entry, entryOf } from "./entry.js";
import type { CallOptions } from "./options.js";
import { PrefixView } from "./prefix-view.js";
import { compare, ops, Transaction } from "./transaction.js";

/** Options of a read. */
export interface ReadOptions extends CallOptions {
  /** Revision to read at; the current one by default. */
  readonly revision?: number;
  /** Reads what the member has, without asking the others: faster, and perhaps old. */
  readonly serializable?: boolean;
}

/** Options of a write. */
export interface WriteOptions extends CallOptions {
  /** Lease to attach the key to: it is deleted when the lease ends. */
  readonly lease?: bigint;
}

/**
 * The keys of a cluster with values of one type, and with keys as text: `client.text`, `client.json()`. For everything
 * that is not here the client takes etcd's own messages.
 *
 * ```ts
 * await client.text.put("greeting", "hello");
 * console.log(await client.text.get("greeting")); // hello
 * ```
 */
export class Values<T> {
  readonly #client: Calls;
  readonly #codec: ValueCodec<T>;

  /** Created by `EtcdClient.values`. */
  constructor(client: Calls, codec: ValueCodec<T>) {
    this.#client = client;
    this.#codec = codec;
  }

  /** The value of a key; undefined when there is no such key. */
  async get(key: string, options?: ReadOptions): Promise<T | undefined> {
    return (await this.entry(key, options))?.value;
  }

  /** A key with its value and revisions; undefined when there is no such key. */
  async entry(key: string, options: ReadOptions = {}): Promise<Entry<T> | undefined> {
    const { revision = 0, serializable = false } = options;
    const { kvs } = await this.#client.range({ key: keyFromText(key), revision, serializable }, options);
    return kvs[0] && entryOf(kvs[0], this.#codec);
  }

  /** All keys that start with `prefix`, in key order and at one revision; they are read page by page. */
  async *entries(prefix: string, options: ReadOptions = {}): AsyncGenerator<Entry<T>, void> {
    const { revision = 0, serializable = false } = options;
    const range = { ...prefixRange(keyFromText(prefix)), revision, serializable };
    for await (const { kvs } of this.#client.pages(range, options)) {
      for (const kv of kvs) yield entryOf(kv, this.#codec);
    }
  }

  /** Sets a key. @returns the revision of the change */
  async put(key: string, value: T, options?: WriteOptions): Promise<number> {
    const { header } = await this.#client.put(this.#put(key, value, options), options);
    return header?.revision ?? 0;
  }

  /** Sets a key that does not exist yet. @returns whether it did not */
  async create(key: string, value: T, options?: WriteOptions): Promise<boolean> {
    const put = ops.put(this.#put(key, value, options));
    return (
      await this.#if(compare(keyFromText(key)).isAbsent())
        .thenDo(put)
        .commit(options)
    ).succeeded;
  }

  /** Sets a key that has not changed since it was read. @returns whether it had not */
  async replace(read: Pick<Entry<T>, "key" | "modRevision">, value: T, options?: WriteOptions): Promise<boolean> {
    const unchanged = compare(keyFromText(read.key)).modRevision("==", read.modRevision);
    const put = ops.put(this.#put(read.key, value, options));
    return (await this.#if(unchanged).thenDo(put).commit(options)).succeeded;
  }

  /** Deletes a key. @returns whether there was one */
  async delete(key: string, call?: CallOptions): Promise<boolean> {
    return (await this.#client.deleteRange({ key: keyFromText(key) }, call)).deleted > 0;
  }

  /** Deletes all keys that start with `prefix`, at one revision. @returns their number */
  async deletePrefix(prefix: string, call?: CallOptions): Promise<number> {
    return (await this.#client.deleteRange(prefixRange(keyFromText(prefix)), call)).deleted;
  }

  /**
   * Resolves when a server watches all keys that start with `prefix`: no later change is missed. Iterate over the
   * result, or listen with `on`.
   */
  async changes(prefix: string, options: CallOptions & { readonly startRevision?: number } = {}): Promise<Changes<T>> {
    const range = prefixRange(keyFromText(prefix));
    const watch = await this.#client.watch({ ...range, startRevision: options.startRevision ?? 0 }, options);
    return new Changes(watch, this.#codec);
  }

  /** A copy of all keys that start with `prefix`, which a watch keeps up to date. */
  view(prefix: string, call?: CallOptions): Promise<PrefixView<T>> {
    return PrefixView.open(this.#client, this.#codec, prefix, call);
  }

  /**
   * Runs `body` as one atomic change, as often as others interfere: what it read is still so when what it wrote takes
   * effect. It must not have other effects.
   *
   * @throws ClientError Aborted when others interfered in every attempt
   */
  atomically<Result>(
    body: (values: AtomicValues<T>) => Promise<Result> | Result,
    options?: AtomicOptions,
  ): Promise<Result> {
    return atomically(this.#client, this.#codec, body, options);
  }

  #if(comparison: Compare): Transaction {
    return new Transaction(this.#client, [comparison], [], []);
  }

  #put(key: string, value: T, options: WriteOptions = {}) {
    return { key: keyFromText(key), value: this.#codec.encode(value), lease: options.lease ?? 0n };
  }
}
