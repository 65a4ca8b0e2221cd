import type { Clock, MemberId, RequestId } from "../../base/index.js";

const suffixBits = 48;
const memberMask = 0xffffn;
const suffixCount = 2 ** suffixBits;
const countersPerMs = 256;

/**
 * Generates request ids. The high 16 bits are the low bits of the member's id. The other 48 bits count up from the
 * start time in milliseconds times 256. Ids are unique across restarts as long as a member draws fewer than 256 per
 * millisecond on average, and across members whose ids differ in the low 16 bits.
 */
export class RequestIds {
  readonly #prefix: bigint;
  #suffix: number;

  constructor(memberId: MemberId, clock: Clock) {
    this.#prefix = (memberId & memberMask) << BigInt(suffixBits);
    this.#suffix = (Math.floor(clock.wallTime()) * countersPerMs) % suffixCount;
  }

  next(): RequestId {
    this.#suffix = (this.#suffix + 1) % suffixCount;
    return (this.#prefix | BigInt(this.#suffix)) as RequestId;
  }
}
