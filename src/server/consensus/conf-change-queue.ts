import { EtcdError } from "../../base/index.js";
import { type Message, RaftError } from "../../raft/index.js";

/** The most conf changes that wait for the one before them. Each takes a few hundred bytes. */
const waitingMax = 64;

/**
 * Holds conf changes at the leader until the one before them has been applied there. Raft accepts one at a time and
 * turns a second one into an empty entry, so that its proposer would wait in vain. A follower applies a change at about
 * the same time as the leader, and its client may request the next change before the leader has applied the first.
 */
export class ConfChangeQueue {
  #waiting: (() => void)[] = [];

  /**
   * Calls `propose` now, or later when raft accepts a conf change.
   *
   * @param takes whether raft accepts one now
   * @throws EtcdError `tooManyRequests` when too many wait already; the error of `propose` when it is called now
   */
  submit(takes: boolean, propose: () => void): void {
    if (takes && this.#waiting.length === 0) {
      propose();
      return;
    }
    if (this.#waiting.length >= waitingMax) throw new EtcdError("tooManyRequests");
    this.#waiting.push(propose);
  }

  /**
   * Proposes the waiting conf changes one after the other, as long as raft accepts them. The proposer of one that is
   * refused now gets a timeout, as if its message had been lost.
   */
  release(takes: () => boolean): void {
    while (this.#waiting.length > 0 && takes()) {
      try {
        this.#waiting.shift()?.();
      } catch (error) {
        if (!(error instanceof RaftError || error instanceof EtcdError)) throw error;
      }
    }
  }
}

/** Whether a message of a peer proposes a conf change. */
export function proposesConfChange({ type, entries }: Message): boolean {
  return type === "MsgProp" && entries.some((entry) => entry.type !== "EntryNormal");
}
