import { EtcdError, type RequestId } from "../../base/index.js";
import { type ConfChangeV1, noNode, RaftError, type RawNode } from "../../raft/index.js";
import type { ConfChangeQueue } from "./conf-change-queue.js";
import type { RaftHandler } from "./raft-handler.js";

export interface ProposalIntakeConfig {
  readonly node: RawNode;
  readonly confChanges: ConfChangeQueue;
  readonly refused: RaftHandler["refused"];
  /** Calls raft, and throws what raft throws. Any error but a `RaftError` stops the loop first. */
  readonly guard: (call: () => void) => void;
  readonly wake: () => void;
  readonly stopped: () => boolean;
}

/** The most proposals that wait for a leader. */
const unsentMax = 5_000;
/** A batch is proposed from this many bytes on, so that a forwarded message does not become long. */
const batchBytesMax = 64 * 1024;

interface Proposed {
  readonly id: RequestId;
  readonly data: Uint8Array;
}

/**
 * The way of this member's proposals to raft. Proposals that arrive in the same turn of the event loop go to raft in
 * one message: raft's work on a message, at the leader and for each follower, costs much more than that on a further
 * entry. Without a leader, proposals wait for one.
 */
export class ProposalIntake {
  readonly #config: ProposalIntakeConfig;
  #batch: Proposed[] = [];
  #batchBytes = 0;
  #hasLeader = false;
  /** The proposals that wait for a leader, by their ids. */
  readonly #unsent = new Map<RequestId, () => void>();

  constructor(config: ProposalIntakeConfig) {
    this.#config = config;
  }

  /**
   * Proposes data with the next `flush`. Without a leader the proposal waits for one. It is refused with
   * `leaderChanged` when raft drops it, and with `tooManyRequests` when too many wait already, or too many bytes are
   * not committed yet.
   */
  propose(id: RequestId, data: Uint8Array): void {
    if (!this.#hasLeader) {
      this.#attempt(id, () => this.#waitForLeader(id, () => this.#config.node.propose(data)));
      return;
    }
    // The leader acknowledges a message as a whole. A long entry goes alone, since shorter ones are stored without it.
    if (data.length >= batchBytesMax) this.flush();
    this.#batch.push({ id, data });
    this.#batchBytes += data.length;
    if (this.#batchBytes >= batchBytesMax) this.flush();
    else this.#config.wake();
  }

  /**
   * Proposes a decision of this member as the leader of `term`. It is neither forwarded to another leader nor kept for
   * a later term: its entry has this term, or there is none. It is refused with `leaderChanged` when this member does
   * not lead in `term`.
   */
  proposeInTerm(id: RequestId, term: number, data: Uint8Array): void {
    this.flush();
    this.#attempt(id, () => {
      if (!this.#send(() => this.#config.node.propose(data, term))) throw new EtcdError("leaderChanged");
    });
  }

  /** Proposes a conf change. It may be refused as `propose` says. */
  proposeConfChange(change: ConfChangeV1): void {
    const { node, confChanges } = this.#config;
    const id = change.id as RequestId;
    const send = (): void => node.proposeConfChange(change);
    const propose = (): void => (this.#hasLeader ? this.#sendOrThrow(send) : this.#waitForLeader(id, send));
    this.flush();
    this.#attempt(id, () => confChanges.submit(node.takesConfChange, propose));
  }

  /** Forgets a proposal that still waits for a leader, since its proposer has given up. */
  withdraw(id: RequestId): void {
    this.#unsent.delete(id);
  }

  /** Proposes what has arrived since the last call. Must be called before work of raft is taken or its leader moves. */
  flush(): void {
    if (this.#batch.length === 0) return;
    const { node, stopped } = this.#config;
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    try {
      if (this.#send(() => node.proposeAll(batch.map(({ data }) => data)))) return;
    } catch (error) {
      if (stopped()) return;
      throw error;
    }
    // Raft drops a message as a whole. When too many bytes are uncommitted, some of its entries may still fit.
    for (const { id, data } of batch) this.#attempt(id, () => this.#sendOrThrow(() => node.propose(data)));
  }

  /** There is a leader now, or none. With one, the proposals are made that have waited for it. */
  leaderMoved(hasLeader: boolean): void {
    this.#hasLeader = hasLeader;
    if (!hasLeader) return;
    // The proposer of one that raft drops now gets a timeout.
    const unsent = [...this.#unsent.values()];
    this.#unsent.clear();
    for (const propose of unsent) this.#send(propose);
  }

  #waitForLeader(id: RequestId, propose: () => void): void {
    if (this.#unsent.size >= unsentMax) throw new EtcdError("tooManyRequests");
    this.#unsent.set(id, propose);
  }

  /** Reports the refusal of a proposal. After a broken invariant the member stops, and all proposals with it. */
  #attempt(id: RequestId, run: () => void): void {
    try {
      run();
    } catch (error) {
      if (error instanceof EtcdError) this.#config.refused(id, error.kind);
      else if (!this.#config.stopped()) throw error;
    }
  }

  #sendOrThrow(propose: () => void): void {
    if (!this.#send(propose)) throw new EtcdError(this.#takesProposals ? "tooManyRequests" : "leaderChanged");
  }

  /** Whether raft accepts proposals as long as the uncommitted bytes allow it. */
  get #takesProposals(): boolean {
    const { state, leadTransferee } = this.#config.node.basicStatus();
    return state === "StateLeader" && leadTransferee === noNode;
  }

  /** Proposes to raft. @returns false when raft drops the proposal */
  #send(propose: () => void): boolean {
    const { guard, wake } = this.#config;
    try {
      guard(propose);
    } catch (error) {
      if (error instanceof RaftError) return false;
      throw error;
    }
    wake();
    return true;
  }
}
