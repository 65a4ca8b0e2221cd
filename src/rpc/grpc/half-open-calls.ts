import type { LoopTurn, MemoryAccount } from "../../base/index.js";

/** A call whose head has arrived, but no message. */
export interface HalfOpenCall {
  /** The bytes that the account counts for the call. */
  readonly chargedBytes: number;
  /** Ends the call with a code that allows the client to repeat it, since nothing was done. */
  refuse(): void;
}

/** The place of a half-open call in the order of arrival. */
export interface HalfOpenPlace {
  readonly call: HalfOpenCall;
  readonly bytes: number;
  /** The neighbouring places; undefined at the ends of the list, and after the call has left it. */
  older: HalfOpenPlace | undefined;
  newer: HalfOpenPlace | undefined;
}

/**
 * The share of the account that all half-open calls may hold: room for 3,200 calls with little metadata by default. It
 * must be larger than what an ordinary client begins at once, since some send the heads of all calls of a turn before
 * the first message: 2,000 calls of one client were too many for half of it.
 */
const accountShare = 1 / 16;

/**
 * The calls whose clients have sent nothing after the head. As in etcd, a call may stay in this state for any time, but
 * not any number of calls: beyond a share of the account the oldest are ended to make room for new ones, and they are
 * ended for calls with a request when the account is full. Otherwise a client that only begins calls could have all
 * others refused for ever. Ordinary clients send the first message with the head or soon after it.
 */
export class HalfOpenCalls {
  readonly #memory: MemoryAccount;
  readonly #turn: LoopTurn;
  readonly #bytesMax: number;
  // A linked list, since finding the first entry of a Map takes longer the more entries were deleted before it.
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

  /** Adds a call. @returns its place, for `leave` */
  enter(call: HalfOpenCall): HalfOpenPlace {
    const place = { call, bytes: call.chargedBytes, older: this.#newest, newer: undefined };
    if (this.#newest === undefined) this.#oldest = place;
    else this.#newest.newer = place;
    this.#newest = place;
    this.#bytes += place.bytes;
    while (this.#bytes > this.#bytesMax && this.#oldest !== undefined && this.#oldest !== place) this.#refuseOldest();
    return place;
  }

  /** Removes a call whose first message has arrived, or that has ended. May be called more than once. */
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
    // Deferred, since the caller that found no room is in the middle of its own work.
    this.#turn.defer(() => this.#makeRoom(this.#memory.excessBytes));
  }

  /** Ends the oldest calls. The bytes of a stream are released a little later, when its handler has ended. */
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
