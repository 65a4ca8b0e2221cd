import type { Key } from "../base/index.js";
import { beforeInQueue, FilterType, type ResponseHeader } from "../wire/index.js";
import type { Calls } from "./calls.js";
import { firstEvent } from "./first-event.js";
import type { CallOptions } from "./options.js";

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
  client: Calls,
  { prefix, key, revision }: Place,
  call: CallOptions,
): Promise<ResponseHeader | undefined> {
  for (;;) {
    const { header, kvs } = await client.range(beforeInQueue(prefix, revision), call);
    const before = kvs[0];
    if (before === undefined) break;
    const deletion = { key: before.key, startRevision: (header?.revision ?? 0) + 1, filters: [FilterType.NOPUT] };
    await firstEvent(client, deletion, call);
  }
  const own = await client.range({ key }, call);
  // A key of the same name that was created later has its own place in the queue.
  return own.kvs[0]?.createRevision === revision ? own.header : undefined;
}
