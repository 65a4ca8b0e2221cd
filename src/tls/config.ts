/** A version of TLS, as Node names it. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** Certificates and rules of one side of a member, for its clients or for its peers. An empty path: none was given. */
export interface TlsConfig {
  /** What this member shows; also to peers that it dials, unless there is a client certificate. PEM files. */
  readonly certFile: string;
  readonly keyFile: string;
  /** What it shows where it is the client. */
  readonly clientCertFile: string;
  readonly clientKeyFile: string;
  /** Authorities whose certificates are believed; giving them asks for a certificate, too. */
  readonly trustedCaFile: string;
  readonly clientCertAuth: boolean;
  /** Serial numbers that are not believed any more. */
  readonly crlFile: string;
  /** Unless empty, a certificate must have one of them as its common name. */
  readonly allowedCommonNames: readonly string[];
  /** Unless empty, a certificate must be valid for one of these names. */
  readonly allowedHostnames: readonly string[];
  /** Whether a certificate's alternative names need not match the address it comes from. */
  readonly skipClientSanCheck: boolean;
  /** OpenSSL's list of ciphers; its usual one when absent. */
  readonly ciphers?: string;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** Made here, so that nobody can verify it: whoever is dialed is believed. */
  readonly selfSigned: boolean;
}

/** Neither a certificate nor a key: nothing to serve TLS with. */
export function isEmpty({ certFile, keyFile }: TlsConfig): boolean {
  return certFile === "" && keyFile === "";
}

/** Whether clients must show a certificate. */
export function wantsClientCertificate({ clientCertAuth, trustedCaFile }: TlsConfig): boolean {
  return clientCertAuth || trustedCaFile !== "";
}

/** What TLS cannot be had with, in one line. */
export class TlsConfigError extends Error {
  override readonly name = "TlsConfigError";
}

/**
 * What is wrong with the settings, as etcd finds it when it first uses them; undefined when nothing is. The files are
 * not looked at.
 */
export function faultOf(config: TlsConfig): string | undefined {
  const { certFile, keyFile, clientCertFile, clientKeyFile, allowedCommonNames, allowedHostnames } = config;
  if (certFile === "" || keyFile === "") {
    return `KeyFile and CertFile must both be present[key: ${keyFile}, cert: ${certFile}]`;
  }
  if ((clientCertFile === "") !== (clientKeyFile === "")) {
    const files = `key: ${clientKeyFile}, cert: ${clientCertFile}]`;
    return `ClientKeyFile and ClientCertFile must both be present or both absent: ${files}`;
  }
  if (allowedCommonNames.length > 0 && allowedHostnames.length > 0) {
    const lists = `(cns=${quoted(allowedCommonNames)}, hostnames=${quoted(allowedHostnames)})`;
    return `AllowedCNs and AllowedHostnames are mutually exclusive ${lists}`;
  }
  return undefined;
}

/** As Go prints a list of strings. */
export function quoted(texts: readonly string[]): string {
  return `[${texts.map((text) => JSON.stringify(text)).join(" ")}]`;
}
