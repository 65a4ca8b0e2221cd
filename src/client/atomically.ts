import { GrpcCode, type Key, keyFromText, pause } from "../base/index.js";
import type { Calls } from "./calls.js";
import { ClientError } from "./client-error.js";
import type { ValueCodec } from "./codecs.js";
import { type Entry, entryOf } from "./entry.js";
import type { CallOptions } from "./options.js";
import { compare, type Operation, ops, Transaction } from "./transaction.js";

const attemptsUsual = 100;
/** Pause before an attempt after others interfered: at most this long after the first failure, and at most at all. */
const pauseMs = { first: 5, longest: 250 };

export interface AtomicOptions extends CallOptions {
  /** Most attempts; 100 by default. */
  readonly attemptsMax?: number;
}

/** Values within an atomic change: reads show one state and the body's own writes. */
export interface AtomicValues<T> {
  get(key: string): Promise<T | undefined>;
  put(key: string, value: T, options?: { readonly lease?: bigint }): void;
  delete(key: string): void;
}

/**
 * Software transactional memory, as in the recipes of Go's client: serializable with snapshot reads. All reads are of
 * the revision of the first one; the writes take effect only if no key that was read or written has changed since.
 */
export async function atomically<T, Result>(
  client: Calls,
  codec: ValueCodec<T>,
  body: (values: AtomicValues<T>) => Promise<Result> | Result,
  options: AtomicOptions = {},
): Promise<Result> {
  const attemptsMax = options.attemptsMax ?? attemptsUsual;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const values = new Attempt(client, codec, options);
    const result = await body(values);
    if (await values.commit()) return result;
    const longest = Math.min(pauseMs.first * 2 ** Math.min(attempt - 1, 10), pauseMs.longest);
    await pause(client.clock, Math.random() * longest, options.signal);
  }
  throw new ClientError(GrpcCode.Aborted, `others interfered in all ${attemptsMax} attempts`, { undecorated: true });
}

class Attempt<T> implements AtomicValues<T> {
  readonly #client: Calls;
  readonly #codec: ValueCodec<T>;
  readonly #call: CallOptions;
  /** Revision that all reads show; undefined before the first one. */
  #first: Promise<number> | undefined;
  readonly #read = new Map<Key, Entry<T> | undefined>();
  readonly #written = new Map<Key, { readonly value: T; readonly lease: bigint } | undefined>();

  constructor(client: Calls, codec: ValueCodec<T>, call: CallOptions) {
    this.#client = client;
    this.#codec = codec;
    this.#call = call;
  }

  async get(text: string): Promise<T | undefined> {
    const key = keyFromText(text);
    if (this.#written.has(key)) return this.#written.get(key)?.value;
    if (!this.#read.has(key)) await this.#fetch(key);
    return this.#read.get(key)?.value;
  }

  put(text: string, value: T, { lease = 0n }: { readonly lease?: bigint } = {}): void {
    this.#written.set(keyFromText(text), { value, lease });
  }

  delete(text: string): void {
    this.#written.set(keyFromText(text), undefined);
  }

  /** @returns whether nobody interfered */
  async commit(): Promise<boolean> {
    // Reads alone show one state, so nothing can interfere with them.
    if (this.#written.size === 0) return true;
    const unchanged = [...this.#read].map(([key, entry]) => compare(key).modRevision("==", entry?.modRevision ?? 0));
    const revision = await this.#first;
    // The body may have decided by other keys to write a key that it has not read.
    const blind = revision === undefined ? [] : [...this.#written.keys()].filter((key) => !this.#read.has(key));
    const untouched = blind.map((key) => compare(key).modRevision("<", (revision ?? 0) + 1));
    const writes = [...this.#written].map(([key, write]): Operation<unknown> => {
      if (write === undefined) return ops.deleteRange({ key });
      return ops.put({ key, value: this.#codec.encode(write.value), lease: write.lease });
    });
    const transaction = new Transaction(this.#client, [...unchanged, ...untouched], [], []).thenDo(...writes);
    return (await transaction.commit(this.#call)).succeeded;
  }

  async #fetch(key: Key): Promise<void> {
    // The first read tells the revision of all others, so these wait for it.
    const first = this.#first;
    const range = first === undefined ? this.#client.range({ key }, this.#call) : undefined;
    this.#first ??= range?.then(({ header }) => header?.revision ?? 0);
    const { kvs } = await (range ?? this.#client.range({ key, revision: (await first) ?? 0 }, this.#call));
    this.#read.set(key, kvs[0] && entryOf(kvs[0], this.#codec));
  }
}
