import type { X509Certificate } from "node:crypto";
import { isIP } from "node:net";

/** The alternative names of a certificate that identify machines. */
export interface AlternativeNames {
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
}

/** Parses Node's text of the alternative names, in which a name with unusual characters is quoted as JSON. */
export function alternativeNames({ subjectAltName = "" }: X509Certificate): AlternativeNames {
  const dns: string[] = [];
  const addresses: string[] = [];
  for (const [, kind, text = ""] of subjectAltName.matchAll(/(DNS|IP Address):("(?:[^"\\]|\\.)*"|[^,]*)(?:, |$)/g)) {
    (kind === "DNS" ? dns : addresses).push(unquoted(text));
  }
  return { dns, addresses };
}

function unquoted(text: string): string {
  if (!text.startsWith('"')) return text;
  try {
    return String(JSON.parse(text));
  } catch {
    // The text is returned as it is; it cannot match a name.
    return text;
  }
}

/**
 * Checks a certificate against a host, by its alternative names only: a common name does not identify a machine.
 *
 * @returns why it does not match, in Go's words; undefined when it does
 */
export function hostnameFault(certificate: X509Certificate, host: string): string | undefined {
  const bare = /^\[(.*)\]$/.exec(host)?.[1] ?? host;
  const { dns, addresses } = alternativeNames(certificate);
  if (isIP(bare) !== 0) {
    if (addresses.length === 0) {
      return `x509: cannot validate certificate for ${bare} because it doesn't contain any IP SANs`;
    }
    if (certificate.checkIP(bare) !== undefined) return undefined;
    return `x509: certificate is valid for ${addresses.join(", ")}, not ${bare}`;
  }
  const found = certificate.checkHost(bare.toLowerCase().replace(/\.$/, ""), {
    subject: "never",
    partialWildcards: false,
  });
  if (found !== undefined) return undefined;
  if (dns.length === 0) return `x509: certificate is not valid for any names, but wanted to match ${bare}`;
  return `x509: certificate is valid for ${dns.join(", ")}, not ${bare}`;
}

/** The common name of the subject, the last one if there are several, as in Go; empty when there is none. */
export function commonNameOf(certificate: X509Certificate): string {
  const names: unknown = certificate.toLegacyObject().subject?.CN;
  const last: unknown = Array.isArray(names) ? names.at(-1) : names;
  return typeof last === "string" ? last : "";
}
