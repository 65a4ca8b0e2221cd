import type { Clock, Timer } from "../../base/index.js";

/** How long the log is kept for a peer after its snapshot, so that the entries behind the snapshot are still there. */
const keepLogMs = 30_000;

/** Keeps the log from being cut while a peer receives a snapshot, and for a while after it. */
export class SnapshotHold {
  readonly #clock: Clock;
  readonly #timers = new Set<Timer>();
  #underWay = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether a peer is receiving a snapshot, or has received one recently. */
  get holdsLog(): boolean {
    return this.#underWay > 0 || this.#timers.size > 0;
  }

  /** Raft wants to send a snapshot. */
  begin(): void {
    this.#underWay++;
  }

  end(outcome: "finish" | "failure"): void {
    this.#underWay--;
    if (outcome === "failure") return;
    const timer = this.#clock.after(keepLogMs, () => this.#timers.delete(timer));
    this.#timers.add(timer);
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }
}
