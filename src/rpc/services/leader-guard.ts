import { type Clock, EtcdError, type Timer } from "../../base/index.js";
import type { Call } from "../../server/index.js";

export interface LeaderView {
  /** The id of the leader; 0 when there is none. */
  leader(): bigint;
  /** Calls `listener` at every change of the leader, with 0 when the leader is lost. @returns unsubscribes */
  onLeaderChange(listener: (leader: bigint) => void): () => void;
}

/** Ends streams whose clients sent the metadata `hasleader`, when this member has had no leader for too long. */
export class LeaderGuard {
  readonly #view: LeaderView;
  readonly #clock: Clock;
  readonly #patienceMs: number;
  readonly #listeners = new Set<() => void>();
  #timer: Timer | undefined;

  constructor(view: LeaderView, clock: Clock, patienceMs: number) {
    this.#view = view;
    this.#clock = clock;
    this.#patienceMs = patienceMs;
    view.onLeaderChange((leader) => this.#changed(leader));
  }

  get hasLeader(): boolean {
    return this.#view.leader() !== 0n;
  }

  /** Calls `lost` when there has been no leader for too long. @returns unsubscribes */
  onLost(lost: () => void): () => void {
    this.#listeners.add(lost);
    return () => this.#listeners.delete(lost);
  }

  /**
   * Awaits `work`, but not without a leader when the call asks for one.
   *
   * @throws EtcdError `noLeader` when there has been no leader for too long; whatever the work throws
   */
  async led<Result>(call: Call, work: Promise<Result>): Promise<Result> {
    if (call.metadata("hasleader") !== "true") return await work;
    let stop: () => void = () => undefined;
    const lost = new Promise<never>((_, reject) => {
      stop = this.onLost(() => reject(new EtcdError("noLeader")));
    });
    return await Promise.race([work, lost]).finally(stop);
  }

  #changed(leader: bigint): void {
    if (leader !== 0n) {
      this.#timer?.cancel();
      this.#timer = undefined;
    } else {
      this.#timer ??= this.#clock.after(this.#patienceMs, () => {
        this.#timer = undefined;
        for (const lost of [...this.#listeners]) lost();
      });
    }
  }
}
