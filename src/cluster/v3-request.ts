import type { MemberId } from "../base/index.js";
import type { InternalRaftRequest } from "../wire/index.js";
import type { MemberAttributes } from "./member.js";

/**
 * The request by which a member tells all others its name and its client URLs, as etcd sends it since 3.6. Members
 * understand it from 3.5 on.
 */
export function attributesSet(memberId: MemberId, attributes: MemberAttributes): Partial<InternalRaftRequest> {
  const { name, clientUrls } = attributes;
  return { clusterMemberAttrSet: { memberId, memberAttributes: { name, clientUrls } } };
}

/** The request by which the leader sets the cluster version, as etcd sends it since 3.6. */
export function versionSet(version: string): Partial<InternalRaftRequest> {
  return { clusterVersionSet: { ver: version } };
}
