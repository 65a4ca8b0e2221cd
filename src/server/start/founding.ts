import { type Clock, withTimeout } from "../../base/index.js";
import { computeClusterId, idText, initialMembers, type Member } from "../../cluster/index.js";
import type { PeerClient } from "../../transport/index.js";
import type { WalMetadata } from "../../wal/index.js";
import type { InitialMember, ServerConfig } from "../config.js";
import { differenceOfUrls, type UrlMatchDeps } from "./url-match.js";

/** The members of a new cluster, and which of them this member is. */
export interface Founding {
  /** The members in the order of their ids. */
  readonly members: readonly Member[];
  readonly ids: WalMetadata;
}

/** How long a member of a new cluster waits for the others to answer whether the cluster exists already. */
const askMs = 1_000;

/**
 * Checks the settings of a new cluster.
 *
 * @param initial the members of the cluster
 * @throws Error that names the settings that contradict each other
 */
export async function foundingOf(
  config: Pick<ServerConfig, "name" | "advertisePeerUrls" | "initialClusterToken">,
  initial: readonly InitialMember[],
  deps: UrlMatchDeps,
): Promise<Founding> {
  await requireAdvertised(config, localUrls(config.name, initial), deps);
  refuseDuplicates(initial);
  const members = initialMembers(new Map(initial.map((one) => [one.name, one.peerUrls])), config.initialClusterToken);
  const local = members.find((member) => member.name === config.name);
  if (local === undefined) throw unnamed(config.name);
  return { members, ids: { memberId: local.id, clusterId: computeClusterId(members.map(({ id }) => id)) } };
}

/**
 * The peer URLs of this member in the initial cluster.
 *
 * @throws Error when the initial cluster does not contain this member
 */
export function localUrls(name: string, initial: readonly InitialMember[]): readonly string[] {
  const local = initial.find((member) => member.name === name);
  if (local === undefined) throw unnamed(name);
  return local.peerUrls;
}

/** Refuses an initial cluster in which two members have the same URL. @throws Error */
export function refuseDuplicates(initial: readonly InitialMember[]): void {
  if (hasDuplicates(initial)) throw new Error(`initial cluster ${initialText(initial)} has duplicate url`);
}

/** Whether two members have the same URL. */
export function hasDuplicates(initial: readonly InitialMember[]): boolean {
  const all = initial.flatMap((member) => member.peerUrls);
  return new Set(all).size < all.length;
}

/** The initial cluster as on the command line: `a=url1,a=url2,b=url3`. */
export function initialText(initial: readonly InitialMember[]): string {
  return initial
    .flatMap(({ name, peerUrls }) => peerUrls.map((url) => `${name}=${url}`))
    .sort()
    .join(",");
}

/**
 * Refuses to create a cluster that is running already and in which this member has taken part. Its promises to the
 * others are lost with its data.
 */
export async function refuseBootstrapped(
  { members, ids }: Founding,
  client: PeerClient | undefined,
  clock: Clock,
): Promise<void> {
  if (client === undefined) return;
  const urls = members.filter(({ id }) => id !== ids.memberId).flatMap(({ peerUrls }) => peerUrls);
  // All members are asked at once, since those that are also starting for the first time do not answer yet.
  const asked = urls.map((url) => withTimeout(clock, askMs, (signal) => client.members(url, signal)));
  const answer = await Promise.any(asked).catch(() => undefined);
  const known = answer?.members.find((member) => member.id === ids.memberId);
  if (known !== undefined && known.clientUrls.length > 0) throw bootstrapped(known);
}

export function bootstrapped({ id }: Member): Error {
  const remedy = "its data is not here: remove it from the cluster, add it anew, and let it join";
  return new Error(
    `member ${idText(id)} has already been bootstrapped; ${remedy} (etcdctl member remove, etcdctl member add, ` +
      "--initial-cluster-state=existing)",
  );
}

/** Checks that the advertised peer URLs equal those in the initial cluster. @throws Error */
async function requireAdvertised(
  { name, advertisePeerUrls }: Pick<ServerConfig, "name" | "advertisePeerUrls">,
  listed: readonly string[],
  deps: UrlMatchDeps,
): Promise<void> {
  const difference = await differenceOfUrls(advertisePeerUrls, listed, deps);
  if (difference === undefined) return;
  const advertised = [...advertisePeerUrls].sort().join(",");
  const initial = initialText([{ name, peerUrls: listed }]);
  const unadvertised = listed.filter((url) => !advertisePeerUrls.includes(url));
  if (unadvertised.length > 0) {
    const has = initialText([{ name, peerUrls: unadvertised }]);
    const where = `--initial-advertise-peer-urls=${advertised}`;
    throw new Error(`--initial-cluster has ${has} but missing from ${where} (${difference})`);
  }
  const unlisted = advertisePeerUrls.filter((url) => !listed.includes(url)).join(",");
  throw new Error(`--initial-advertise-peer-urls has ${unlisted} but missing from --initial-cluster=${initial}`);
}

function unnamed(name: string): Error {
  return new Error(`couldn't find local name "${name}" in the initial cluster configuration`);
}
