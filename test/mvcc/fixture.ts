import { type Backend, openMemoryBackend } from "../../src/backend/index.js";
import { type Clock, type Key, silentLogger, systemClock } from "../../src/base/index.js";
import { openStore, type Store, type StoreOptions } from "../../src/mvcc/index.js";
import { KeyValue } from "../../src/wire/index.js";

export function openBackend(clock: Clock = systemClock): Promise<Backend> {
  return openMemoryBackend({
    clock,
    logger: silentLogger,
    onFailure: (error) => {
      throw error;
    },
  });
}

/** Opens a store over `backend`. To open another one over the same backend is a restart. */
export function openOver(backend: Backend, options: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore({
    backend,
    clock: systemClock,
    logger: silentLogger,
    onLease: () => undefined,
    compactionPauseMs: 0,
    ...options,
  });
}

export async function openEmpty(options: Partial<StoreOptions> = {}): Promise<Store> {
  return openOver(await openBackend(options.clock), options);
}

export interface Write {
  readonly put?: Key;
  readonly value?: string;
  readonly lease?: bigint;
  /** A key, or a range `[key, end)`. */
  readonly del?: Key | readonly [Key, Key];
}

/** Runs a transaction. @returns the revision after it */
export function write(store: Store, ...writes: readonly Write[]): number {
  const txn = store.beginWrite();
  for (const { put, value = "", lease = 0n, del } of writes) {
    if (put !== undefined) txn.put(put, Buffer.from(value), lease);
    if (typeof del === "string") txn.deleteRange(del, "");
    else if (del !== undefined) txn.deleteRange(...del);
  }
  txn.end();
  return store.revision;
}

/** The keys at a revision, each as `key=value create/mod/version`. */
export function show(store: Pick<Store, "range">, revision = 0, key: Key = "\0", end: Key = "\0"): string[] {
  return store.range(key, end, { revision }).kvs.map((kv) => showPair(KeyValue.decode(kv)));
}

export function showPair({ key, value, createRevision, modRevision, version }: KeyValue): string {
  return `${key}=${Buffer.from(value).toString()} ${createRevision}/${modRevision}/${version}`;
}
