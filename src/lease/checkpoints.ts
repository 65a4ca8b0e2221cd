import type { LeaseId } from "../base/index.js";
import { ExpiryQueue } from "./expiry-queue.js";
import { checkpointFields, type LeaseRow, type LeaseTable, noLease } from "./lease-table.js";

/** The remaining time to live of a lease at one moment. 0 cancels an earlier checkpoint. */
export interface Checkpoint {
  readonly id: LeaseId;
  readonly remainingSeconds: number;
}

const secondMs = 1000;

/**
 * Schedules the checkpoints that the primary takes: one per interval for each lease that lives longer than one
 * interval.
 */
export class CheckpointSchedule {
  readonly #table: LeaseTable;
  readonly #intervalSeconds: number;
  readonly #queue: ExpiryQueue;

  constructor(table: LeaseTable, intervalSeconds: number) {
    this.#table = table;
    this.#intervalSeconds = intervalSeconds;
    this.#queue = new ExpiryQueue(table.rows, ...checkpointFields);
  }

  /** Schedules the lease's next checkpoint, one interval from now, if the lease lives that long. */
  schedule(lease: LeaseRow, now: number): void {
    if (this.#table.renewalSeconds(lease) <= this.#intervalSeconds) return;
    this.#queue.set(lease, now + this.#intervalSeconds * secondMs);
  }

  forget(lease: LeaseRow): void {
    this.#queue.remove(lease);
  }

  clear(): void {
    this.#queue.clear();
  }

  /** Returns at most `limit` checkpoints that are due. Each lease that was visited is due again after one interval. */
  due(now: number, limit: number): Checkpoint[] {
    const table = this.#table;
    const checkpoints: Checkpoint[] = [];
    for (
      let lease = this.#queue.first();
      lease !== noLease && this.#queue.due(lease) <= now;
      lease = this.#queue.first()
    ) {
      if (checkpoints.length === limit) break;
      this.#queue.set(lease, now + this.#intervalSeconds * secondMs);
      const remainingSeconds = Math.ceil((table.expiry(lease) - now) / secondMs);
      // A lease that has run out will be revoked; one that was just renewed has nothing to record.
      if (remainingSeconds <= 0 || remainingSeconds >= table.ttlSeconds(lease)) continue;
      checkpoints.push({ id: table.id(lease), remainingSeconds });
    }
    return checkpoints;
  }
}
