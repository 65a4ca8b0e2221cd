import type { Key } from "../base/index.js";
import { beforeInQueue, FilterType, type ResponseHeader } from "../wire/index.js";
import { canceled, WatchCanceledError } from "./client-error.js";
import type { EtcdClient } from "./etcd-client.js";
import type { CallOptions } from "./options.js";
import type { WatchOptions } from "./watch.js";

/**
 * Call options for a waiter that gives up and deletes its key. When the deletion takes longer than this, the waiter
 * does not wait for it: the key then disappears with its lease.
 */
export const leavingQueue = { timeoutMs: 400 };

/** A session's place in a queue. */
interface Place {
  readonly prefix: Key;
  readonly key: Key;
  /** The revision that created the key. */
  readonly revision: number;
}

/**
 * Resolves when all keys of the prefix that were created before this one are gone. Each waiter watches only the key
 * before its own, so that a release wakes one waiter and not all.
 *
 * @returns header of the answer that showed that it is this key's turn; undefined when the key itself is gone, since
 *   the session's lease ended while it waited
 */
export async function queueFor(
  client: EtcdClient,
  { prefix, key, revision }: Place,
  call: CallOptions,
): Promise<ResponseHeader | undefined> {
  for (;;) {
    const { header, kvs } = await client.range(beforeInQueue(prefix, revision), call);
    const before = kvs[0];
    if (before === undefined) break;
    await deleted(client, { key: before.key, startRevision: (header?.revision ?? 0) + 1 }, call);
  }
  const own = await client.range({ key }, call);
  // A key of the same name that was created later has its own place in the queue.
  return own.kvs[0]?.createRevision === revision ? own.header : undefined;
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
