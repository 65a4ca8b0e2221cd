import type { InitialMember } from "../server/index.js";
import { FlagError } from "./flag-error.js";
import type { FlagValues } from "./flag-values.js";
import { parseUrls } from "./urls.js";

/** Who begins the cluster, and how this member names itself in it. */
export interface Beginning {
  readonly initialCluster: readonly InitialMember[];
  readonly advertisePeerUrls: readonly string[];
}

/**
 * The first members of the cluster. A member that was named, and whose cluster was not, is its own cluster. Whether the
 * local member is among them as it advertises itself is for the server to say.
 *
 * @param begun the member exists already: what the flags say about its first cluster is not looked at any more
 * @throws FlagError when two members are said to have one URL, or a URL is none
 */
export function beginningOf(flags: FlagValues, begun: boolean): Beginning {
  const name = flags.text("name");
  const advertisePeerUrls = flags.urls("initial-advertise-peer-urls");
  const text = flags.text("initial-cluster");
  if (begun || (name !== "default" && text === "default=http://localhost:2380")) {
    return { initialCluster: [{ name, peerUrls: advertisePeerUrls }], advertisePeerUrls };
  }
  const initialCluster = parseMembers(text);
  const all = initialCluster.flatMap((member) => member.peerUrls);
  if (new Set(all).size < all.length) throw new FlagError(`initial cluster ${text} has duplicate url`);
  const listed = initialCluster.find((member) => member.name === name)?.peerUrls ?? [];
  return { initialCluster, advertisePeerUrls: sameHosts(listed, advertisePeerUrls) ? listed : advertisePeerUrls };
}

/** Whether two lists of URLs are the same when localhost is taken for the address it stands for. */
function sameHosts(left: readonly string[], right: readonly string[]): boolean {
  const resolve = (urls: readonly string[]): string =>
    urls
      .map((url) => url.replace("//localhost:", "//127.0.0.1:"))
      .sort()
      .join();
  return resolve(left) === resolve(right);
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
