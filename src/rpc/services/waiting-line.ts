import { type Clock, EtcdError, GrpcCode, type Key, pause } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { beforeInQueue, leaveQueue } from "../../wire/index.js";
import type { LocalClient } from "./local-client.js";

/**
 * The number of attempts to remove the key of a departed waiter while there is no leader, and the pause between them.
 */
const removalsMax = 20;
const removalPauseMs = 500;

/** The place of a session in the queue, which all calls of the session share. */
export interface Place {
  readonly key: Key;
  /** The revision that created the session's key; 0 until it is known. */
  revision: number;
  /** Whether these calls created the key or still wait. Otherwise an earlier call holds the lock with this key. */
  pending: boolean;
}

interface Claim extends Place {
  calls: number;
  granted: boolean;
}

/**
 * The queue of sessions that wait for a lock or an election, in the order in which their keys were created. A call that
 * ends before its turn removes its key.
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
   * Runs a call of a session. If the call fails or its client disconnects, the session's key is removed, unless another
   * call of the session still waits with this key or has acquired the lock.
   *
   * @param work stores the key's state in `place` as soon as it is known; resolves when it is the session's turn
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
   * Resolves when all keys under `prefix` that were created before this one are gone. Each waiter watches only the key
   * before its own, so that a release wakes one waiter and not all.
   *
   * @returns whether it had to wait
   */
  async turn(prefix: Key, place: Place, call: Call): Promise<boolean> {
    const before = { ...beforeInQueue(prefix, place.revision), keysOnly: true };
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
      // After a compaction the delete event may be lost, so the loop looks at the keys again.
      await events.next();
    } finally {
      events.close();
    }
  }

  async #remove({ key, revision }: Place, call: Call): Promise<void> {
    const remove = leaveQueue(key, revision);
    for (let tries = 1; ; tries++) {
      try {
        await this.#client.txn(remove, outliving(call));
        return;
      } catch (error) {
        // A key that cannot be removed is deleted when the session's lease expires.
        const passes = error instanceof EtcdError && error.code === GrpcCode.Unavailable && error.kind !== "stopped";
        if (!passes || tries === removalsMax) return;
        await pause(this.#clock, removalPauseMs);
      }
    }
  }
}

/** The same call without its signal, for work that has to be finished although the client has disconnected. */
export function outliving(call: Call): Call {
  return {
    cancelled: false,
    signal: new AbortController().signal,
    metadata: (name) => call.metadata(name),
    client: call.client,
    ...(call.commonName !== undefined && { commonName: call.commonName }),
  };
}
