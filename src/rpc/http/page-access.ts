import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { gatewayPrefix } from "./http-paths.js";

/**
 * Which pages may make changes, and the console's own calls, from a browser at a port that serves the console. Such a
 * port is mostly one of the browser's own machine, which any page on the web can send requests to. A caller that is no
 * browser sends no origin, and is not concerned. The calls of etcd's API that only read follow `HttpAccess` alone.
 */
export interface PageAccess {
  /** The origins that `--cors` names; `*` means all. Empty when the flag is not given: then only own pages may. */
  readonly origins: ReadonlySet<string>;
  /**
   * The host names of this member in lower case, from `--host-whitelist` and its client URLs; `*` means all. A page
   * under another name may be a foreign one whose name was pointed to this machine (DNS rebinding).
   */
  readonly hosts: ReadonlySet<string>;
}

const everybody = "*";

/** The paths of etcd's API that change nothing. */
const reads: ReadonlySet<string> = new Set(
  [
    ...["kv/range", "watch", "lease/timetolive", "kv/lease/timetolive", "lease/leases", "kv/lease/leases"],
    ...["cluster/member/list", "maintenance/status", "maintenance/hash", "maintenance/hashkv", "maintenance/snapshot"],
    ...["auth/status", "auth/authenticate", "auth/user/get", "auth/user/list", "auth/role/get", "auth/role/list"],
    ...["election/leader", "election/observe"],
  ].map((path) => `${gatewayPrefix}${path}`),
);

/**
 * Why the page that sent a request may not make its call; undefined when it may.
 *
 * @param path the path of the request, decoded
 * @param encrypted whether the request came over TLS. Its certificate proves the host name then.
 */
export function refusalOfPage(
  { origins, hosts }: PageAccess,
  { headers }: IncomingMessage,
  path: string,
  encrypted: boolean,
): string | undefined {
  if (reads.has(path)) return undefined;
  const { origin, host = "" } = headers;
  if (origins.has(everybody) || (origin !== undefined && origins.has(origin))) return undefined;
  if (origin === undefined) {
    // Old browsers send forms without an origin, but newer ones tell where the page is from.
    const site = headers["sec-fetch-site"];
    return site === "cross-site" || site === "same-site" ? foreign("another origin") : undefined;
  }
  const [, scheme, own] = /^(https?):\/\/(.+)$/.exec(origin.toLowerCase()) ?? [];
  if (own !== host.toLowerCase() || (encrypted && scheme !== "https")) return foreign(origin);
  if (encrypted || hosts.has(everybody) || isOwnName(hosts, host)) return undefined;
  return (
    `the host name ${JSON.stringify(host)} is not known to be of this member, so that pages under it may not make ` +
    "this call; start the member with --host-whitelist to name it"
  );
}

function foreign(origin: string): string {
  return `pages of ${origin} may not make this call; start the member with --cors to name the origins that may`;
}

/** Whether the name in a `Host` header cannot be pointed to this machine by a stranger. */
function isOwnName(hosts: ReadonlySet<string>, host: string): boolean {
  const name = (/^\[([^\]]*)\]/.exec(host)?.[1] ?? host.replace(/:\d*$/, "")).toLowerCase();
  return isIP(name) !== 0 || name === "localhost" || name.endsWith(".localhost") || hosts.has(name);
}
