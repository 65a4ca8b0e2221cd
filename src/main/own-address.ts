import type { Logger } from "../base/index.js";
import type { ServerConfig } from "../server/index.js";
import { listenAddress } from "./urls.js";

/**
 * The address from which peers are dialled with the feature SetMemberLocalAddr: the first advertised one that is an IP
 * address and not this machine's alone. A certificate that names it then fits, whatever route the system chooses.
 */
export function ownAddress(
  { advertisePeerUrls }: Pick<ServerConfig, "advertisePeerUrls">,
  logger: Logger,
): string | undefined {
  const urls = { "advertise-peer-urls": advertisePeerUrls };
  logger.info("searching for a suitable member local address in AdvertisePeerURLs", urls);
  for (const url of advertisePeerUrls) {
    const address = listenAddress(url);
    if ("fault" in address || address.kind !== "tcp" || isOfThisMachine(address.host)) continue;
    logger.info("setting member local address", { LocalAddr: address.host });
    return address.host;
  }
  logger.warn("unable to set a member local address due to lack of suitable local addresses", urls);
  return undefined;
}

/** Whether the address is a loopback one, or stands for all addresses. */
function isOfThisMachine(host: string): boolean {
  return host.startsWith("127.") || ["localhost", "0.0.0.0", "::", "::1"].includes(host);
}
