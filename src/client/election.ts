import { GrpcCode, type Key, prefixRange } from "../base/index.js";
import {
  byCreation,
  type Compare,
  type Decoded,
  EventType,
  enterQueue,
  type KeyValue,
  leaveQueue,
  proclaimInQueue,
  queuePlace,
  type RangeResponse,
  type ResponseHeader,
} from "../wire/index.js";
import { ClientError } from "./client-error.js";
import type { CallOptions } from "./options.js";
import { leavingQueue, queueFor } from "./queue-for.js";
import type { Session } from "./session.js";
import { compare } from "./transaction.js";

/** An election by name: one session leads at a time, and publishes a value. */
export class Election {
  readonly #session: Session;
  readonly #prefix: Key;
  readonly key: Key;
  #revision = 0;

  /** All clients that use this name take part in the same election, etcd's own clients included. */
  constructor(session: Session, name: Key) {
    this.#session = session;
    const { prefix, key } = queuePlace(name, session.lease);
    this.#prefix = prefix;
    this.key = key;
  }

  /** A number that is greater for each later leader; 0 before `campaign` was called. See `Mutex`. */
  get fencingToken(): number {
    return this.#revision;
  }

  /** The comparison that holds while this session leads: add it to transactions of the leader. */
  get guard(): Compare {
    return compare(this.key).createRevision("==", this.#revision);
  }

  /** Campaigns; resolves when this session leads. @throws ClientError also when the signal aborts first */
  async campaign(value: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { client, lease } = this.#session;
    const call = signal === undefined ? {} : { signal };
    const response = await client.txn(enterQueue(this.key, lease, value), call);
    const mine = response.responses[0]?.response;
    const standing = mine?.case === "responseRange" ? mine.value.kvs[0] : undefined;
    this.#revision = standing?.createRevision ?? response.header?.revision ?? 0;
    try {
      if (standing !== undefined && !sameValue(standing.value, value)) await this.proclaim(value, call);
      const place = { prefix: this.#prefix, key: this.key, revision: this.#revision };
      if ((await queueFor(client, place, call)) === undefined) {
        throw new ClientError(GrpcCode.Aborted, "election: session is expired", { undecorated: true });
      }
    } catch (error) {
      await this.resign(leavingQueue).catch(() => undefined);
      throw error;
    }
  }

  /** Publishes a new value as leader. @throws ClientError when this session does not lead */
  async proclaim(value: Uint8Array, call?: CallOptions): Promise<void> {
    const { client, lease } = this.#session;
    const { succeeded } = await client.txn(proclaimInQueue(this.key, this.#revision, lease, value), call);
    if (!succeeded) throw new ClientError(GrpcCode.FailedPrecondition, "election: not leader", { undecorated: true });
  }

  /** Gives up the leadership, or the candidacy. */
  async resign(call?: CallOptions): Promise<void> {
    if (this.#revision === 0) return;
    await this.#session.client.txn(leaveQueue(this.key, this.#revision), call);
    this.#revision = 0;
  }

  /** The values of leaders from now on, the current one first, until the signal aborts. */
  async *observe(signal: AbortSignal): AsyncGenerator<Decoded<RangeResponse>, void> {
    const { client } = this.#session;
    while (!signal.aborted) {
      const present = await client.range(byCreation(this.#prefix, "first"), { signal });
      let leader: KeyValue | undefined = present.kvs[0];
      let header = present.header;
      if (leader === undefined) {
        const elected = await this.#firstPut(header?.revision ?? 0, signal);
        if (elected === undefined) return;
        [header, leader] = elected;
      }
      yield answer(header, leader);
      yield* this.#proposals(leader.key, (header?.revision ?? 0) + 1, signal);
    }
  }

  async #firstPut(
    fromRevision: number,
    signal: AbortSignal,
  ): Promise<[ResponseHeader | undefined, KeyValue] | undefined> {
    const watch = await this.#session.client.watch({ ...prefixRange(this.#prefix), startRevision: fromRevision });
    const stop = (): void => watch.cancel();
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const { header, events } of watch) {
        const kv = events.find(({ type }) => type === EventType.PUT)?.kv;
        if (kv !== undefined) return [header && { ...header, revision: kv.modRevision }, kv];
      }
      return undefined;
    } finally {
      signal.removeEventListener("abort", stop);
      watch.cancel();
    }
  }

  async *#proposals(key: Key, startRevision: number, signal: AbortSignal) {
    const watch = await this.#session.client.watch({ key, startRevision });
    const stop = (): void => watch.cancel();
    signal.addEventListener("abort", stop, { once: true });
    try {
      for await (const { header, events } of watch) {
        for (const { type, kv } of events) {
          if (type === EventType.DELETE) return;
          if (kv !== undefined) yield answer(header, kv);
        }
      }
    } finally {
      signal.removeEventListener("abort", stop);
      watch.cancel();
    }
  }
}

function answer(header: ResponseHeader | undefined, kv: KeyValue): Decoded<RangeResponse> {
  return { header, kvs: [kv], more: false, count: 0 };
}

function sameValue(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
