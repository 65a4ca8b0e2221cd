import { resolveSrv } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { connect } from "node:tls";
import { errorCode, errorText, type Logger } from "../base/index.js";
import { around, bytesOf, ExitCode, Failure, type FlagSet, textOf } from "../cli/index.js";
import { joinHostPort, type Target } from "./gateway/target.js";

/** How long a member may take to show its certificate. */
const handshakeMsMax = 5_000;

/** A member that SRV records list. */
export interface DiscoveredTarget extends Target {
  /** The member's URL. */
  readonly url: string;
}

/**
 * The members that the SRV records of `--discovery-srv` list, those with TLS first. Unless `--insecure-discovery` is
 * given, only members whose certificate names the domain and can be verified are kept.
 *
 * @param authorities the file with the trusted authorities; empty for those of the system
 * @returns none when the flag is not given
 * @throws Failure when there are no such records
 */
export async function discoverTargets(
  flags: FlagSet,
  authorities: string,
  logger: Logger,
): Promise<readonly DiscoveredTarget[]> {
  const domain = textOf(flags.text("discovery-srv"));
  if (domain === "") return [];
  const name = textOf(flags.text("discovery-srv-name"));
  const suffix = name === "" ? "" : `-${name}`;
  const [safe, clear] = await Promise.allSettled([
    lookUp(`_etcd-client-ssl${suffix}._tcp.${domain}`, "https"),
    lookUp(`_etcd-client${suffix}._tcp.${domain}`, "http"),
  ]);
  if (safe.status === "rejected" && clear.status === "rejected") {
    const text = `dns lookup errors: ${errorText(safe.reason)} and ${errorText(clear.reason)}`;
    throw new Failure(ExitCode.Error, bytesOf(text));
  }
  const found = [safe, clear].flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  const shown = { "srv-server": domain, endpoints: found.map(({ url }) => url) };
  logger.info("discovered cluster from SRV", shown);
  if (flags.bool("insecure-discovery")) return found;
  logger.info("validating discovered SRV endpoints", shown);
  const faults = await Promise.all(found.map((target) => faultOf(target, domain, authorities)));
  for (const [at, { url }] of found.entries()) {
    if (faults[at] === undefined) continue;
    const fields = { "srv-server": domain, endpoint: url, error: faults[at] };
    logger.warn("failed to validate discovered endpoints", fields);
  }
  return found.filter((_, at) => faults[at] === undefined);
}

async function lookUp(record: string, scheme: string): Promise<readonly DiscoveredTarget[]> {
  const records = await (around.resolveSrv ?? resolveSrv)(record).catch((error: unknown) => {
    const none = ["ENOTFOUND", "ENODATA"].includes(errorCode(error));
    throw new Error(`lookup ${record}: ${none ? "no such host" : errorText(error)}`);
  });
  return records.map(({ name, port, priority, weight }) => {
    const host = name.replace(/\.$/, "");
    const address = joinHostPort(host, port);
    return { host, port, address, priority, weight, url: `${scheme}://${address}` };
  });
}

/** The reason why a member is not used; undefined when its certificate is in order. */
function faultOf({ url, host, port }: DiscoveredTarget, domain: string, authorities: string) {
  if (!url.startsWith("https:")) return Promise.resolve(`${JSON.stringify(url)} is insecure`);
  return new Promise<string | undefined>((resolve) => {
    try {
      const ca = authorities === "" ? undefined : readFileSync(authorities);
      const socket = connect({ host, port, servername: domain, timeout: handshakeMsMax, ...(ca && { ca }) });
      const end = (fault: string | undefined): void => {
        resolve(fault);
        socket.destroy();
      };
      socket.once("secureConnect", () => end(undefined));
      socket.once("error", (error) => end(errorText(error)));
      socket.once("timeout", () => end("the TLS handshake timed out"));
    } catch (error) {
      resolve(errorText(error));
    }
  });
}
