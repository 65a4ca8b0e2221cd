import type { MemberId } from "../base/index.js";
import { type MembershipChange, readV2Request } from "../cluster/index.js";
import type {
  AlarmRequest,
  CompactionRequest,
  DeleteRangeRequest,
  InternalRaftRequest,
  LeaseCheckpointRequest,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  PutRequest,
  RangeRequest,
  TxnRequest,
} from "../wire/index.js";
import { type AuthCommand, authCommandOf } from "./auth-command.js";

/** The single request that an entry holds. */
export type Command =
  | { readonly case: "range"; readonly value: RangeRequest }
  | { readonly case: "put"; readonly value: PutRequest }
  | { readonly case: "deleteRange"; readonly value: DeleteRangeRequest }
  | { readonly case: "txn"; readonly value: TxnRequest }
  | { readonly case: "compaction"; readonly value: CompactionRequest }
  | { readonly case: "leaseGrant"; readonly value: LeaseGrantRequest }
  | { readonly case: "leaseRevoke"; readonly value: LeaseRevokeRequest }
  | { readonly case: "leaseCheckpoint"; readonly value: LeaseCheckpointRequest }
  | { readonly case: "alarm"; readonly value: AlarmRequest }
  | { readonly case: "auth"; readonly value: AuthCommand }
  | { readonly case: "membership"; readonly value: MembershipChange };

/**
 * @throws Error when this release cannot carry the request out. A member of another release has put it into the log,
 * and skipping it would make this member differ from the others.
 */
export function commandOf(request: InternalRaftRequest): Command {
  const { range, put, deleteRange, txn, compaction, leaseGrant, leaseRevoke, leaseCheckpoint, alarm } = request;
  if (put !== undefined) return { case: "put", value: put };
  if (txn !== undefined) return { case: "txn", value: txn };
  if (deleteRange !== undefined) return { case: "deleteRange", value: deleteRange };
  if (range !== undefined) return { case: "range", value: range };
  if (compaction !== undefined) return { case: "compaction", value: compaction };
  if (leaseGrant !== undefined) return { case: "leaseGrant", value: leaseGrant };
  if (leaseRevoke !== undefined) return { case: "leaseRevoke", value: leaseRevoke };
  if (leaseCheckpoint !== undefined) return { case: "leaseCheckpoint", value: leaseCheckpoint };
  if (alarm !== undefined) return { case: "alarm", value: alarm };
  const auth = authCommandOf(request);
  if (auth !== undefined) return { case: "auth", value: auth };
  const change = membershipChange(request);
  if (change !== undefined) return { case: "membership", value: change };
  throw new Error(`the raft log holds a request that this release does not support: ${nameOf(request)}`);
}

/**
 * Changes of membership records come as requests of etcd's v2 store (up to 3.5) or as requests of their own (later
 * releases).
 */
function membershipChange(request: InternalRaftRequest): MembershipChange | undefined {
  const { v2, clusterVersionSet, clusterMemberAttrSet, downgradeInfoSet } = request;
  if (v2 !== undefined) return readV2Request(v2);
  if (clusterVersionSet !== undefined) return { case: "version", version: clusterVersionSet.ver };
  if (clusterMemberAttrSet !== undefined) {
    const { name = "", clientUrls = [] } = clusterMemberAttrSet.memberAttributes ?? {};
    const memberId = clusterMemberAttrSet.memberId as MemberId;
    return { case: "attributes", memberId, attributes: { name, clientUrls } };
  }
  if (downgradeInfoSet === undefined) return undefined;
  const { enabled, ver } = downgradeInfoSet;
  return { case: "downgrade", downgrade: { enabled, targetVersion: enabled ? ver : "" } };
}

function nameOf(request: InternalRaftRequest): string {
  const { id: _id, header: _header, ...parts } = request;
  return Object.entries(parts).find(([, part]) => part !== undefined)?.[0] ?? "of an unknown kind";
}
