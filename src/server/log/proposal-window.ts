import { type Clock, EtcdError, FairQueue } from "../../base/index.js";

const mebibyte = 1024 * 1024;
/**
 * The most bytes of long proposals that are not answered yet: as much as the largest write of the raft log. Further
 * proposals wait.
 */
const openBytesMax = 4 * mebibyte;
/**
 * The same limit while there are short requests. A short request waits for this many bytes before it in the log, and
 * for as many in the write that is under way. Three members on one machine take 15 ms or more to write a mebibyte.
 */
const openBytesBesideShort = mebibyte;
/** How long a short request counts after its proposal. */
const shortMs = 1_000;
/** The maximum size of a short request. */
export const shortBytesMax = 64 * 1024;
/** The most bytes of short requests under way. They have this room of their own beside long requests. */
const openShortBytesMax = 4 * mebibyte;
/**
 * The share of the window that is left when the database accepts no more batches. It must not be 0: waiting requests
 * start when one under way ends.
 */
const leastShare = 1 / 16;
/** The most bytes of waiting requests. Further requests are refused. */
const waitingBytesMax = 320 * mebibyte;

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Bounds the bytes of a member's proposals that are under way, from the proposal to its result. This limits the
 * leader's uncommitted log and the entries that are committed but not applied. Further proposals wait, and clients get
 * room in turn. Short requests have room of their own, so that they do not wait behind long ones. While there is room,
 * a proposal costs a few additions and comparisons.
 *
 * The window narrows while the database falls behind with its merges. Fewer requests at a time then take a little
 * longer each. Otherwise all of them would stop for seconds when the database accepts no more.
 */
export class ProposalWindow {
  readonly #clock: Clock;
  readonly #strain: () => number;
  readonly #short = new Share(() => openShortBytesMax * this.#part);
  readonly #long = new Share(() => this.#longBytesMax * this.#part);
  /** When the last short request was proposed. */
  #shortAt = Number.NEGATIVE_INFINITY;

  /** @param strain how close the database is to accepting no more batches, from 0 to 1; never by default */
  constructor(clock: Clock, strain: () => number = () => 0) {
    this.#clock = clock;
    this.#strain = strain;
  }

  /** Whether proposals wait for room. */
  get awaited(): boolean {
    return this.#short.awaited || this.#long.awaited;
  }

  /** Whether a new proposal of this size has to wait. */
  full(bytes: number): boolean {
    return this.#share(bytes).full;
  }

  /** Counts a proposal that is made now. */
  open(bytes: number): void {
    const share = this.#share(bytes);
    share.openBytes += bytes;
    if (share === this.#short) this.#shortAt = this.#clock.now();
  }

  /** Releases the bytes of a proposal that was answered or abandoned, and starts waiting ones. */
  close(bytes: number): void {
    const share = this.#share(bytes);
    share.openBytes -= bytes;
    share.startWaiting();
  }

  /**
   * Calls `start`, which must call `open`, when there is room.
   *
   * @param client an object that all requests of a client share
   * @returns a function that gives up waiting; it does nothing after the start
   * @throws EtcdError `tooManyRequests`
   */
  wait(bytes: number, start: () => void, client: object): () => void {
    if (this.#short.waitingBytes + this.#long.waitingBytes + bytes > waitingBytesMax) {
      throw new EtcdError("tooManyRequests");
    }
    return this.#share(bytes).wait({ bytes, start }, client);
  }

  /** The part of the window that is open. */
  get #part(): number {
    return 1 - (1 - leastShare) * this.#strain();
  }

  get #longBytesMax(): number {
    return this.#clock.now() - this.#shortAt < shortMs ? openBytesBesideShort : openBytesMax;
  }

  #share(bytes: number): Share {
    return bytes <= shortBytesMax ? this.#short : this.#long;
  }
}

/** The room for short requests, or for long ones. */
class Share {
  openBytes = 0;
  waitingBytes = 0;
  readonly #openBytesMax: () => number;
  readonly #waiting = new FairQueue<Waiting>();

  constructor(openBytesMax: () => number) {
    this.#openBytesMax = openBytesMax;
  }

  get full(): boolean {
    return this.openBytes >= this.#openBytesMax() || this.awaited;
  }

  get awaited(): boolean {
    return this.#waiting.size > 0;
  }

  startWaiting(): void {
    while (this.openBytes < this.#openBytesMax()) {
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
