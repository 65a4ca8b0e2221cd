import { constants } from "node:crypto";
import { createSecureContext, type SecureContextOptions, type TlsOptions } from "node:tls";
import { errorText } from "../base/index.js";
import { faultOf, isEmpty, type TlsConfig, TlsConfigError, wantsClientCertificate } from "./config.js";
import { KeyPair, type Pem, readAuthorities } from "./key-pair.js";

/** The contents of the TLS files, read once, except for the presented certificates, which are reloaded. */
export interface Credentials {
  readonly config: TlsConfig;
  /** Certificate that this member presents as a server. */
  readonly server: KeyPair;
  /** Certificate that this member presents as a client. */
  readonly client: KeyPair;
  readonly authorities: Buffer | undefined;
}

/**
 * Reads the files of a configuration that is not empty.
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

/** Options for OpenSSL: the certificate, the versions, the ciphers and the authorities. */
export function contextOptions({ config, authorities }: Credentials, pem: Pem): SecureContextOptions {
  return {
    cert: pem.cert,
    key: pem.key,
    minVersion: config.minVersion,
    maxVersion: config.maxVersion,
    ...(config.ciphers !== undefined && { ciphers: config.ciphers }),
    // As in Go, an authority is trusted whether or not another one signed it.
    ...(authorities !== undefined && { ca: authorities, allowPartialTrustChain: true }),
    // A resumed session would skip the check of a certificate that is not trusted any more.
    ...(wantsClientCertificate(config) && { secureOptions: constants.SSL_OP_NO_TICKET }),
  };
}

/** @param http2 whether to offer HTTP/2 to clients */
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
