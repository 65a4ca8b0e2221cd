import { resolveSrv } from "node:dns/promises";
import { isIPv6 } from "node:net";
import { errorCode, errorText } from "../base/index.js";
import { around, type Bytes, bytesOf, complain, ExitCode, Failure, type FlagSet, quote, textOf } from "../cli/index.js";

/**
 * Finds endpoints in a domain's SRV records `_etcd-client-ssl._tcp` and `_etcd-client._tcp`, sorted by priority. Plain
 * HTTP endpoints are left out unless `--insecure-discovery` allows them, so the result may be empty.
 *
 * @throws Failure when the domain has no such records
 */
export async function discover(flags: FlagSet): Promise<readonly Bytes[]> {
  const domain = textOf(flags.text("discovery-srv"));
  const name = flags.text("discovery-srv-name");
  const suffix = name === "" ? "" : `-${textOf(name)}`;
  const lookUp = async (service: string, scheme: string): Promise<readonly Bytes[]> => {
    const record = `_${service}${suffix}._tcp.${domain}`;
    const records = await (around.resolveSrv ?? resolveSrv)(record).catch((error: unknown) => {
      throw new Error(`lookup ${record}: ${reasonOf(error)}`);
    });
    return records
      .toSorted((one, other) => one.priority - other.priority || other.weight - one.weight)
      .map(({ name: target, port }) => {
        const host = target.replace(/\.$/, "");
        return bytesOf(`${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`);
      });
  };
  const [safe, clear] = await Promise.allSettled([lookUp("etcd-client-ssl", "https"), lookUp("etcd-client", "http")]);
  if (safe.status === "rejected" && clear.status === "rejected") {
    const text = `dns lookup errors: ${safe.reason.message} and ${clear.reason.message}`;
    throw new Failure(ExitCode.Error, bytesOf(text));
  }
  const found = [safe, clear].flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  if (flags.bool("insecure-discovery")) return found;
  return found.filter((endpoint) => {
    const refused = endpoint.startsWith("http://");
    if (refused) complain(`ignoring discovered insecure endpoint ${quote(endpoint)}`);
    return !refused;
  });
}

function reasonOf(error: unknown): string {
  return ["ENOTFOUND", "ENODATA"].includes(errorCode(error)) ? "no such host" : errorText(error);
}
