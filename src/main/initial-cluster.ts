import type { ApiLevel } from "../base/index.js";
import type { InitialMember, ServerConfig } from "../server/index.js";
import { FlagError } from "./flag-error.js";
import type { FlagValues } from "./flag-values.js";
import { parseUrls } from "./urls.js";

/** The cluster's first members, or where to find them, and the peer URLs that this member advertises. */
export type Beginning = Pick<ServerConfig, "initialCluster" | "discoverySrv" | "discoveryToken" | "advertisePeerUrls">;

/**
 * The first members of the cluster, from the flags. A member with a name of its own and no `--initial-cluster` forms a
 * cluster of one. The server checks later that the local member is in the list with the URLs it advertises.
 *
 * @param begun the member has a data directory already, so that the flags about its first cluster are ignored
 * @throws FlagError when the cluster is given in two ways, or a URL cannot be parsed
 */
export function beginningOf(level: ApiLevel, flags: FlagValues, begun: boolean): Beginning {
  const name = flags.text("name");
  const advertisePeerUrls = flags.urls("initial-advertise-peer-urls");
  const text = flags.text("initial-cluster");
  const domain = flags.text("discovery-srv");
  const token = flags.text("discovery-token");
  const ways = [flags.given("initial-cluster") && text !== "", domain !== "", token !== ""];
  if (ways.filter((way) => way).length > 1) {
    throw new FlagError(`multiple discovery or bootstrap flags are set. Choose one of ${choices[level]}`);
  }
  const alone = { initialCluster: [{ name, peerUrls: advertisePeerUrls }], advertisePeerUrls };
  if (token !== "") return { ...alone, discoveryToken: token };
  if (begun) return alone;
  if (domain !== "") return { ...alone, discoverySrv: { domain, serviceName: flags.text("discovery-srv-name") } };
  if (name !== "default" && text === "default=http://localhost:2380") return alone;
  return { initialCluster: parseMembers(text), advertisePeerUrls };
}

/** The ways to name the first members, in etcd's words at each level. */
const choices: Readonly<Record<ApiLevel, string>> = {
  "3.5": '"initial-cluster", "discovery" or "discovery-srv"',
  "3.6": '"initial-cluster", "discovery", "discovery-endpoints" or "discovery-srv"',
  "3.7": '"initial-cluster", "discovery-endpoints" or "discovery-srv"',
};

/** Parses `a=url1,a=url2,b=url3`. A name may occur several times, once for each of its URLs. */
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
