import { isIP, SocketAddress } from "node:net";

/**
 * The canonical text of an IP address: IPv6 in lower case with zeros shortened; an IPv4 address mapped into IPv6 as
 * IPv4, since a socket for both reports its IPv4 clients that way. A zone is kept. Any other text is returned as it is.
 */
export function canonicalAddress(text: string): string {
  if (isIP(text) !== 6) return text;
  const [address = "", zone] = text.split("%");
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)?.[1];
  return mapped ?? (zone === undefined ? canonical : `${canonical}%${zone}`);
}
