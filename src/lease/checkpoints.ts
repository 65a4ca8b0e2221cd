import type { LeaseId } from "../base/index.js";
import { ExpiryQueue, type Queued } from "./expiry-queue.js";
import type { HeldLease } from "./lease.js";

/** The remaining time to live of a lease at one moment. 0 cancels an earlier checkpoint. */
export interface Checkpoint {
  readonly id: LeaseId;
  readonly remainingSeconds: number;
}

interface Turn extends Queued {
  readonly lease: HeldLease;
}

const secondMs = 1000;

/**
 * Schedules the checkpoints that the primary takes: one per interval for each lease that lives longer than one
 * interval.
 */
export class CheckpointSchedule {
  readonly #intervalSeconds: number;
  readonly #queue = new ExpiryQueue<Turn>();
  readonly #turns = new Map<LeaseId, Turn>();

  constructor(intervalSeconds: number) {
    this.#intervalSeconds = intervalSeconds;
  }

  /** Schedules the lease's next checkpoint, one interval from now, if the lease lives that long. */
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

  /** Returns at most `limit` checkpoints that are due. Each lease that was visited is due again after one interval. */
  due(now: number, limit: number): Checkpoint[] {
    const checkpoints: Checkpoint[] = [];
    for (let turn = this.#queue.first(); turn !== undefined && turn.due <= now; turn = this.#queue.first()) {
      if (checkpoints.length === limit) break;
      const { lease } = turn;
      this.#queue.set(turn, now + this.#intervalSeconds * secondMs);
      const remainingSeconds = Math.ceil((lease.expiry - now) / secondMs);
      // A lease that has run out will be revoked; one that was just renewed has nothing to record.
      if (remainingSeconds <= 0 || remainingSeconds >= lease.ttlSeconds) continue;
      checkpoints.push({ id: lease.id, remainingSeconds });
    }
    return checkpoints;
  }
}
