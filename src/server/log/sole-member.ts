import type { MemberId } from "../../base/index.js";
import type { ConfState } from "../../raft/index.js";

/**
 * Whether this member is alone in its cluster and leads it, so that its applied state alone shows every write that any
 * client was told of: a write is answered only here, after it was applied. Reads then ask nobody for a read index.
 *
 * This must hold although consensus may be on another event loop, whose news of the leader arrive late. So it counts
 * only from the first entry of a term on that this member has led alone: no member of an earlier configuration has that
 * entry, so none can become the leader. And it ends for good with the first other member, also a learner: no other
 * member hears from raft before raft is told, by the owner of the keys, that the change has been applied.
 */
export class SoleMember {
  readonly #memberId: MemberId;
  #others: boolean;
  #leads = false;

  /** @param state raft's configuration at the start */
  constructor(memberId: MemberId, state: ConfState) {
    this.#memberId = memberId;
    this.#others = this.#hasOthers(state);
  }

  get decides(): boolean {
    return this.#leads;
  }

  /** Raft's configuration has changed. */
  configured(state: ConfState): void {
    if (!this.#hasOthers(state)) return;
    this.#others = true;
    this.#leads = false;
  }

  /** The first entry of a term has been applied. @param leading whether this member leads in that term */
  firstOfTerm(leading: boolean): void {
    this.#leads = leading && !this.#others;
  }

  /** This member does not lead any more. */
  leadershipLost(): void {
    this.#leads = false;
  }

  #hasOthers({ voters, votersOutgoing, learners, learnersNext }: ConfState): boolean {
    return [...voters, ...votersOutgoing, ...learners, ...learnersNext].some((id) => id !== this.#memberId);
  }
}
