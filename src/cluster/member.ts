import { createHash } from "node:crypto";
import type { ClusterId, MemberId } from "../base/index.js";

/** What a member publishes about itself once it runs. */
export interface MemberAttributes {
  /** Empty until the member has run. */
  readonly name: string;
  /** Where clients reach it; empty until it has run. */
  readonly clientUrls: readonly string[];
}

/** What only a conf change can alter. */
export interface RaftAttributes {
  /** Where other members reach it. */
  readonly peerUrls: readonly string[];
  /** It receives the log and does not vote. */
  readonly isLearner: boolean;
}

export interface Member extends RaftAttributes, MemberAttributes {
  readonly id: MemberId;
}

/**
 * The id of a member, the same wherever it is computed from the same flags.
 *
 * @param token of the cluster (`--initial-cluster-token`)
 * @param unixSeconds for a member that is added later, so that it differs from a removed one with the same URLs
 */
export function computeMemberId(peerUrls: readonly string[], token: string, unixSeconds?: number): MemberId {
  const text = [...peerUrls].sort().join("") + token + (unixSeconds ?? "");
  return firstBytes(Buffer.from(text, "utf8")) as MemberId;
}

/** The id of a cluster that starts with these members, in any order. */
export function computeClusterId(members: readonly MemberId[]): ClusterId {
  const bytes = Buffer.alloc(8 * members.length);
  for (const [at, id] of [...members].sort(compareIds).entries()) bytes.writeBigUInt64BE(id, 8 * at);
  return firstBytes(bytes) as ClusterId;
}

/**
 * The members that a cluster starts with.
 *
 * @param peerUrlsByName as `--initial-cluster` names them
 * @throws Error when two of them would be one member
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

/** An id as etcd writes it, in lower hex without leading zeros. */
export function idText(id: MemberId | ClusterId): string {
  return id.toString(16);
}

export function compareIds(one: bigint, other: bigint): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

function firstBytes(bytes: Uint8Array): bigint {
  return createHash("sha1").update(bytes).digest().readBigUInt64BE(0);
}
