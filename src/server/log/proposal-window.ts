import { EtcdError } from "../../base/index.js";

const mebibyte = 1024 * 1024;
/** Proposed here and not answered yet: enough to keep the disk busy with writes of the raft log's largest size. */
const openBytesMax = 16 * mebibyte;
/** Requests that wait until some of those are answered; beyond, they are refused. */
const waitingBytesMax = 320 * mebibyte;

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * How many bytes of proposals one member has under way, from the proposal to its result. It bounds what its clients add
 * to the uncommitted log of the leader, whoever that is, and to what is committed and not applied. Others wait in the
 * order in which they came. An addition and a comparison are all that a proposal costs while there is room.
 */
export class ProposalWindow {
  #openBytes = 0;
  #waitingBytes = 0;
  readonly #waiting = new Set<Waiting>();

  /** Whether a new proposal has to wait. */
  get full(): boolean {
    return this.#openBytes >= openBytesMax || this.#waiting.size > 0;
  }

  /** A proposal is made. */
  open(bytes: number): void {
    this.#openBytes += bytes;
  }

  /** A proposal has been answered, or nobody waits for it any more: those that wait may start. */
  close(bytes: number): void {
    this.#openBytes -= bytes;
    for (const next of this.#waiting) {
      if (this.#openBytes >= openBytesMax) return;
      this.#forget(next);
      next.start();
    }
  }

  /**
   * Calls `start` once there is room, which must then call `open`.
   *
   * @returns how to give up waiting; harmless after the start
   * @throws EtcdError `tooManyRequests`
   */
  wait(bytes: number, start: () => void): () => void {
    if (this.#waitingBytes + bytes > waitingBytesMax) throw new EtcdError("tooManyRequests");
    const waiting = { bytes, start };
    this.#waiting.add(waiting);
    this.#waitingBytes += bytes;
    return () => this.#forget(waiting);
  }

  #forget(waiting: Waiting): void {
    if (this.#waiting.delete(waiting)) this.#waitingBytes -= waiting.bytes;
  }
}
