import type { Clock, MemberId, RequestId } from "../../base/index.js";

const suffixBits = 48;
const memberMask = 0xffffn;
const suffixCount = 2 ** suffixBits;
const countersPerMs = 256;

/**
 * Generates request ids. The high 16 bits are the low bits of the member's id. The other 48 bits are the time of the
 * request in milliseconds times 256, or the number after that of the id before, whichever is larger. So the log tells
 * when its requests were made. Ids are unique across restarts as long as a member draws fewer than 256 per millisecond
 * on average, and across members whose ids differ in the low 16 bits.
 */
export class RequestIds {
  readonly #prefix: bigint;
  readonly #clock: Clock;
  #last: number;

  constructor(memberId: MemberId, clock: Clock) {
    this.#prefix = (memberId & memberMask) << BigInt(suffixBits);
    this.#clock = clock;
    this.#last = Math.floor(clock.wallTime()) * countersPerMs;
  }

  next(): RequestId {
    this.#last = Math.max(this.#last + 1, Math.floor(this.#clock.wallTime()) * countersPerMs);
    return (this.#prefix | BigInt(this.#last % suffixCount)) as RequestId;
  }
}

/**
 * The time of a request in milliseconds since 1970, as its id tells it. A member of etcd itself counts up from the time
 * of its own start, so for its requests this is the earliest possible time.
 *
 * @param now the time of the reader: an id has 40 bits of the time, which repeat after 35 years
 */
export function requestTime(id: bigint, now: number): number {
  const repeatsAfter = suffixCount / countersPerMs;
  const within = Math.floor(Number(BigInt.asUintN(suffixBits, id)) / countersPerMs);
  return within + repeatsAfter * Math.round((now - within) / repeatsAfter);
}
