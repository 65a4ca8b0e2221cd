import type { X509Certificate } from "node:crypto";
import { lookup, reverse } from "node:dns/promises";
import { isIP } from "node:net";
import { canonicalAddress, errorText } from "../base/index.js";
import { alternativeNames, hostnameFault } from "./certificate-names.js";
import { quoted } from "./config.js";

/** Looks up the names of an address, and the addresses of a name. */
export interface NameService {
  reverse(address: string): Promise<readonly string[]>;
  lookup(name: string): Promise<readonly string[]>;
}

export const systemNames: NameService = {
  reverse: (address) => reverse(address),
  lookup: async (name) => (await lookup(name, { all: true })).map(({ address }) => address),
};

/** The most names that are looked up; no legitimate certificate has more. */
const namesMax = 32;

/**
 * Checks that a client's certificate matches the client's address: when it names machines, one of them must have the
 * address. A certificate that names none may come from anywhere.
 *
 * @returns why it does not match, in etcd's words; undefined when it does
 */
export async function addressFault(
  certificate: X509Certificate,
  address: string,
  names: NameService,
): Promise<string | undefined> {
  const { dns, addresses } = alternativeNames(certificate);
  if (addresses.length > 0) {
    const fault = hostnameFault(certificate, address);
    if (fault === undefined || dns.length === 0) return fault;
  }
  if (dns.length === 0) return undefined;
  const found = await isNamed(address, dns, names);
  if (found === true) return undefined;
  const reason = found === false ? "" : ` (${found})`;
  return `tls: ${JSON.stringify(address)} does not match any of DNSNames ${quoted(dns)}${reason}`;
}

/** True, false, or the error that prevented an answer. */
async function isNamed(address: string, dns: readonly string[], names: NameService): Promise<boolean | string> {
  const suffixes = dns.filter((name) => name.startsWith("*.")).map((name) => name.slice(1));
  const plain = dns.filter((name) => !name.startsWith("*."));
  let failure: string | undefined;
  try {
    for (const name of await names.reverse(address)) {
      const bare = name.replace(/\.$/, "");
      if (plain.includes(bare) || suffixes.some((suffix) => bare.endsWith(suffix))) return true;
    }
  } catch (error) {
    failure = errorText(error);
  }
  for (const name of plain.slice(0, namesMax)) {
    try {
      if ((await names.lookup(name)).some((each) => sameAddress(each, address))) return true;
    } catch (error) {
      failure = errorText(error);
    }
  }
  return failure ?? false;
}

function sameAddress(one: string, other: string): boolean {
  return isIP(one) !== 0 && canonicalAddress(one) === canonicalAddress(other);
}
