import { EtcdError, FairQueue } from "../../base/index.js";

const mebibyte = 1024 * 1024;
/**
 * Proposed here and not answered yet: two writes of the raft log's largest size, so that one is gathered while the disk
 * has the other. What is proposed next waits for as much.
 */
const openBytesMax = 8 * mebibyte;
/** A request of this size or less is short. */
const shortBytesMax = 64 * 1024;
/** Short requests that are under way beside others, which do not make them wait. */
const openShortBytesMax = 4 * mebibyte;
/** Requests that wait until some of those are answered; beyond, they are refused. */
const waitingBytesMax = 320 * mebibyte;

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * How many bytes of proposals one member has under way, from the proposal to its result. It bounds what its clients add
 * to the uncommitted log of the leader, whoever that is, and to what is committed and not applied. Others wait, and
 * clients get room in turn; short requests have room of their own, so that they do not wait behind long ones. A few
 * additions and comparisons are all that a proposal costs while there is room.
 */
export class ProposalWindow {
  readonly #short = new Share(openShortBytesMax);
  readonly #long = new Share(openBytesMax);

  /** Whether a new proposal of so many bytes has to wait. */
  full(bytes: number): boolean {
    return this.#share(bytes).full;
  }

  /** A proposal is made. */
  open(bytes: number): void {
    this.#share(bytes).openBytes += bytes;
  }

  /** A proposal has been answered, or nobody waits for it any more: those that wait may start. */
  close(bytes: number): void {
    const share = this.#share(bytes);
    share.openBytes -= bytes;
    share.startWaiting();
  }

  /**
   * Calls `start` once there is room, which must then call `open`.
   *
   * @param client whom the request is for: something that all requests of one client share
   * @returns how to give up waiting; harmless after the start
   * @throws EtcdError `tooManyRequests`
   */
  wait(bytes: number, start: () => void, client: object): () => void {
    if (this.#short.waitingBytes + this.#long.waitingBytes + bytes > waitingBytesMax) {
      throw new EtcdError("tooManyRequests");
    }
    return this.#share(bytes).wait({ bytes, start }, client);
  }

  #share(bytes: number): Share {
    return bytes <= shortBytesMax ? this.#short : this.#long;
  }
}

/** The short requests, or the long ones. */
class Share {
  openBytes = 0;
  waitingBytes = 0;
  readonly #openBytesMax: number;
  readonly #waiting = new FairQueue<Waiting>();

  constructor(openBytesMax: number) {
    this.#openBytesMax = openBytesMax;
  }

  get full(): boolean {
    return this.openBytes >= this.#openBytesMax || this.#waiting.size > 0;
  }

  startWaiting(): void {
    while (this.openBytes < this.#openBytesMax) {
      const next = this.#waiting.take();
      if (next === undefined) return;
      this.waitingBytes -= next.bytes;
      next.start();
    }
  }

  wait(waiting: Waiting, client: object): () => void {
    const place = this.#waiting.push(waiting, client);
    this.waitingBytes += waiting.bytes;
    return () => {
      if (place.leave()) this.waitingBytes -= waiting.bytes;
    };
  }
}
