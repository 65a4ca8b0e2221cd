import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { Logger } from "../../base/index.js";
import { commonNameOf } from "../../tls/index.js";
import { fail } from "./http-answer.js";
import { gatewayPrefix, pathOf } from "./http-paths.js";
import { MemorySocket } from "./memory-socket.js";

/** The checks of HTTP requests. An empty set, or one that contains `*`, allows all. */
export interface HttpAccess {
  /** The origins, such as `http://host:port`, whose pages may read answers in a browser. */
  readonly origins: ReadonlySet<string>;
  /** The host names, without port, that a request's `Host` header may contain. */
  readonly hosts: ReadonlySet<string>;
  /**
   * Whether a client certificate's common name means a user at the moment; absent when it never does, or when there is
   * no gateway. The gateway takes no user from a certificate, so it refuses such requests, as etcd's does.
   */
  readonly namesUsers?: () => boolean;
}

const everybody = "*";

/**
 * Admits a request and adds the CORS headers, or answers it here: refuses host names that are not allowed, which
 * protects from DNS rebinding (CVE-2018-5702), and answers the preflight requests of browsers.
 *
 * @returns whether the request was admitted and still has to be answered
 */
export function admitHttp(
  { origins, hosts, namesUsers }: HttpAccess,
  request: IncomingMessage,
  response: ServerResponse,
  logger: Logger,
): boolean {
  const host = hostName(request.headers.host ?? "");
  if (!knowsHost(hosts, request)) {
    logger.warn("rejecting HTTP request to prevent DNS rebinding attacks", { host });
    fail(response, 421, unknownHost(host));
    return false;
  }
  if (isMistaken(namesUsers, request)) {
    const text = "CommonName of client sending a request against gateway will be ignored and not used as expected";
    fail(response, 400, text);
    return false;
  }
  const { origin } = request.headers;
  if (origins.size === 0 || origins.has(everybody)) allow(response, everybody);
  else if (origin !== undefined && origins.has(origin)) allow(response, origin);
  if (request.method !== "OPTIONS") return true;
  response.setHeader("Content-Length", 0);
  response.end();
  return false;
}

/**
 * Whether a request may become a websocket. Browsers send no preflight for websockets, so the origin is checked here.
 */
export function admitsWebSocket({ origins, hosts, namesUsers }: HttpAccess, request: IncomingMessage): boolean {
  const { origin } = request.headers;
  if (isMistaken(namesUsers, request)) return false;
  return knowsHost(hosts, request) && (origin === undefined || includes(origins, origin));
}

function knowsHost(hosts: ReadonlySet<string>, { headers, socket }: IncomingMessage): boolean {
  return isEncrypted(socket) || includes(hosts, hostName(headers.host ?? ""));
}

/** Whether a request came over TLS. */
export function isEncrypted(socket: Duplex): boolean {
  return socket instanceof MemorySocket ? socket.secure : "encrypted" in socket;
}

function includes(some: ReadonlySet<string>, one: string): boolean {
  return some.size === 0 || some.has(everybody) || some.has(one);
}

/** Whether the client has a verified certificate with a common name. */
export function hasCertifiedName({ socket }: IncomingMessage): boolean {
  const connection: Duplex = socket;
  if (connection instanceof MemorySocket) return connection.commonName !== undefined;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return false;
  const certificate = socket.getPeerX509Certificate();
  return certificate !== undefined && commonNameOf(certificate) !== "";
}

function allow(response: ServerResponse, origin: string): void {
  response.setHeader("Access-Control-Allow-Headers", "accept, content-type, authorization");
  response.setHeader("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE");
  response.setHeader("Access-Control-Allow-Origin", origin);
}

/** Whether a gateway request has a certificate whose common name would mean a user over gRPC, but does not here. */
function isMistaken(namesUsers: HttpAccess["namesUsers"], request: IncomingMessage): boolean {
  if (namesUsers?.() !== true || !pathOf(request.url ?? "").path.startsWith(gatewayPrefix)) return false;
  return hasCertifiedName(request);
}

/** The host without its port. */
function hostName(host: string): string {
  const found = /^(?:\[([^\]]*)\]|([^:[\]]*)):[^:]*$/.exec(host);
  return found?.[1] ?? found?.[2] ?? host;
}

function unknownHost(host: string): string {
  return `
etcd received your request, but the Host header was unrecognized.

To fix this, choose one of the following options:
- Enable TLS, then any HTTPS request will be allowed.
- Add the hostname you want to use to the whitelist in settings.
  - e.g. etcd --host-whitelist ${JSON.stringify(host)}

This requirement has been added to help prevent "DNS Rebinding" attacks (CVE-2018-5702).
`;
}
