import { ciphersOf } from "./cipher-suites.js";
import type { TlsConfig, TlsVersion } from "./config.js";

/** The protocol versions and cipher suites of both sides, clients' and members'. */
export type Protocols = Pick<TlsConfig, "minVersion" | "maxVersion" | "ciphers">;

/** Why settings cannot be used, in etcd's words. */
export interface ProtocolFault {
  readonly fault: string;
  /** The setting whose value has no meaning by itself; undefined for values that do not go together. */
  readonly of?: "tls-min-version" | "tls-max-version";
}

/**
 * Reads the settings of versions and suites.
 *
 * @param min the oldest version, `TLS1.2` or `TLS1.3`; TLS 1.2 when empty
 * @param max the newest version; TLS 1.3 when empty
 * @param suites Go's names of cipher suites; OpenSSL's default when there are none
 */
export function protocolsOf(min: string, max: string, suites: readonly string[]): Protocols | ProtocolFault {
  const minVersion = min === "" ? "TLSv1.2" : versionOf(min);
  if (minVersion === undefined) return { fault: unknownVersion(min), of: "tls-min-version" };
  const maxVersion = max === "" ? "TLSv1.3" : versionOf(max);
  if (maxVersion === undefined) return { fault: unknownVersion(max), of: "tls-max-version" };
  if (minVersion > maxVersion) return { fault: `min version (${min}) is greater than max version (${max})` };
  if (minVersion === "TLSv1.3" && suites.length > 0) {
    return { fault: "cipher suites cannot be configured when only TLS1.3 is enabled" };
  }
  const ciphers = ciphersOf(suites);
  if ("fault" in ciphers) return ciphers;
  return { minVersion, maxVersion, ...(ciphers.list !== undefined && { ciphers: ciphers.list }) };
}

function versionOf(text: string): TlsVersion | undefined {
  if (text === "TLS1.2") return "TLSv1.2";
  return text === "TLS1.3" ? "TLSv1.3" : undefined;
}

function unknownVersion(text: string): string {
  return `unexpected TLS version ${JSON.stringify(text)} (must be one of: TLS1.2, TLS1.3)`;
}
