import { type Clock, EtcdError, type Timer } from "../../base/index.js";
import type { Call, LeaderView } from "../../server/index.js";

export type WatchedLeadership = Pick<LeaderView, "hasLeader" | "onChange">;

export interface LeaderLossListener {
  /** This member has had no leader for too long. */
  leaderLost(): void;
}

/** Ends streams whose clients sent the metadata `hasleader`, when this member has had no leader for too long. */
export class LeaderGuard {
  readonly #leadership: WatchedLeadership;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #listeners = new Set<LeaderLossListener>();
  #timer: Timer | undefined;

  constructor(leadership: WatchedLeadership, clock: Clock, patienceMs: number) {
    this.#leadership = leadership;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    leadership.onChange((leader) => this.#changed(leader));
  }

  get hasLeader(): boolean {
    return this.#leadership.hasLeader;
  }

  enter(listener: LeaderLossListener): void {
    this.#listeners.add(listener);
  }

  leave(listener: LeaderLossListener): void {
    this.#listeners.delete(listener);
  }

  /**
   * Awaits `work`, but not without a leader when the call asks for one.
   *
   * @throws EtcdError `noLeader` when there has been no leader for too long; whatever the work throws
   */
  async led<Result>(call: Call, work: Promise<Result>): Promise<Result> {
    if (call.metadata("hasleader") !== "true") return await work;
    let leaderLost: () => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      leaderLost = () => reject(new EtcdError("noLeader"));
    });
    const listener = { leaderLost };
    this.enter(listener);
    return await Promise.race([work, lost]).finally(() => this.leave(listener));
  }

  #changed(leader: bigint): void {
    if (leader !== 0n) {
      this.#timer?.cancel();
      this.#timer = undefined;
    } else {
      this.#timer ??= this.#clock.after(this.#patienceMs, () => {
        this.#timer = undefined;
        for (const listener of [...this.#listeners]) listener.leaderLost();
      });
    }
  }
}
