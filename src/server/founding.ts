import { computeClusterId, initialMembers, type Member } from "../cluster/index.js";
import type { WalMetadata } from "../wal/index.js";
import type { ServerConfig } from "./config.js";

/** The members of a cluster that starts anew, and which of them this one is. */
export interface Founding {
  /** In the order of their ids. */
  readonly members: readonly Member[];
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
  return { members, ids: { memberId: member.id, clusterId: computeClusterId(members.map(({ id }) => id)) } };
}

/** As `foundingOf`; undefined when the settings do not go together, which is no matter for a member that has run. */
export function foundingIfAny(config: ServerConfig): Founding | undefined {
  try {
    return foundingOf(config);
  } catch {
    return undefined;
  }
}
