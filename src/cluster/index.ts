/**
 * The members of the cluster: who they are, how their ids are computed, and the records, JSON and requests in which
 * etcd 3.5 keeps and agrees on them, byte for byte. Changed by whoever applies the log, and only then; it neither
 * proposes anything nor talks to other members.
 */
export { Cluster, type ClusterOptions } from "./cluster.js";
export { compareVersions, type DowngradeInfo, shortVersion } from "./cluster-version.js";
export { loadConfState, saveConfState } from "./conf-state.js";
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
export { attributesRequest, type MembershipChange, readV2Request, versionRequest } from "./v2-request.js";
export { decodeV2Store, encodeV2Store, type SnapshotMembership } from "./v2-store.js";
