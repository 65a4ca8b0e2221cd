import type { LoopTurn, MemoryAccount } from "../../base/index.js";

/** A call of which the head has come, and no message. */
export interface HalfOpenCall {
  /** What it is counted with in the account. */
  readonly chargedBytes: number;
  /** Ends it; its client may ask again, since nothing was done. */
  refuse(): void;
}

/** A half-open call's place in the order in which they came. */
export interface HalfOpenPlace {
  readonly call: HalfOpenCall;
  readonly bytes: number;
  /** The places beside it; undefined at the ends, and once it has been left. */
  older: HalfOpenPlace | undefined;
  newer: HalfOpenPlace | undefined;
}

/** What half-open calls may hold together, as a share of the account: 10,000 calls of little metadata by default. */
const accountShare = 1 / 8;

/**
 * Calls whose clients have said nothing after the head. As in etcd, a client may leave a call in this state as long as
 * it likes, but not any number of calls: the oldest make room for new ones beyond a share of the account, and for calls
 * that ask something when the account is full. Otherwise a client that only begins calls could have all others refused
 * for ever. A well-behaved client sends the first message with the head, and never notices.
 */
export class HalfOpenCalls {
  readonly #memory: MemoryAccount;
  readonly #turn: LoopTurn;
  readonly #bytesMax: number;
  // A list and no Map: to find the first entry of a Map takes longer the more were deleted before it.
  #oldest: HalfOpenPlace | undefined;
  #newest: HalfOpenPlace | undefined;
  #bytes = 0;
  #relieving = false;

  constructor(memory: MemoryAccount, turn: LoopTurn) {
    this.#memory = memory;
    this.#turn = turn;
    this.#bytesMax = memory.limitBytes * accountShare;
    memory.onShortage(() => this.#relieve());
  }

  /** A call has come. @returns its place, for `leave` */
  enter(call: HalfOpenCall): HalfOpenPlace {
    const place = { call, bytes: call.chargedBytes, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = place;
    else this.#newest.newer = place;
    this.#newest = place;
    this.#bytes += place.bytes;
    while (this.#bytes > this.#bytesMax && this.#oldest !== undefined && this.#oldest !== place) this.#refuseOldest();
    return place;
  }

  /** Its first message has come, or it is over. A place may be left more than once. */
  leave(place: HalfOpenPlace): void {
    const { older, newer } = place;
    if (older !== undefined) older.newer = newer;
    else if (this.#oldest === place) this.#oldest = newer;
    else return;
    if (newer !== undefined) newer.older = older;
    else this.#newest = older;
    place.older = undefined;
    place.newer = undefined;
    this.#bytes -= place.bytes;
  }

  #refuseOldest(): void {
    const place = this.#oldest;
    if (place === undefined) return;
    this.leave(place);
    place.call.refuse();
  }

  #relieve(): void {
    if (this.#relieving || this.#oldest === undefined) return;
    this.#relieving = true;
    // Not at once: the caller that found no room is in the middle of something.
    this.#turn.defer(() => this.#makeRoom(this.#memory.excessBytes));
  }

  /** What the call of a stream is counted with is released when its handler has ended, which is a little later. */
  #makeRoom(bytes: number): void {
    let left = bytes;
    while (left > 0 && this.#oldest !== undefined) {
      if (this.#turn.over) {
        this.#turn.defer(() => this.#makeRoom(left));
        return;
      }
      left -= this.#oldest.bytes;
      this.#refuseOldest();
    }
    this.#relieving = false;
  }
}
