import { isIP, SocketAddress } from "node:net";

/**
 * The one spelling of an IP address: IPv6 in lower case with its zeros left out, and an IPv4 address that is written
 * as IPv6 as IPv4, which is how a socket that serves both names its IPv4 clients. A zone stays. Any other text comes
 * back as it is.
 */
export function canonicalAddress(text: string): string {
  if (isIP(text) !== 6) return text;
  const [address = "", zone] = text.split("%");
  const canonical = new SocketAddress({ address, family: "ipv6" }).address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(canonical)?.[1];
  return mapped ?? (zone === undefined ? canonical : `${canonical}%${zone}`);
}
