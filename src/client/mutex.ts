import { emptyBytes, GrpcCode, type Key } from "../base/index.js";
import { type Compare, enterQueue, ownerOfQueue, queuePlace, type ResponseHeader } from "../wire/index.js";
import { ClientError } from "./client-error.js";
import type { CallOptions } from "./options.js";
import { leavingQueue, queueFor } from "./queue-for.js";
import type { Session } from "./session.js";
import { compare } from "./transaction.js";

/**
 * A lock by name. One session in the cluster holds it at a time; sessions get it in the order of asking.
 *
 * A holder can lose its lease without noticing at once, for instance while its process is paused, and another session
 * then holds the lock, too. Whatever the lock protects must therefore refuse late writes: give it `fencingToken`, and
 * let it refuse tokens that are lower than one that it has seen. In etcd itself, `guard` does that.
 */
export class Mutex {
  readonly #session: Session;
  readonly #prefix: Key;
  readonly key: Key;
  #header: ResponseHeader | undefined;
  #revision = 0;

  /** All clients that lock this name share its queue, etcd's own clients included. */
  constructor(session: Session, name: Key) {
    this.#session = session;
    const { prefix, key } = queuePlace(name, session.lease);
    this.#prefix = prefix;
    this.key = key;
  }

  /** Header of the answer that granted the lock; undefined before. */
  get header(): ResponseHeader | undefined {
    return this.#header;
  }

  /** A number that is greater for each later holder of the lock; 0 before `lock` was called. */
  get fencingToken(): number {
    return this.#revision;
  }

  /** The comparison that holds while this session has the lock: add it to transactions that the lock protects. */
  get guard(): Compare {
    return compare(this.key).createRevision("==", this.#revision);
  }

  /** Locks; resolves when this session holds the lock. @throws ClientError also when the signal aborts first */
  async lock(signal?: AbortSignal): Promise<void> {
    const { client } = this.#session;
    const call = signal === undefined ? {} : { signal };
    const owned = ownerOfQueue(this.#prefix);
    const response = await client.txn(enterQueue(this.key, this.#session.lease, emptyBytes, owned), call);
    const [mine, owner] = response.responses.map(({ response: part }) =>
      part?.case === "responseRange" ? part.value.kvs[0] : undefined,
    );
    const revision = response.succeeded ? (response.header?.revision ?? 0) : (mine?.createRevision ?? 0);
    this.#revision = revision;
    if (owner === undefined || owner.createRevision === revision) {
      this.#header = response.header;
      return;
    }
    try {
      this.#header = await queueFor(client, { prefix: this.#prefix, key: this.key, revision }, call);
      if (this.#header === undefined) {
        throw new ClientError(GrpcCode.Aborted, "mutex: session is expired", { undecorated: true });
      }
    } catch (error) {
      await this.unlock(leavingQueue).catch(() => undefined);
      throw error;
    }
  }

  /** Releases the lock, or the place in its queue. */
  async unlock(call?: CallOptions): Promise<void> {
    await this.#session.client.deleteRange({ key: this.key }, call);
  }
}
