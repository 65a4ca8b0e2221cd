import { assert, emptyBytes, GrpcCode, type Key, prefixRange } from "../base/index.js";
import { enterQueue, FilterType, queuePlace, SortOrder, SortTarget } from "../wire/index.js";
import { ClientError } from "./client-error.js";
import { firstEvent } from "./first-event.js";
import type { CallOptions } from "./options.js";
import { leavingQueue } from "./queue-for.js";
import type { Session } from "./session.js";

/**
 * A semaphore by name: at most `permits` sessions hold it at a time, and get it in the order of asking. All users must
 * give the same number. What is said of late holders at `Mutex` is true here, too.
 */
export class Semaphore {
  readonly #session: Session;
  readonly #prefix: Key;
  readonly #permits: number;
  readonly key: Key;
  #revision = 0;

  constructor(session: Session, name: Key, permits: number) {
    assert(Number.isSafeInteger(permits) && permits >= 1, "a semaphore has at least one permit");
    this.#session = session;
    this.#permits = permits;
    const { prefix, key } = queuePlace(name, session.lease);
    this.#prefix = prefix;
    this.key = key;
  }

  /** A number that is greater for each later holder; 0 before `acquire` was called. */
  get fencingToken(): number {
    return this.#revision;
  }

  /** Resolves when this session holds a permit. @throws ClientError also when the signal aborts first */
  async acquire(signal?: AbortSignal): Promise<void> {
    const { client, lease } = this.#session;
    const call = signal === undefined ? {} : { signal };
    const { responses, header } = await client.txn(enterQueue(this.key, lease, emptyBytes), call);
    const mine = responses[0]?.response;
    const standing = mine?.case === "responseRange" ? mine.value.kvs[0] : undefined;
    this.#revision = standing?.createRevision ?? header?.revision ?? 0;
    try {
      for (;;) {
        const revision = await this.#blockedAt(call);
        if (revision === undefined) return;
        const deletions = { startRevision: revision + 1, filters: [FilterType.NOPUT] };
        await firstEvent(client, { ...prefixRange(this.#prefix), ...deletions }, call);
      }
    } catch (error) {
      await this.release(leavingQueue).catch(() => undefined);
      throw error;
    }
  }

  /** Gives back the permit, or the place in the queue. */
  async release(call?: CallOptions): Promise<void> {
    await this.#session.client.deleteRange({ key: this.key }, call);
  }

  /** @returns the revision at which too many others came first; undefined when this session holds a permit */
  async #blockedAt(call: CallOptions): Promise<number | undefined> {
    const order = { sortTarget: SortTarget.CREATE, sortOrder: SortOrder.ASCEND };
    const own = { ...prefixRange(this.#prefix), ...order, limit: this.#permits, keysOnly: true };
    const { kvs, header } = await this.#session.client.range(own, call);
    if (kvs.some(({ key, createRevision }) => key === this.key && createRevision === this.#revision)) return undefined;
    const { kvs: standing } = await this.#session.client.range({ key: this.key, keysOnly: true }, call);
    if (standing[0]?.createRevision !== this.#revision) {
      throw new ClientError(GrpcCode.Aborted, "semaphore: session is expired", { undecorated: true });
    }
    return header?.revision ?? 0;
  }
}
