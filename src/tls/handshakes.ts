import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { Server, type TLSSocket } from "node:tls";
import { type Clock, canonicalAddress, type Logger, LoopTurn, SampledLogger } from "../base/index.js";
import { addressFault, type NameService } from "./address-match.js";
import { alternativeNames, commonNameOf, hostnameFault } from "./certificate-names.js";
import { Anchors, chainOf } from "./chain.js";
import { disbeliefText, failureText } from "./refusal.js";
import type { Revocations } from "./revocation.js";
import { type Credentials, contextOptions, serverOptions } from "./server-options.js";

/** The longest handshake, as in etcd; slower clients are dropped. */
const handshakeMsMax = 10_000;
/** The most handshakes under way. Beyond, the oldest, which probably hangs, is dropped. */
const halfOpenMax = 1_000;

/** A connection whose handshake is complete and whose peer has presented what is required. */
export interface SecureConnection {
  readonly socket: TLSSocket;
  /** Common name of the client's verified certificate; absent without one, or when certificates do not name users. */
  readonly commonName?: string;
}

export interface HandshakesConfig {
  readonly credentials: Credentials;
  /** Offers HTTP/2 to clients; otherwise only HTTP/1.1. Default false. */
  readonly http2?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Log message for refused connections. */
  readonly refusal: string;
  /** Revocation list; undefined when there is none. */
  readonly revocations?: Revocations;
  /** Name service to check that certificates come from the machines that they name; undefined skips the check. */
  readonly names?: NameService;
}

/**
 * The TLS part of a listener: accepts raw connections and delivers those whose peer has presented what is required. All
 * others are closed, with a line in the log. Certificate and key are reloaded when their files change.
 */
export class Handshakes {
  readonly #config: HandshakesConfig;
  readonly #server: Server;
  readonly #halfOpen = new Map<string, Socket>();
  /** Connections whose clients have sent their first bytes, and whose handshakes have not started. */
  readonly #spoken: Socket[] = [];
  #beginning = false;
  readonly #done: (connection: SecureConnection) => void;
  readonly #anchors: Anchors;
  #shown: unknown;
  /** Address of a connection that is just closing, when the socket no longer knows it. */
  #closing = "";

  /** @param done called for each connection that may be used; nothing has been read from its socket */
  constructor(config: HandshakesConfig, done: (connection: SecureConnection) => void) {
    // Every failed handshake of a stranger is a line.
    this.#config = { ...config, logger: new SampledLogger(config.logger, config.clock) };
    this.#done = done;
    this.#shown = config.credentials.server.pem;
    this.#anchors = new Anchors(config.credentials.authorities);
    this.#server = new Server(serverOptions(config.credentials, config.http2 ?? false, handshakeMsMax));
    this.#server.on("secureConnection", (socket) => {
      // No content of a stranger's certificate may stop the member.
      this.#check(socket).catch((error: Error) => {
        this.#refuse(addressOf(socket), error.message, socket);
        socket.destroy();
      });
    });
    this.#server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => this.#failed(error, socket));
  }

  /** Starts the handshake of a connection; bytes that were read from it have been put back. */
  take(socket: Socket): void {
    this.#refresh();
    const remote = addressOf(socket);
    const key = keyOf(socket);
    if (key !== undefined) this.#halfOpen.set(key, socket);
    // Errors of the socket also reach the TLS socket on top of it.
    socket.on("error", () => undefined);
    socket.once("close", () => {
      if (key !== undefined && this.#halfOpen.get(key) === socket) this.#halfOpen.delete(key);
      this.#closing = remote;
      process.nextTick(() => {
        this.#closing = "";
      });
    });
    this.#awaitHello(socket);
    if (this.#halfOpen.size > halfOpenMax) this.#dropOldest();
  }

  /** Queues the handshake once the client has sent its first bytes. */
  #awaitHello(socket: Socket): void {
    const silent = this.#config.clock.after(handshakeMsMax, () => {
      this.#refuse(addressOf(socket), "tls: the handshake took too long", socket);
      socket.destroy();
    });
    socket.once("close", () => silent.cancel());
    socket.once("readable", () => {
      silent.cancel();
      this.#spoken.push(socket);
      if (!this.#beginning) void this.#beginSpoken();
    });
  }

  /**
   * Starts one handshake after the other while the turn of the event loop has time: our signature takes a millisecond
   * or two, and the first bytes of hundreds of clients may arrive together.
   */
  async #beginSpoken(): Promise<void> {
    this.#beginning = true;
    const turn = LoopTurn.of(this.#config.clock);
    for (let socket = this.#spoken.shift(); socket !== undefined; socket = this.#spoken.shift()) {
      if (turn.over) await turn.pause();
      if (socket.destroyed) continue;
      this.#server.emit("connection", socket);
      // Node reads the first bytes and signs in the next tick; only after that does the clock show how long both took.
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    this.#beginning = false;
  }

  /** Number of handshakes under way. */
  get halfOpen(): number {
    return this.#halfOpen.size;
  }

  /** Drops all connections whose handshake is under way. */
  stop(): void {
    for (const socket of this.#halfOpen.values()) socket.destroy();
  }

  #dropOldest(): void {
    const [oldest] = this.#halfOpen.values();
    oldest?.destroy();
  }

  #refresh(): void {
    const { credentials, logger } = this.#config;
    const pair = credentials.server;
    const fault = pair.refresh();
    if (fault !== undefined) {
      const fields = { "cert-file": pair.certFile, "key-file": pair.keyFile, error: fault };
      logger.warn("cannot load the changed certificate; keeping the previous one", fields);
    }
    if (pair.pem === this.#shown) return;
    this.#shown = pair.pem;
    this.#server.setSecureContext(contextOptions(credentials, pair.pem));
    logger.info("loaded the changed certificate", { "cert-file": pair.certFile });
  }

  async #check(socket: TLSSocket): Promise<void> {
    const { revocations, names, clock, credentials } = this.#config;
    const drop = (): void => void socket.destroy();
    socket.on("error", drop);
    const chain = revocations === undefined ? [] : chainOf(socket);
    const certificate = socket.getPeerX509Certificate();
    let fault = certificate && allowanceFault(certificate, credentials);
    if (fault === undefined && certificate !== undefined && names !== undefined) {
      // Name lookups may take long: they get as much time as the handshake.
      const deadline = clock.after(handshakeMsMax, () => {
        this.#refuse(
          addressOf(socket),
          "tls: looking up the names of the certificate took too long",
          socket,
          certificate,
        );
        socket.destroy();
      });
      fault = await addressFault(certificate, canonicalAddress(socket.remoteAddress ?? ""), names);
      deadline.cancel();
    }
    if (fault === undefined && certificate !== undefined) fault = this.#revocationFault(chain);
    if (socket.destroyed) return;
    if (fault !== undefined) {
      this.#refuse(addressOf(socket), fault, socket, certificate);
      socket.destroy();
      return;
    }
    const key = keyOf(socket);
    if (key !== undefined) this.#halfOpen.delete(key);
    socket.removeListener("error", drop);
    const named = certificate !== undefined && credentials.config.clientCertAuth;
    const commonName = named ? commonNameOf(certificate) : "";
    this.#done({ socket, ...(commonName !== "" && { commonName }) });
  }

  #revocationFault(chain: readonly X509Certificate[]): string | undefined {
    const { revocations } = this.#config;
    if (revocations === undefined) return undefined;
    const fault = revocations.faultOf(chain);
    if (fault !== undefined || this.#anchors.end(chain)) return fault;
    return "transport: the certificate's chain of authorities is incomplete, so their revocation cannot be checked";
  }

  #failed(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const disbelieved: unknown = socket.authorizationError;
    const text = typeof disbelieved === "string" ? disbeliefText(disbelieved) : failureText(error);
    const remote = addressOf(socket) || this.#closing;
    if (text !== undefined) this.#refuse(remote, text, socket);
    else this.#config.logger.debug(this.#config.refusal, { "remote-addr": remote, error: "EOF" });
    socket.destroy();
  }

  #refuse(remote: string, error: string, socket: Socket, certificate?: X509Certificate): void {
    const servername: unknown = "servername" in socket ? socket.servername : undefined;
    const { dns, addresses } = certificate ? alternativeNames(certificate) : { dns: [], addresses: [] };
    this.#config.logger.warn(this.#config.refusal, {
      "remote-addr": remote,
      "server-name": typeof servername === "string" ? servername : "",
      ...(certificate && { "ip-addresses": addresses, "dns-names": dns }),
      error,
    });
  }
}

/**
 * The reason why the flags do not allow the certificate, by its common name or alternative names; undefined when they
 * do.
 */
export function allowanceFault(certificate: X509Certificate, { config }: Credentials): string | undefined {
  const { allowedCommonNames, allowedHostnames } = config;
  const named =
    (allowedCommonNames.length === 0 || allowedCommonNames.includes(commonNameOf(certificate))) &&
    (allowedHostnames.length === 0 || allowedHostnames.some((host) => hostnameFault(certificate, host) === undefined));
  return named ? undefined : "client certificate authentication failed";
}

/**
 * Key of a connection, equal for the raw socket and the TLS socket on top of it; undefined for a socket file, which has
 * no addresses.
 */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return "";
  const bare = canonicalAddress(remoteAddress);
  return bare.includes(":") ? `[${bare}]:${remotePort}` : `${bare}:${remotePort}`;
}
