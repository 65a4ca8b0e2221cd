import type { MemberId } from "../base/index.js";
import { type MembershipChange, readV2Request } from "../cluster/index.js";
import {
  type InternalRaftRequest,
  type InternalRaftRequestVariant,
  variantOfInternalRaftRequest,
} from "../wire/index.js";
import type { AuthCommand, AuthKind } from "./auth-command.js";

/** Requests that change the records of members and of the cluster's version. */
type MembershipRequest = Extract<
  InternalRaftRequestVariant,
  { readonly case: "v2" | "clusterVersionSet" | "clusterMemberAttrSet" | "downgradeInfoSet" | "downgradeVersionTest" }
>;

/** The single request of an entry; requests about users and roles, and requests about members, are grouped. */
export type Command =
  | Exclude<InternalRaftRequestVariant, MembershipRequest | { readonly case: AuthKind }>
  | { readonly case: "auth"; readonly value: AuthCommand }
  | { readonly case: "membership"; readonly value: MembershipChange };

/**
 * @throws Error when this release cannot carry the request out. A member of another release has put it into the log,
 * and skipping it would make this member differ from the others.
 */
export function commandOf(request: InternalRaftRequest): Command {
  const held = variantOfInternalRaftRequest(request);
  if (held === undefined) {
    throw new Error("the raft log holds a request that this release does not support: of an unknown kind");
  }
  switch (held.case) {
    case "put":
    case "txn":
    case "range":
    case "deleteRange":
    case "compaction":
    case "leaseGrant":
    case "leaseRevoke":
    case "leaseCheckpoint":
    case "alarm":
      return held;
    case "v2":
    case "clusterVersionSet":
    case "clusterMemberAttrSet":
    case "downgradeInfoSet":
    case "downgradeVersionTest":
      return { case: "membership", value: membershipChange(held) };
    default:
      return { case: "auth", value: held };
  }
}

/**
 * Changes of membership records come as requests of etcd's v2 store (up to 3.5) or as requests of their own (later
 * releases).
 */
function membershipChange(request: MembershipRequest): MembershipChange {
  switch (request.case) {
    case "v2":
      return readV2Request(request.value);
    case "clusterVersionSet":
      return { case: "version", version: request.value.ver };
    case "clusterMemberAttrSet": {
      const { memberId, memberAttributes } = request.value;
      const { name = "", clientUrls = [] } = memberAttributes ?? {};
      return { case: "attributes", memberId: memberId as MemberId, attributes: { name, clientUrls } };
    }
    case "downgradeInfoSet": {
      const { enabled, ver } = request.value;
      return { case: "downgrade", downgrade: { enabled, targetVersion: enabled ? ver : "" } };
    }
    case "downgradeVersionTest":
      return { case: "nothing" };
  }
}
