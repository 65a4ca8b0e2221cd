import { X509Certificate } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import type { Logger } from "../base/index.js";
import { hostnameFault } from "./certificate-names.js";
import { allowanceFault } from "./handshakes.js";
import { type Credentials, contextOptions } from "./server-options.js";

/**
 * Options for dialling: the certificate to present, as the files hold it now, and whom to trust. A server is identified
 * by its alternative names only, and by the names that the flags allow.
 *
 * @param serverName name that the server's certificate must have, instead of the dialled host
 */
export function dialOptions(credentials: Credentials, logger: Logger, serverName?: string): ConnectionOptions {
  const { config, client } = credentials;
  const fault = client.refresh();
  if (fault !== undefined) {
    const fields = { "cert-file": client.certFile, "key-file": client.keyFile, error: fault };
    logger.warn("cannot load the changed certificate; keeping the previous one", fields);
  }
  return {
    ...contextOptions(credentials, client.pem),
    rejectUnauthorized: !config.selfSigned,
    ...(serverName !== undefined && { servername: serverName }),
    checkServerIdentity: (host, { raw }) => {
      const certificate = new X509Certificate(raw);
      const wrong = hostnameFault(certificate, serverName ?? host) ?? allowanceFault(certificate, credentials);
      return wrong === undefined ? undefined : new Error(`tls: failed to verify certificate: ${wrong}`);
    },
  };
}
