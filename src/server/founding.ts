import { computeClusterId, initialMembers, type Member } from "../cluster/index.js";
import type { WalMetadata } from "../wal/index.js";
import type { ServerConfig } from "./config.js";

/** Who this member is in a cluster that starts anew. */
export interface Founding {
  readonly member: Member;
  readonly ids: WalMetadata;
}

/**
 * Reads the settings of a cluster that starts anew.
 *
 * @throws Error that says which settings do not go together
 */
export function foundingOf(config: ServerConfig): Founding {
  const { name, initialCluster, initialClusterToken, advertisePeerUrls } = config;
  const members = initialMembers(new Map(initialCluster.map((one) => [one.name, one.peerUrls])), initialClusterToken);
  const member = members.find((one) => one.name === name);
  if (member === undefined) throw new Error(`couldn't find local name "${name}" in the initial cluster configuration`);
  const advertised = [...advertisePeerUrls].sort();
  for (const url of member.peerUrls.filter((one) => !advertised.includes(one))) {
    throw new Error(
      `--initial-cluster has ${name}=${url} but missing from --initial-advertise-peer-urls=${advertised}`,
    );
  }
  for (const url of advertised.filter((one) => !member.peerUrls.includes(one))) {
    throw new Error(`--initial-advertise-peer-urls has ${url} but missing from --initial-cluster=${name}=...`);
  }
  refuseMany(members.length);
  return { member, ids: { memberId: member.id, clusterId: computeClusterId(members.map(({ id }) => id)) } };
}

/** As `foundingOf`; undefined when the settings do not go together, which is no matter for a member that has run. */
export function foundingIfAny(config: ServerConfig): Founding | undefined {
  try {
    return foundingOf(config);
  } catch {
    return undefined;
  }
}

/** @throws Error when the cluster has, or is to have, other members */
export function refuseMany(memberCount: number): void {
  if (memberCount > 1) throw new Error("clusters of more than one member are not supported yet");
}
