import { type ApiLevel, clusterVersionOf, errorText, minClusterVersion, withTimeout } from "../../base/index.js";
import { checkLearners, compareVersions, idText, type Member, shortVersion } from "../../cluster/index.js";
import type { PeerClient, PeerMembers } from "../../transport/index.js";
import type { WalMetadata } from "../../wal/index.js";
import type { InitialMember, ServerConfig } from "../config.js";
import { bootstrapped, initialText, localUrls, refuseDuplicates } from "./founding.js";
import { differenceOfUrls, type UrlMatchDeps } from "./url-match.js";

/** The identity of this member in a running cluster, and the other members. */
export interface Joining {
  readonly ids: WalMetadata;
  readonly remotes: readonly Member[];
}

/** How long a member of the cluster may take to answer. */
const askMs = 10_000;
const downgradeMs = 1_000;

/**
 * Asks a running cluster which of its members this one is.
 *
 * @param initial all members of the cluster, this one included
 * @throws Error that tells how the cluster and the settings differ, and what to do
 */
export async function joiningOf(
  config: ServerConfig,
  initial: readonly InitialMember[],
  client: PeerClient | undefined,
  deps: UrlMatchDeps,
): Promise<Joining> {
  const listed = localUrls(config.name, initial);
  refuseDuplicates(initial);
  const others = initial.filter(({ name }) => name !== config.name).flatMap(({ peerUrls }) => peerUrls);
  const { clusterId, members } = await askMembers(others.sort(), client, deps);
  checkLearners(members, config.maxLearners);
  const local = await localMember(members, initial, listed, deps);
  if (local.name !== "" || local.clientUrls.length > 0) throw bootstrapped(local);
  const remotes = members.filter(({ id }) => id !== local.id);
  await requireCompatible(config.apiLevel, remotes, client, deps);
  return { ids: { memberId: local.id, clusterId }, remotes };
}

async function askMembers(
  urls: readonly string[],
  client: PeerClient | undefined,
  { clock, logger }: UrlMatchDeps,
): Promise<PeerMembers> {
  const reasons: string[] = [];
  for (const url of urls) {
    try {
      const answer = await withTimeout(clock, askMs, async (signal) => await client?.members(url, signal));
      if (answer !== undefined && answer.members.length > 0) return answer;
      reasons.push(`${url} knows no members`);
    } catch (error) {
      const reason = errorText(error);
      logger.warn("failed to get cluster response", { address: url, error: reason });
      reasons.push(reason);
    }
  }
  const why = reasons.length === 0 ? "--initial-cluster names nobody else" : reasons.join("; ");
  throw new Error(
    `cannot fetch cluster info from peer urls: could not retrieve cluster information from the given URLs (${why})`,
  );
}

/** Finds this member by its URLs, and checks that the URLs of all others equal those in the settings. */
async function localMember(
  members: readonly Member[],
  initial: readonly InitialMember[],
  listed: readonly string[],
  deps: UrlMatchDeps,
): Promise<Member> {
  const known = members.map(({ id, peerUrls }) => `${idText(id)}=${peerUrls.join(" ")}`).join(", ");
  const refuse = (what: string, remedy: string): Error =>
    new Error(
      `error validating peerURLs: ${what}; the cluster has ${known}, ` +
        `--initial-cluster is ${initialText(initial)}: ${remedy}`,
    );
  if (members.length !== initial.length) {
    const remedy = "name the members that it has, and add this one first (etcdctl member add)";
    throw refuse(`member count is unequal (${members.length} and ${initial.length})`, remedy);
  }
  let local: Member | undefined;
  for (const member of members) {
    const match = await matchOf(member, initial, deps);
    if (match === undefined) {
      const who = `${idText(member.id)} (${member.peerUrls.join(" ")})`;
      const remedy = "give each member the peer URLs that the cluster has for it (etcdctl member list)";
      throw refuse(`PeerURLs: no match found for existing member ${who}`, remedy);
    }
    if (match.peerUrls === listed) local = member;
  }
  if (local === undefined) throw refuse("this member is not in the cluster", "add it first (etcdctl member add)");
  return local;
}

async function matchOf(
  { peerUrls }: Member,
  initial: readonly InitialMember[],
  deps: UrlMatchDeps,
): Promise<InitialMember | undefined> {
  const same = initial.find((one) => [...one.peerUrls].sort().join() === [...peerUrls].sort().join());
  if (same !== undefined) return same;
  for (const one of initial) if ((await differenceOfUrls(peerUrls, one.peerUrls, deps)) === undefined) return one;
  return undefined;
}

/** Checks that this release can join. @throws Error when no member reports the cluster version, or it is unsupported */
async function requireCompatible(
  level: ApiLevel,
  remotes: readonly Member[],
  client: PeerClient | undefined,
  deps: UrlMatchDeps,
): Promise<void> {
  const { oldest, newest } = versionsToJoin(level, await isDowngrading(remotes, client, deps));
  let decided = false;
  for (const remote of remotes) {
    const version = await clusterVersionAt(remote, client, deps);
    if (version === undefined) continue;
    if (compareVersions(version, oldest) < 0 || compareVersions(version, newest) > 0) {
      throw new Error(
        `incompatible with current running cluster: its version at member ${idText(remote.id)} is ` +
          `${shortVersion(version)}, this member can join ${shortVersion(oldest)} to ${shortVersion(newest)}`,
      );
    }
    decided = true;
  }
  if (!decided) {
    throw new Error("incompatible with current running cluster: none of its members says which version it has");
  }
}

/** The cluster versions that this release can join. During a downgrade the cluster still has the newer version. */
function versionsToJoin(level: ApiLevel, downgrading: boolean): { readonly oldest: string; readonly newest: string } {
  const own = clusterVersionOf(level);
  if (!downgrading) return { oldest: minClusterVersion, newest: own };
  const [major = "", minor = ""] = own.split(".");
  const next = `${major}.${Number(minor) + 1}.0`;
  return { oldest: next, newest: next };
}

async function clusterVersionAt(
  remote: Member,
  client: PeerClient | undefined,
  { clock, logger }: UrlMatchDeps,
): Promise<string | undefined> {
  for (const url of remote.peerUrls) {
    try {
      return (await withTimeout(clock, askMs, async (signal) => await client?.versions(url, signal)))?.cluster;
    } catch (error) {
      logger.warn("failed to get version", {
        "remote-member-id": idText(remote.id),
        address: url,
        error: errorText(error),
      });
    }
  }
  return undefined;
}

/** Whether the cluster is downgrading. Members before 3.5 cannot downgrade and do not know the request. */
async function isDowngrading(
  remotes: readonly Member[],
  client: PeerClient | undefined,
  { clock }: UrlMatchDeps,
): Promise<boolean> {
  if (client === undefined) return false;
  for (const url of remotes.flatMap(({ peerUrls }) => peerUrls)) {
    const answer = await withTimeout(clock, downgradeMs, (signal) => client.downgradeEnabled(url, signal)).catch(
      () => undefined,
    );
    if (answer !== undefined) return answer;
  }
  return false;
}
