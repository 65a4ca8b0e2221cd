import type { Clock, MemberId, RequestId } from "../../base/index.js";

const suffixBits = 48;
const memberMask = 0xffffn;
const suffixCount = 2 ** suffixBits;
const countersPerMs = 256;

/**
 * Ids of requests: 16 low bits of the member's id, then 48 bits that start at the time of the start in milliseconds,
 * times 256, and count up. They stay unique across restarts as long as fewer than 256 are drawn per millisecond of
 * running on average, and across members as long as their low 16 bits differ.
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
