import type { Clock, MemberId } from "../../base/index.js";
import { type NodeId, noNode, type SoftState } from "../../raft/index.js";

/** Who leads, as this member last heard. The raft node loop writes it. */
export class Leadership {
  readonly #memberId: MemberId;
  readonly #clock: Clock;
  #lead: NodeId = noNode;
  /** The term in which this member leads, while it does. */
  #termLed: number | undefined;
  /** When this member last became the leader. */
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

  /** This member leads. */
  get leading(): boolean {
    return this.#termLed !== undefined;
  }

  /**
   * The term in which this member leads; undefined when it does not. What it decides as the leader is proposed in this
   * term or not at all.
   */
  get termLed(): number | undefined {
    return this.#termLed;
  }

  /** How often another leader was seen than before. */
  get changes(): number {
    return this.#changes;
  }

  /** A request that was asked then may have gone to the leader before this one, and been lost with it. */
  mayHaveBeenLost(askedAt: number, electionTimeoutMs: number): boolean {
    const elected = this.#electedAt;
    return elected !== undefined && askedAt > elected - 2 * electionTimeoutMs && askedAt < elected;
  }

  /** @returns whether another member leads than was last heard of */
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

  /** Calls `listener` whenever there is news of the leader, with 0 when there is none; returns how to stop that. */
  onChange(listener: (lead: NodeId) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
