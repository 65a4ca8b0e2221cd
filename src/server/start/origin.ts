import { assert } from "../../base/index.js";
import { encodeMember, idText, type Member } from "../../cluster/index.js";
import type { Peer } from "../../raft/index.js";
import type { OpenedWal, WalMetadata } from "../../wal/index.js";
import type { InitialMember, ServerConfig } from "../config.js";
import type { MemberDisk } from "../disk/member-disk.js";
import type { ServerDeps } from "../server-deps.js";
import { discoverMembers } from "./discovery.js";
import { type Founding, foundingOf, hasDuplicates, initialText, refuseBootstrapped } from "./founding.js";
import { initialClusterOf } from "./initial-cluster.js";
import { joiningOf } from "./joining.js";
import { systemNames } from "./name-lookup.js";
import type { UrlMatchDeps } from "./url-match.js";

/** How a member came into its cluster. */
export type Origin =
  /** The member creates a cluster, together with others. */
  | ({ readonly kind: "founder" } & Founding)
  /** The member was added to a running cluster and waits for its leader. `remotes` are the other members. */
  | { readonly kind: "joiner"; readonly ids: WalMetadata; readonly remotes: readonly Member[] }
  /** The member has data already. */
  | { readonly kind: "restarted"; readonly ids: WalMetadata };

export interface OpenedLog {
  readonly opened: OpenedWal;
  readonly origin: Origin;
}

/**
 * Opens the raft log and determines the member's origin: for a new member from the settings and the other members,
 * otherwise from the log, without regard to the settings for a first start.
 *
 * @throws Error whose message tells the operator, in one line, what in the settings or in the cluster prevents the
 * start
 */
export async function openLog(disk: MemberDisk, config: ServerConfig, deps: ServerDeps): Promise<OpenedLog> {
  // An existing log contains the member's identity, unless its very first write was interrupted.
  const begun = await disk.openLog();
  try {
    if (begun?.metadata !== undefined)
      return { opened: begun, origin: await originAgain(begun, begun.metadata, config, deps) };
  } catch (error) {
    await begun?.wal.close();
    throw error;
  }
  await begun?.wal.close();
  const origin = await newOrigin(config, deps);
  const opened = await disk.openLog(origin.ids);
  assert(opened !== undefined, "a log with an owner is begun");
  return { opened, origin };
}

/** The members of a new cluster, with which its log begins. */
export function foundersOf({ members }: Founding): readonly Peer[] {
  return members.map((member) => ({ id: member.id, context: Buffer.from(encodeMember(member), "utf8") }));
}

export function idFields({ memberId, clusterId }: WalMetadata): Readonly<Record<string, string>> {
  return { "local-member-id": idText(memberId), "cluster-id": idText(clusterId) };
}

async function newOrigin(config: ServerConfig, deps: ServerDeps): Promise<Origin> {
  const { clock, logger, names = systemNames(), peers } = deps;
  const match = { names, clock, logger };
  const initial = await initialOf(config, deps, match);
  if (config.initialClusterState === "existing") {
    return { kind: "joiner", ...(await joiningOf(config, initial, peers?.client, match)) };
  }
  const founding = await foundingOf(config, initial, match);
  await refuseBootstrapped(founding, peers?.client, clock);
  return { kind: "founder", ...founding };
}

/** The initial members: from the settings, from DNS, or from a discovery service. */
async function initialOf(
  config: ServerConfig,
  { registry, clock, logger }: ServerDeps,
  match: UrlMatchDeps,
): Promise<readonly InitialMember[]> {
  const { discoveryToken: token, name, advertisePeerUrls } = config;
  if (token === undefined || config.initialClusterState === "existing") {
    return await initialClusterOf(config, match.names, logger);
  }
  assert(registry !== undefined, "a member with a discovery token can reach the discovery service");
  logger.info("Bootstrapping cluster using v3 discovery.");
  // As in etcd, a member registers with the id that it would have in a cluster of its own.
  const alone = [{ name, peerUrls: advertisePeerUrls }];
  const { ids } = await foundingOf(config, alone, match);
  const found = await discoverMembers(token, ids.memberId, initialText(alone), { registry: registry(), clock, logger });
  if (!hasDuplicates(found)) return found;
  throw new Error(`discovery cluster ${initialText(found)} has duplicate url`);
}

/**
 * The origin of a member whose log exists. If the log has never contained a committed entry, the first start was
 * interrupted and is repeated.
 */
async function originAgain(
  { hardState, snapshot, entries }: OpenedWal,
  ids: WalMetadata,
  config: ServerConfig,
  deps: ServerDeps,
): Promise<Origin> {
  const { clock, logger, names = systemNames() } = deps;
  if (hardState !== undefined || snapshot !== undefined || entries.length > 0) {
    if (config.discoveryToken !== undefined) {
      logger.warn("discovery token is ignored since cluster already initialized; valid logs are found");
    }
    return { kind: "restarted", ids };
  }
  if (config.initialClusterState === "existing") return { kind: "joiner", ids, remotes: [] };
  const match = { names, clock, logger };
  const founding = await foundingOf(config, await initialOf(config, deps, match), match);
  if (founding.ids.memberId === ids.memberId && founding.ids.clusterId === ids.clusterId) {
    return { kind: "founder", ...founding };
  }
  throw new Error(
    `the raft log was begun for member ${idText(ids.memberId)} of cluster ${idText(ids.clusterId)}, but the initial ` +
      "cluster has changed since; a member that joins a cluster needs --initial-cluster-state=existing until it has " +
      "heard of its leader",
  );
}
