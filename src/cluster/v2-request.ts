import type { MemberId } from "../base/index.js";
import { Request } from "../wire/index.js";
import type { DowngradeInfo } from "./cluster-version.js";
import { decodeAttributes, encodeAttributes } from "./json.js";
import { idText, type MemberAttributes } from "./member.js";

/** The changes of the membership that members agree on, apart from conf changes. */
export type MembershipChange =
  | { readonly case: "attributes"; readonly memberId: MemberId; readonly attributes: MemberAttributes }
  | { readonly case: "version"; readonly version: string }
  | { readonly case: "downgrade"; readonly downgrade: DowngradeInfo }
  /** A request of etcd's tests, or one to expire keys of etcd's v2 store, which has none here. */
  | { readonly case: "nothing" };

const versionPath = "/0/version";

/**
 * The request by which a member tells all others its name and its client URLs: a request of etcd's v2 store, as etcd
 * 3.5 sends it.
 */
export function attributesRequest(id: bigint, memberId: MemberId, attributes: MemberAttributes): Request {
  const path = `/0/members/${idText(memberId)}/attributes`;
  return Request.create({ id, method: "PUT", path, val: encodeAttributes(attributes) });
}

/** The request by which the leader sets the cluster version; a request of etcd's v2 store, too. */
export function versionRequest(id: bigint, version: string): Request {
  return Request.create({ id, method: "PUT", path: versionPath, val: version });
}

/**
 * Reads the change of the membership from a request of etcd's v2 store.
 *
 * @throws Error when the request is about anything else: such keys are not stored here, and skipping it would lose data
 */
export function readV2Request({ method, path, val }: Request): MembershipChange {
  if (method === "SYNC") return { case: "nothing" };
  if (method === "PUT" && path === versionPath) return { case: "version", version: val };
  const digits = /^\/0\/members\/([0-9a-f]{1,16})\/attributes$/.exec(path)?.[1];
  if (method === "PUT" && digits !== undefined) {
    return { case: "attributes", memberId: BigInt(`0x${digits}`) as MemberId, attributes: decodeAttributes(val) };
  }
  throw new Error(`the raft log holds a request of etcd's v2 API, which is not supported: ${method} ${path}`);
}
