/**
 * The members of the cluster, the computation of their ids, and the records, JSON and requests in which etcd stores
 * and agrees on them, byte for byte. Only applying the log changes them; this room neither makes proposals nor talks to
 * other members.
 */
export { Cluster, type ClusterOptions } from "./cluster.js";
export { compareVersions, type DowngradeInfo, isAtLeastVersion, isNextOlder, shortVersion } from "./cluster-version.js";
export { checkLearners } from "./conf-change-check.js";
export { confStateOf, loadConfState, saveConfState } from "./conf-state.js";
export { type ConfChangeContext, encodeConfChangeContext, encodeMember } from "./json.js";
export {
  computeClusterId,
  computeMemberId,
  idText,
  initialMembers,
  type Member,
  type MemberAttributes,
  type RaftAttributes,
} from "./member.js";
export { parsePeerUrls } from "./peer-url.js";
export { forceStorageVersion, loadStorageVersion, requireReadable, stepStorageVersion } from "./storage-version.js";
export { attributesRequest, type MembershipChange, readV2Request, versionRequest } from "./v2-request.js";
export { decodeV2Store, encodeV2Store, type SnapshotMembership } from "./v2-store.js";
export { attributesSet, versionSet } from "./v3-request.js";
