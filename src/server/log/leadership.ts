import type { Clock, MemberId } from "../../base/index.js";
import { type NodeId, noNode, type SoftState } from "../../raft/index.js";

/** Who leads, for readers. */
export interface LeaderView {
  /** The id of the leader; 0 when there is none. */
  readonly lead: NodeId;
  /** Whether this member leads. */
  readonly leading: boolean;
  readonly hasLeader: boolean;
  /** Calls `listener` at all news of the leader, with 0 when there is none. @returns unsubscribes */
  onChange(listener: (lead: NodeId) => void): () => void;
}

/** The current leader as far as this member knows. The raft node loop updates it. */
export class Leadership implements LeaderView {
  readonly #memberId: MemberId;
  readonly #clock: Clock;
  #lead: NodeId = noNode;
  /** The term in which this member leads; undefined while it does not. */
  #termLed: number | undefined;
  /** The time at which this member last became the leader. */
  #electedAt: number | undefined;
  #changes = 0;
  readonly #listeners = new Set<(lead: NodeId) => void>();

  constructor(memberId: MemberId, clock: Clock) {
    this.#memberId = memberId;
    this.#clock = clock;
  }

  get lead(): NodeId {
    return this.#lead;
  }

  get hasLeader(): boolean {
    return this.#lead !== noNode;
  }

  /** Whether this member leads. */
  get leading(): boolean {
    return this.#termLed !== undefined;
  }

  /**
   * The term in which this member leads; undefined when it does not. Its decisions as the leader may be proposed in
   * this term only.
   */
  get termLed(): number | undefined {
    return this.#termLed;
  }

  /** The number of times that the leader has changed. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether a request of that time may have been sent to the previous leader and been lost with it. */
  mayHaveBeenLost(askedAt: number, electionTimeoutMs: number): boolean {
    const elected = this.#electedAt;
    return elected !== undefined && askedAt > elected - 2 * electionTimeoutMs && askedAt < elected;
  }

  /** Takes raft's latest state. @returns whether the leader has changed */
  update(state: SoftState, term: number): boolean {
    const fresh = state.lead !== noNode && state.lead !== this.#lead;
    this.#lead = state.lead;
    this.#termLed = state.state === "StateLeader" && state.lead === this.#memberId ? term : undefined;
    if (fresh) {
      this.#changes++;
      if (this.leading) this.#electedAt = this.#clock.now();
    }
    for (const listener of this.#listeners) listener(state.lead);
    return fresh;
  }

  /** Calls `listener` at every change of the leader, with 0 when there is none. @returns unsubscribes */
  onChange(listener: (lead: NodeId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
