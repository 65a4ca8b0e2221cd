import type { LeaseId } from "../base/index.js";
import { ExpiryQueue, type Queued } from "./expiry-queue.js";
import type { HeldLease } from "./lease.js";

/** How much of a lease's time to live was left at one moment. 0 takes an earlier checkpoint back. */
export interface Checkpoint {
  readonly id: LeaseId;
  readonly remainingSeconds: number;
}

interface Turn extends Queued {
  readonly lease: HeldLease;
}

const secondMs = 1000;

/** Which leases the primary should checkpoint, and when: those that live for longer than one interval, once in each. */
export class CheckpointSchedule {
  readonly #intervalSeconds: number;
  readonly #queue = new ExpiryQueue<Turn>();
  readonly #turns = new Map<LeaseId, Turn>();

  constructor(intervalSeconds: number) {
    this.#intervalSeconds = intervalSeconds;
  }

  /** Gives the lease its next turn, one interval from now, if it lives to see it. */
  schedule(lease: HeldLease, now: number): void {
    if (lease.renewalSeconds <= this.#intervalSeconds) return;
    let turn = this.#turns.get(lease.id);
    if (turn === undefined) {
      turn = { lease, due: 0, slot: -1 };
      this.#turns.set(lease.id, turn);
    }
    this.#queue.set(turn, now + this.#intervalSeconds * secondMs);
  }

  forget(lease: HeldLease): void {
    const turn = this.#turns.get(lease.id);
    if (turn === undefined) return;
    this.#turns.delete(lease.id);
    this.#queue.remove(turn);
  }

  clear(): void {
    this.#turns.clear();
    this.#queue.clear();
  }

  /** Up to `limit` checkpoints whose turn it is. Each lease named or passed over comes again in one interval. */
  due(now: number, limit: number): Checkpoint[] {
    const checkpoints: Checkpoint[] = [];
    for (let turn = this.#queue.first(); turn !== undefined && turn.due <= now; turn = this.#queue.first()) {
      if (checkpoints.length === limit) break;
      const { lease } = turn;
      this.#queue.set(turn, now + this.#intervalSeconds * secondMs);
      const remainingSeconds = Math.ceil((lease.expiry - now) / secondMs);
      // One that has run out is about to be revoked; one that was just renewed has nothing to remember.
      if (remainingSeconds <= 0 || remainingSeconds >= lease.ttlSeconds) continue;
      checkpoints.push({ id: lease.id, remainingSeconds });
    }
    return checkpoints;
  }
}
