import { type IpcNetConnectOpts, isIP, type TcpNetConnectOpts } from "node:net";
import { checkServerIdentity, connect, type TLSSocket } from "node:tls";
import type { TlsOptions } from "../options.js";

/** Begins a TLS connection for HTTP/2. @param host what the server's certificate must name, unless an option says it */
export function connectSecurely(
  place: TcpNetConnectOpts | IpcNetConnectOpts,
  host: string,
  tls: TlsOptions | undefined,
): TLSSocket {
  const name = tls?.serverName ?? host;
  return connect({
    ...place,
    ALPNProtocols: ["h2"],
    // The name in a handshake is never an IP address (RFC 6066, 3).
    servername: isIP(name) === 0 ? name : "",
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    rejectUnauthorized: tls?.insecureSkipVerify !== true,
    ...(tls?.ca !== undefined && { ca: Buffer.from(tls.ca) }),
    ...(tls?.cert !== undefined && { cert: Buffer.from(tls.cert) }),
    ...(tls?.key !== undefined && { key: Buffer.from(tls.key) }),
  });
}
