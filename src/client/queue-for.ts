import { GrpcCode, type Key } from "../base/index.js";
import { beforeInQueue, EventType } from "../wire/index.js";
import type { Client } from "./client.js";
import { ClientError, canceled } from "./client-error.js";

/**
 * Call options for a waiter that gives up and deletes its key. When the deletion takes longer than this, the waiter
 * does not wait for it: the key then disappears with its lease.
 */
export const leavingQueue = { timeoutMs: 400 };

/**
 * Resolves when all keys of `prefix` created before `revision` are gone. Each waiter watches only the key
 * before its own, so that a release wakes one waiter and not all.
 */
export async function queueFor(client: Client, prefix: Key, revision: number, signal?: AbortSignal) {
  const call = signal === undefined ? {} : { signal };
  for (;;) {
    const { header, kvs } = await client.range(beforeInQueue(prefix, revision), call);
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
