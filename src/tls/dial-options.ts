import { X509Certificate } from "node:crypto";
import type { ConnectionOptions } from "node:tls";
import type { Logger } from "../base/index.js";
import { allowanceFault } from "./handshakes.js";
import { hostnameFault } from "./names.js";
import { type Credentials, contextOptions } from "./server-options.js";

/**
 * How to dial: what to show, as the files have it now, and whom to believe. A host is known by its alternative names
 * alone, and by what the flags allow.
 *
 * @param serverName who is dialed, whatever the address says
 */
export function dialOptions(credentials: Credentials, logger: Logger, serverName?: string): ConnectionOptions {
  const { config, client } = credentials;
  const fault = client.refresh();
  if (fault !== undefined) {
    const fields = { "cert-file": client.certFile, "key-file": client.keyFile, error: fault };
    logger.warn("cannot use the changed certificate; the one before stays in use", fields);
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
