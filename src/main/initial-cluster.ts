import type { InitialMember } from "../server/index.js";
import { FlagError } from "./flag-error.js";
import type { FlagValues } from "./flag-values.js";
import { parseUrls } from "./urls.js";

/**
 * The first members of the cluster. A member that was named, and whose cluster was not, is its own cluster.
 *
 * @param begun the member exists already: what the flags say about its first cluster is not looked at any more
 * @throws FlagError when the local member is not among them as it advertises itself
 */
export function initialMembers(flags: FlagValues, begun: boolean): readonly InitialMember[] {
  const name = flags.text("name");
  const advertised = flags.urls("initial-advertise-peer-urls");
  const own = { name, peerUrls: advertised };
  if (begun) return [own];
  const text = flags.text("initial-cluster");
  if (name !== "default" && text === "default=http://localhost:2380") return [own];
  const members = parseMembers(text);
  const local = members.find((member) => member.name === name);
  if (local === undefined) {
    throw new FlagError(`couldn't find local name "${name}" in the initial cluster configuration`);
  }
  const all = members.flatMap((member) => member.peerUrls);
  if (new Set(all).size < all.length) throw new FlagError(`initial cluster ${text} has duplicate url`);
  checkAdvertised(name, local.peerUrls, advertised);
  if (members.length > 1) throw new FlagError("--initial-cluster: more than one member is not supported yet");
  return members;
}

function checkAdvertised(name: string, listed: readonly string[], advertised: readonly string[]): void {
  const named = (urls: readonly string[]): string => urls.map((url) => `${name}=${url}`).join(",");
  const unadvertised = without(listed, advertised);
  if (unadvertised.length > 0) {
    throw new FlagError(
      `--initial-cluster has ${named(unadvertised)} but missing from ` +
        `--initial-advertise-peer-urls=${advertised.join(",")}`,
    );
  }
  const unlisted = without(advertised, listed);
  if (unlisted.length > 0) {
    throw new FlagError(
      `--initial-advertise-peer-urls has ${unlisted.join(",")} but missing from --initial-cluster=${named(listed)}`,
    );
  }
}

/** The URLs that are not among the others, where localhost is the address it stands for. */
function without(urls: readonly string[], others: readonly string[]): readonly string[] {
  const resolve = (url: string): string => url.replace("//localhost:", "//127.0.0.1:");
  const resolved = new Set(others.map(resolve));
  return urls.filter((url) => !resolved.has(resolve(url)));
}

/** `a=url1,a=url2,b=url3`: a name may stand for several URLs. */
function parseMembers(text: string): readonly InitialMember[] {
  const urlsOf = new Map<string, string[]>();
  for (const pair of text.split(",").filter((part) => part !== "")) {
    const equals = pair.indexOf("=");
    const name = equals < 0 ? pair : pair.slice(0, equals);
    const { urls, fault } = parseUrls(equals < 0 ? "" : pair.slice(equals + 1));
    if (fault !== undefined) throw new FlagError(`error setting up initial cluster: ${fault}`);
    urlsOf.set(name, [...(urlsOf.get(name) ?? []), ...urls]);
  }
  return [...urlsOf].map(([name, urls]) => ({ name, peerUrls: [...urls].sort() }));
}
