import { type Clock, errorText, type LeaseId, type Logger, type Timer } from "../../base/index.js";
import { type Lessor, leaseRevokesPerSecond } from "../../lease/index.js";
import type { ServerCounters } from "../counters.js";

const turnMs = 500;
const revokesPerTurn = (leaseRevokesPerSecond * turnMs) / 1000;
/**
 * The most revocations that are proposed and not applied. They share syncs of the raft log, so more would gain little.
 */
const inFlightMax = 64;

export interface LeaseLoopConfig {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly lessor: Lessor;
  readonly counters: ServerCounters;
  /** The term in which this member leads; undefined when it does not lead. */
  readonly termLed: () => number | undefined;
  /** Asks a quorum whether this member still leads in `term`. */
  readonly proveLeadership: (term: number) => Promise<boolean>;
  /** Proposes a revocation as the leader of `term`. Resolves when it has been applied. */
  readonly revoke: (id: LeaseId, term: number) => Promise<void>;
}

/**
 * Twice a second the leader proposes to revoke expired leases, and to checkpoint those that are due. If a lease still
 * exists some seconds later, the lessor returns it again, so lost proposals are repeated.
 *
 * Before an expired lease is revoked, a quorum confirms that this member leads. The revocation is valid only in the
 * term in which the lease was found to be expired, since a later leader may have renewed it.
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

  /** Schedules the next turn. The time that a long turn took is deducted. */
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
      else logger.warn("ignored expired leases because the leadership is not confirmed");
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
