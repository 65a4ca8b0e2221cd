import { EtcdError } from "../../base/index.js";
import { type Message, RaftError } from "../../raft/index.js";

/** Conf changes that wait for the one before them; each is a few hundred bytes. */
const waitingMax = 64;

/**
 * Conf changes that the leader holds back until the one before them is applied here. Raft takes one at a time and turns
 * any other into an empty entry, of which its proposer would never hear again. A follower applies a change about when
 * the leader does, and its client may ask for the next one before the leader has come as far.
 */
export class ConfChangeQueue {
  #waiting: (() => void)[] = [];

  /**
   * Proposes now, or once `takes` says that raft is ready.
   *
   * @throws EtcdError `tooManyRequests` when too many wait already; what `propose` throws when it is called now
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
   * Proposes what waits, one after the other, for as long as raft takes conf changes. One that is refused now is
   * missed by its proposer, as one that is lost on its way, and times out there.
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
