import { type Clock, EtcdError, GrpcCode, type Key, type LeaseId } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { byCreation, createdAt, type LocalClient, operation } from "./local-client.js";

/** How often, and after what pause, the key of a waiter that has gone is removed while there is no leader. */
const removalsMax = 20;
const removalPauseMs = 500;

/** A place in the line, which all calls of one session share. */
export interface Place {
  readonly key: Key;
  /** The revision that created the key; 0 until that is known. */
  revision: number;
  /** The key came with these calls, or had to wait; what was there and first is held, by whoever asked before. */
  pending: boolean;
}

interface Claim extends Place {
  calls: number;
  granted: boolean;
}

/** Where the sessions of a name stand, and where this one does. */
export function lineOf(name: Uint8Array, lease: LeaseId): { readonly prefix: Key; readonly key: Key } {
  const prefix = linePrefix(name);
  return { prefix, key: prefix + lease.toString(16) };
}

/** What all keys of a name start with. */
export function linePrefix(name: Uint8Array): Key {
  return `${Buffer.from(name).toString("latin1")}/`;
}

/**
 * Sessions that wait for their turn: those of a name, in the order in which their keys were created. A call that ends
 * without its turn takes its key away.
 */
export class WaitingLine {
  readonly #client: LocalClient;
  readonly #clock: Clock;
  readonly #claims = new Map<Key, Claim>();

  constructor(client: LocalClient, clock: Clock) {
    this.#client = client;
    this.#clock = clock;
  }

  /**
   * Runs one call of the session whose key this is. When it fails, or its client has gone, the key is removed, unless
   * another call of the session waits for it still or was given what it stands for.
   *
   * @param work notes what became of the key as soon as it knows; resolves when it is this session's turn
   */
  async stand<Answer>(key: Key, call: Call, work: (place: Place) => Promise<Answer>): Promise<Answer> {
    const claim = this.#claims.get(key) ?? { key, revision: 0, pending: false, calls: 0, granted: false };
    this.#claims.set(key, claim);
    claim.calls++;
    try {
      const answer = await work(claim);
      if (call.cancelled) throw new EtcdError("canceled");
      claim.granted = true;
      return answer;
    } finally {
      claim.calls--;
      if (claim.calls === 0) {
        this.#claims.delete(key);
        if (!claim.granted && claim.pending) await this.#remove(claim, call);
      }
    }
  }

  /**
   * Resolves when every key of `prefix` that was created before this one is gone. Each waiter watches the one before it
   * only, so that a release wakes one of them and not all.
   *
   * @returns whether there was anything to wait for
   */
  async turn(prefix: Key, place: Place, call: Call): Promise<boolean> {
    const before = { ...byCreation(prefix, "last"), maxCreateRevision: place.revision - 1, keysOnly: true };
    for (let waited = false; ; waited = true) {
      const { kv, revision: seenAt } = await this.#client.range(before, call);
      if (kv === undefined) return waited;
      place.pending = true;
      await this.#gone(kv.key, seenAt + 1, call);
    }
  }

  async #gone(key: Key, fromRevision: number, call: Call): Promise<void> {
    const events = await this.#client.watch({ key, end: "", fromRevision, without: "puts" }, call);
    try {
      // What was compacted may have been the delete: whoever asked looks again.
      await events.next();
    } finally {
      events.close();
    }
  }

  async #remove({ key, revision }: Place, call: Call): Promise<void> {
    const remove = { compare: [createdAt(key, revision)], success: [operation.delete(key)] };
    for (let tries = 1; ; tries++) {
      try {
        await this.#client.txn(remove, outliving(call));
        return;
      } catch (error) {
        // What stays is bound to the session's lease.
        const passes = error instanceof EtcdError && error.code === GrpcCode.Unavailable && error.kind !== "stopped";
        if (!passes || tries === removalsMax) return;
        await new Promise<void>((resolve) => this.#clock.after(removalPauseMs, resolve));
      }
    }
  }
}

/** The same client's call, for what must be finished although the client has gone. */
export function outliving(call: Call): Call {
  return {
    cancelled: false,
    signal: new AbortController().signal,
    metadata: (name) => call.metadata(name),
    client: call.client,
    ...(call.commonName !== undefined && { commonName: call.commonName }),
  };
}
