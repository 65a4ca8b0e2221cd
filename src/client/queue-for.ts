import { GrpcCode, type Key, prefixRange } from "../base/index.js";
import { EventType, SortOrder, SortTarget } from "../wire/index.js";
import type { Client } from "./client.js";
import { ClientError, canceled } from "./client-error.js";

/**
 * Call options for a waiter that gives up and deletes its key. When the deletion takes longer than this, the waiter
 * does not wait for it: the key then disappears with its lease.
 */
export const leavingQueue = { timeoutMs: 400 };

/**
 * A request for the oldest or the newest key of `prefix`: the first in the queue, or the one that a waiter has to wait
 * for.
 */
export function byCreation(prefix: Key, order: "first" | "last") {
  const sortOrder = order === "first" ? SortOrder.ASCEND : SortOrder.DESCEND;
  return { ...prefixRange(prefix), limit: 1, sortTarget: SortTarget.CREATE, sortOrder };
}

/**
 * Resolves when all keys of `prefix` created up to `maxCreateRevision` are gone. Each waiter watches only the key
 * before its own, so that a release wakes one waiter and not all.
 */
export async function queueFor(client: Client, prefix: Key, maxCreateRevision: number, signal?: AbortSignal) {
  const call = signal === undefined ? {} : { signal };
  for (;;) {
    const { header, kvs } = await client.range({ ...byCreation(prefix, "last"), maxCreateRevision }, call);
    const before = kvs[0];
    if (before === undefined) return;
    await deleted(client, before.key, header?.revision ?? 0, signal);
  }
}

async function deleted(client: Client, key: Key, fromRevision: number, signal: AbortSignal | undefined): Promise<void> {
  const watch = await client.watch({ key, startRevision: fromRevision });
  const stop = (): void => watch.cancel();
  const stopped = (): boolean => signal?.aborted === true;
  signal?.addEventListener("abort", stop, { once: true });
  try {
    if (stopped()) throw canceled();
    for await (const { events } of watch) if (events.some(({ type }) => type === EventType.DELETE)) return;
    throw stopped() ? canceled() : new ClientError(GrpcCode.Unavailable, "lost watcher waiting for delete");
  } finally {
    signal?.removeEventListener("abort", stop);
    watch.cancel();
  }
}
