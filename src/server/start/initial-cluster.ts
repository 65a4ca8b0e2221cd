import { isIP } from "node:net";
import { errorText, type Logger } from "../../base/index.js";
import type { InitialMember, ServerConfig } from "../config.js";
import type { Names } from "./name-lookup.js";

/**
 * The initial members from the settings, or from DNS if the settings say so.
 *
 * @throws Error when DNS has no records, or none for this member
 */
export async function initialClusterOf(
  config: ServerConfig,
  names: Names,
  logger: Logger,
): Promise<readonly InitialMember[]> {
  const { discoverySrv, name } = config;
  if (discoverySrv === undefined) return config.initialCluster;
  const found: InitialMember[] = [];
  const failures: string[] = [];
  const temporary = { next: 0 };
  for (const [scheme, service] of [
    ["https", "etcd-server-ssl"],
    ["http", "etcd-server"],
  ] as const) {
    const serviceName = discoverySrv.serviceName === "" ? service : `${service}-${discoverySrv.serviceName}`;
    try {
      found.push(...(await discover(scheme, serviceName, config, discoverySrv.domain, names, temporary)));
    } catch (error) {
      failures.push(errorText(error));
    }
  }
  const nodes = found.flatMap((member) => member.peerUrls.map((url) => `${member.name}=${url}`));
  if (nodes.length === 0) throw new Error(`error setting up initial cluster: ${failures.join("; ")}`);
  for (const failure of failures) logger.warn("failed to resolve during SRV discovery", { error: failure });
  for (const node of nodes) logger.info("got bootstrap from DNS for etcd-server", { node });
  const members = together(found);
  if (members.some((member) => member.name === name)) return members;
  throw new Error(`error setting up initial cluster: cannot find local etcd member "${name}" in SRV records`);
}

/** The members from the SRV records of a service. The one whose URL is advertised by this member gets its name. */
async function discover(
  scheme: string,
  service: string,
  { name, advertisePeerUrls }: ServerConfig,
  domain: string,
  names: Names,
  temporary: { next: number },
): Promise<InitialMember[]> {
  const own = new Map<string, string>();
  for (const url of advertisePeerUrls) {
    const { hostname, port } = new URL(url);
    own.set(`${await addressOf(hostname.replace(/^\[|\]$/g, ""), names)} ${port}`, url);
  }
  const record = `_${service}._tcp.${domain}`;
  const failed = (error: unknown): Error =>
    new Error(`error querying DNS SRV records for _${service} (${record}): ${errorText(error)}`);
  const targets = await names.services(record).catch((error: unknown) => Promise.reject(failed(error)));
  const found: InitialMember[] = [];
  let reason: unknown = new Error("there are none");
  for (const { host, port } of targets) {
    const peerUrl = `${scheme}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
    try {
      const ownUrl = own.get(`${await addressOf(host, names)} ${port}`);
      if (ownUrl !== undefined && !ownUrl.startsWith(`${scheme}:`)) {
        const mismatch = `has scheme mismatch with expected peer ${ownUrl}`;
        throw new Error(`bootstrap at ${peerUrl} from DNS for ${service} ${mismatch}`);
      }
      found.push({ name: ownUrl === undefined ? String(temporary.next++) : name, peerUrls: [peerUrl] });
    } catch (error) {
      reason = error;
    }
  }
  if (found.length === 0) throw failed(reason);
  return found;
}

function addressOf(host: string, names: Names): Promise<string> {
  if (host === "localhost") return Promise.resolve("127.0.0.1");
  return isIP(host) === 0 ? names.address(host) : Promise.resolve(host);
}

/** Joins the URLs of members that occur several times. */
function together(found: readonly InitialMember[]): InitialMember[] {
  const urlsOf = new Map<string, string[]>();
  for (const { name, peerUrls } of found) urlsOf.set(name, [...(urlsOf.get(name) ?? []), ...peerUrls]);
  return [...urlsOf].map(([name, urls]) => ({ name, peerUrls: [...urls].sort() }));
}
