import type { MemberId } from "../base/index.js";
import { Request } from "../wire/index.js";
import type { DowngradeInfo } from "./cluster-version.js";
import { decodeAttributes, encodeAttributes } from "./json.js";
import { idText, type MemberAttributes } from "./member.js";

/** What the members of a cluster agree on beside conf changes. */
export type MembershipChange =
  | { readonly case: "attributes"; readonly memberId: MemberId; readonly attributes: MemberAttributes }
  | { readonly case: "version"; readonly version: string }
  | { readonly case: "downgrade"; readonly downgrade: DowngradeInfo }
  /** Expires keys of the first store, of which there are none. */
  | { readonly case: "nothing" };

const versionPath = "/0/version";

/**
 * In the words of etcd's first store, as etcd 3.5 does it: by which a member tells all others its name and its client
 * URLs.
 */
export function attributesRequest(id: bigint, memberId: MemberId, attributes: MemberAttributes): Request {
  const path = `/0/members/${idText(memberId)}/attributes`;
  return Request.create({ id, method: "PUT", path, val: encodeAttributes(attributes) });
}

/** In the same words: by which the leader sets the version that all members speak. */
export function versionRequest(id: bigint, version: string): Request {
  return Request.create({ id, method: "PUT", path: versionPath, val: version });
}

/**
 * What a request in the words of the first store means for the membership.
 *
 * @throws Error when it is about anything else: those keys are not kept here, and passing them over would lose data
 */
export function readV2Request({ method, path, val }: Request): MembershipChange {
  if (method === "SYNC") return { case: "nothing" };
  if (method === "PUT" && path === versionPath) return { case: "version", version: val };
  const digits = /^\/0\/members\/([0-9a-f]{1,16})\/attributes$/.exec(path)?.[1];
  if (method === "PUT" && digits !== undefined) {
    return { case: "attributes", memberId: BigInt(`0x${digits}`) as MemberId, attributes: decodeAttributes(val) };
  }
  throw new Error(`the log has a request of etcd's v2 API, which is not supported: ${method} ${path}`);
}
