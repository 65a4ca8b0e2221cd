import { resolveSrv } from "node:dns/promises";
import { ExitCode, Failure } from "./failure.js";
import type { FlagSet } from "./flag-set.js";
import { type Bytes, bytesOf, quote, textOf } from "./go-text.js";
import { complain } from "./output.js";

/** The members that a domain's SRV records name: `_etcd-client-ssl._tcp` and `_etcd-client._tcp`. @throws Failure */
export async function discover(flags: FlagSet): Promise<readonly Bytes[]> {
  const domain = textOf(flags.text("discovery-srv"));
  const name = flags.text("discovery-srv-name");
  const suffix = name === "" ? "" : `-${textOf(name)}`;
  const lookUp = async (service: string, scheme: string): Promise<readonly Bytes[]> => {
    const records = await resolveSrv(`_${service}${suffix}._tcp.${domain}`);
    return records.map(({ name: host, port }) => bytesOf(`${scheme}://${host.replace(/\.$/, "")}:${port}`));
  };
  const [safe, clear] = await Promise.allSettled([lookUp("etcd-client-ssl", "https"), lookUp("etcd-client", "http")]);
  if (safe.status === "rejected" && clear.status === "rejected") {
    throw new Failure(ExitCode.Error, bytesOf(`error querying DNS SRV records: ${safe.reason}, ${clear.reason}`));
  }
  const found = [safe, clear].flatMap((result) => (result.status === "fulfilled" ? result.value : []));
  if (flags.bool("insecure-discovery")) return found;
  return found.filter((endpoint) => {
    const refused = endpoint.startsWith("http://");
    if (refused) complain(`ignoring discovered insecure endpoint ${quote(endpoint)}`);
    return !refused;
  });
}
