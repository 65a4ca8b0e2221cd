import { createHash } from "node:crypto";
import type { ClusterId, MemberId } from "../base/index.js";

/** The attributes that a member publishes about itself once it runs. */
export interface MemberAttributes {
  /** Name of the member; empty until it has run. */
  readonly name: string;
  /** Client URLs; empty until the member has run. */
  readonly clientUrls: readonly string[];
}

/** The attributes that only a conf change can alter. */
export interface RaftAttributes {
  /** URLs at which other members reach it. */
  readonly peerUrls: readonly string[];
  /** A learner receives the log and does not vote. */
  readonly isLearner: boolean;
}

export interface Member extends RaftAttributes, MemberAttributes {
  readonly id: MemberId;
}

/**
 * Computes the id of a member; every member computes the same from the same flags.
 *
 * @param token token of the cluster (`--initial-cluster-token`)
 * @param unixSeconds time of addition for a member that is added later, so that its id differs from that of a removed
 * member with the same URLs
 */
export function computeMemberId(peerUrls: readonly string[], token: string, unixSeconds?: number): MemberId {
  const text = [...peerUrls].sort().join("") + token + (unixSeconds ?? "");
  return firstBytes(Buffer.from(text, "utf8")) as MemberId;
}

/** Computes the id of a cluster from its initial members, in any order. */
export function computeClusterId(members: readonly MemberId[]): ClusterId {
  const bytes = Buffer.alloc(8 * members.length);
  for (const [at, id] of [...members].sort(compareIds).entries()) bytes.writeBigUInt64BE(id, 8 * at);
  return firstBytes(bytes) as ClusterId;
}

/**
 * The initial members of a cluster.
 *
 * @param peerUrlsByName names and peer URLs from `--initial-cluster`
 * @throws Error when two members have the same peer URLs
 */
export function initialMembers(peerUrlsByName: ReadonlyMap<string, readonly string[]>, token: string): Member[] {
  const members = new Map<MemberId, Member>();
  for (const [name, urls] of peerUrlsByName) {
    const peerUrls = [...urls].sort();
    const id = computeMemberId(peerUrls, token);
    const same = members.get(id);
    if (same !== undefined)
      throw new Error(`members ${same.name} and ${name} of the initial cluster have the same peer URLs`);
    members.set(id, { id, name, peerUrls, isLearner: false, clientUrls: [] });
  }
  return [...members.values()].sort((one, other) => compareIds(one.id, other.id));
}

/** An id as etcd writes it, in lower-case hex without leading zeros. */
export function idText(id: MemberId | ClusterId): string {
  return id.toString(16);
}

export function compareIds(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function firstBytes(bytes: Uint8Array): bigint {
  return createHash("sha1").update(bytes).digest().readBigUInt64BE(0);
}
