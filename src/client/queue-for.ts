import type { Key } from "../base/index.js";
import { beforeInQueue, FilterType } from "../wire/index.js";
import { canceled, WatchCanceledError } from "./client-error.js";
import type { EtcdClient } from "./etcd-client.js";
import type { CallOptions } from "./options.js";
import type { WatchOptions } from "./watch.js";

/**
 * Call options for a waiter that gives up and deletes its key. When the deletion takes longer than this, the waiter
 * does not wait for it: the key then disappears with its lease.
 */
export const leavingQueue = { timeoutMs: 400 };

/**
 * Resolves when all keys of `prefix` created before `revision` are gone. Each waiter watches only the key
 * before its own, so that a release wakes one waiter and not all. The waiter must then look whether its own key is
 * still there: its lease may have ended while it waited.
 */
export async function queueFor(
  client: EtcdClient,
  prefix: Key,
  revision: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const call = signal === undefined ? {} : { signal };
  for (;;) {
    const { header, kvs } = await client.range(beforeInQueue(prefix, revision), call);
    const before = kvs[0];
    if (before === undefined) return;
    await deleted(client, { key: before.key, startRevision: (header?.revision ?? 0) + 1 }, call);
  }
}

/** Resolves when the key may be deleted: after a compaction its event can be lost, so the caller looks again. */
async function deleted(client: EtcdClient, options: WatchOptions, call: CallOptions): Promise<void> {
  const watch = await client.watch({ ...options, filters: [FilterType.NOPUT] }, call);
  try {
    for await (const { events } of watch) if (events.length > 0) return;
    throw canceled();
  } catch (error) {
    if (!(error instanceof WatchCanceledError && error.compactRevision > 0)) throw error;
  } finally {
    watch.cancel();
  }
}
