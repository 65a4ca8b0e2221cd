import type { LeaseId, Turns } from "../base/index.js";
import {
  encodeLongList,
  LeaseTimeToLiveResponse,
  leasepb,
  occurrencesOf,
  ResponseHeader,
  splitMessage,
} from "../wire/index.js";

// Encodes and decodes a member's answer to a peer about a lease, which may hold hundreds of thousands of keys.

export interface LeaseTimeToLive {
  /** Seconds that are left. */
  readonly ttl: number;
  readonly grantedTtl: number;
  /** Keys as latin1 text, in no particular order; empty when they were not asked for. */
  readonly keys: readonly string[];
}

/** The number of bytes decoded at once, which takes about half a millisecond. */
const bytesAtOnce = 32 * 1024;
/** Cost of decoding a byte of short keys, in the unit of `WorkBudget`. */
const workOfByte = 4;
const answerField = 1;

const codec = {
  create: LeaseTimeToLiveResponse.create,
  encode: (part: LeaseTimeToLiveResponse) => leasepb.LeaseInternalResponse.encode({ leaseTimeToLiveResponse: part }),
};

/** Encodes a `leasepb.LeaseInternalResponse` in turns. Each part contains the lease's message; decoders merge them. */
export async function encodeLeaseAnswer(id: LeaseId, lease: LeaseTimeToLive, turns: Turns): Promise<Uint8Array> {
  return await encodeLongList(codec, { header: ResponseHeader.create(), id, ...lease }, "keys", turns);
}

/** Decodes a `leasepb.LeaseInternalResponse` in turns; undefined when it contains no lease. @throws WireError */
export async function decodeLeaseAnswer(
  bytes: Uint8Array,
  turns: Turns,
): Promise<(LeaseTimeToLive & { readonly id: bigint }) | undefined> {
  let answer: { id: bigint; ttl: number; grantedTtl: number } | undefined;
  const keys: string[] = [];
  for (const message of occurrencesOf(answerField, bytes)) {
    answer ??= { id: 0n, ttl: 0, grantedTtl: 0 };
    for (const stretch of splitMessage(message, bytesAtOnce)) {
      const part = LeaseTimeToLiveResponse.decode(stretch);
      answer.id = part.id || answer.id;
      answer.ttl = part.ttl || answer.ttl;
      answer.grantedTtl = part.grantedTtl || answer.grantedTtl;
      for (const key of part.keys) keys.push(key);
      if (turns.over(stretch.length * workOfByte)) await turns.rest();
    }
  }
  return answer && { ...answer, keys };
}
