import type { Clock, LeaseId, Logger, Timer } from "../base/index.js";
import { type Lessor, leaseRevokesPerSecond } from "../lease/index.js";
import type { ServerCounters } from "./metrics.js";

const turnMs = 500;
const revokesPerTurn = (leaseRevokesPerSecond * turnMs) / 1000;
/** Revocations proposed and not yet applied. They share syncs of the raft log, so that more would gain little. */
const inFlightMax = 64;

export interface LeaseLoopConfig {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lessor: Lessor;
  readonly counters: ServerCounters;
  /** Whether this member can still be sure that it leads; asked before anything is proposed. */
  readonly ensureLeadership: () => Promise<boolean>;
  /** Proposes a revocation; resolves when it is applied. */
  readonly revoke: (id: LeaseId) => Promise<void>;
}

/**
 * Twice a second the primary proposes to revoke what has expired, and the checkpoints that are due. The lessor names a
 * lease again when it is still there some seconds later, so a proposal that is lost is made again.
 */
export class LeaseLoop {
  readonly #config: LeaseLoopConfig;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(config: LeaseLoopConfig) {
    this.#config = config;
  }

  start(): void {
    this.#turnIn(turnMs);
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** A turn that took long is followed by the next one sooner. */
  #turnIn(delayMs: number): void {
    const { clock } = this.#config;
    this.#timer = clock.after(delayMs, () => {
      const startedAt = clock.now();
      void this.#turn().then(() => {
        if (!this.#stopped) this.#turnIn(Math.max(0, turnMs - (clock.now() - startedAt)));
      });
    });
  }

  async #turn(): Promise<void> {
    const { lessor, logger, ensureLeadership } = this.#config;
    if (!lessor.primary) return;
    const expired = lessor.expired(revokesPerTurn);
    if (expired.length > 0) {
      if (await ensureLeadership()) await this.#revokeAll(expired);
      else logger.warn("ignored expired leases because this member is not sure to lead");
    }
    if (this.#stopped) return;
    try {
      await lessor.proposeCheckpoints();
    } catch (error) {
      logger.warn("failed to checkpoint leases", { error: reasonOf(error) });
    }
  }

  async #revokeAll(ids: readonly LeaseId[]): Promise<void> {
    const queue = ids.values();
    const worker = async (): Promise<void> => {
      for (const id of queue) {
        if (this.#stopped) return;
        await this.#revoke(id);
      }
    };
    await Promise.all(Array.from({ length: Math.min(inFlightMax, ids.length) }, worker));
  }

  async #revoke(id: LeaseId): Promise<void> {
    try {
      await this.#config.revoke(id);
      this.#config.counters.leasesExpired++;
    } catch (error) {
      this.#config.logger.warn("failed to revoke lease", {
        "lease-id": BigInt.asUintN(64, id).toString(16).padStart(16, "0"),
        error: reasonOf(error),
      });
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
