import { constants } from "node:crypto";
import { createSecureContext, type SecureContextOptions, type TlsOptions } from "node:tls";
import { errorText } from "../base/index.js";
import { faultOf, isEmpty, type TlsConfig, TlsConfigError, wantsClientCertificate } from "./config.js";
import { KeyPair, type Pem, readAuthorities } from "./key-pair.js";

/** What both sides of a connection are made of: read from the files once, but for the pair that is shown. */
export interface Credentials {
  readonly config: TlsConfig;
  /** What this member shows to whoever dials it. */
  readonly server: KeyPair;
  /** What it shows where it dials. */
  readonly client: KeyPair;
  readonly authorities: Buffer | undefined;
}

/**
 * Reads the files of a side that is not empty.
 *
 * @throws TlsConfigError when they cannot be used, or the settings contradict each other
 */
export function readCredentials(config: TlsConfig): Credentials {
  const fault = isEmpty(config) ? "KeyFile and CertFile are not presented" : faultOf(config);
  if (fault !== undefined) throw new TlsConfigError(fault);
  const server = new KeyPair(config.certFile, config.keyFile);
  const client = config.clientCertFile === "" ? server : new KeyPair(config.clientCertFile, config.clientKeyFile);
  const authorities = config.trustedCaFile === "" ? undefined : readAuthorities(config.trustedCaFile);
  const credentials = { config, server, client, authorities };
  try {
    createSecureContext(contextOptions(credentials, server.pem));
  } catch (error) {
    throw new TlsConfigError(`tls: ${errorText(error)}`);
  }
  return credentials;
}

/** What OpenSSL shall speak, and show. */
export function contextOptions({ config, authorities }: Credentials, pem: Pem): SecureContextOptions {
  return {
    cert: pem.cert,
    key: pem.key,
    minVersion: config.minVersion,
    maxVersion: config.maxVersion,
    ...(config.ciphers !== undefined && { ciphers: config.ciphers }),
    // As in Go, an authority is believed whether or not it was signed by another.
    ...(authorities !== undefined && { ca: authorities, allowPartialTrustChain: true }),
    // A session that is taken up again would bring a certificate back that is not believed any more.
    ...(wantsClientCertificate(config) && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}

/** @param http2 whether clients may speak that inside, which those who can then do */
export function serverOptions(credentials: Credentials, http2: boolean, handshakeTimeoutMs: number): TlsOptions {
  const asks = wantsClientCertificate(credentials.config);
  return {
    ...contextOptions(credentials, credentials.server.pem),
    requestCert: asks,
    rejectUnauthorized: asks,
    ALPNProtocols: [...(http2 ? ["h2"] : []), "http/1.1"],
    handshakeTimeout: handshakeTimeoutMs,
  };
}
