import { type Clock, errorText, type LeaseId, type Logger, type Timer } from "../../base/index.js";
import { type Lessor, leaseRevokesPerSecond } from "../../lease/index.js";
import type { ServerCounters } from "../counters.js";

const turnMs = 500;
const revokesPerTurn = (leaseRevokesPerSecond * turnMs) / 1000;
/** Revocations proposed and not yet applied. They share syncs of the raft log, so that more would gain little. */
const inFlightMax = 64;

export interface LeaseLoopConfig {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lessor: Lessor;
  readonly counters: ServerCounters;
  /** The term in which this member leads; undefined when it does not. */
  readonly termLed: () => number | undefined;
  /** Asks a quorum whether this member still leads in `term`. */
  readonly proveLeadership: (term: number) => Promise<boolean>;
  /** Proposes a revocation as the leader of `term`; resolves when it is applied. */
  readonly revoke: (id: LeaseId, term: number) => Promise<void>;
}

/**
 * Twice a second the primary proposes to revoke what has expired, and the checkpoints that are due. The lessor names a
 * lease again when it is still there some seconds later, so a proposal that is lost is made again.
 *
 * Between the end of a lease and its revocation a quorum confirms that this member leads, and the revocation is void in
 * any other term than that in which the lease was found to have run out: another leader may have renewed it.
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
    const { lessor, logger, termLed, proveLeadership } = this.#config;
    const term = termLed();
    if (!lessor.primary || term === undefined) return;
    const expired = lessor.expired(revokesPerTurn);
    if (expired.length > 0) {
      if (await proveLeadership(term)) await this.#revokeAll(expired, term);
      else logger.warn("ignored expired leases because this member is not sure to lead");
    }
    if (this.#stopped) return;
    try {
      await lessor.proposeCheckpoints();
    } catch (error) {
      logger.warn("failed to checkpoint leases", { error: errorText(error) });
    }
  }

  async #revokeAll(ids: readonly LeaseId[], term: number): Promise<void> {
    const queue = ids.values();
    const worker = async (): Promise<void> => {
      for (const id of queue) {
        if (this.#stopped) return;
        await this.#revoke(id, term);
      }
    };
    await Promise.all(Array.from({ length: Math.min(inFlightMax, ids.length) }, worker));
  }

  async #revoke(id: LeaseId, term: number): Promise<void> {
    try {
      await this.#config.revoke(id, term);
      this.#config.counters.leasesExpired++;
    } catch (error) {
      this.#config.logger.warn("failed to revoke lease", {
        "lease-id": BigInt.asUintN(64, id).toString(16).padStart(16, "0"),
        error: errorText(error),
      });
    }
  }
}
