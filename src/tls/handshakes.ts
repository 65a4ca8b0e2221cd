import type { X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { Server, type TLSSocket } from "node:tls";
import { type Clock, canonicalAddress, type Logger, LoopTurn } from "../base/index.js";
import { addressFault, type NameService } from "./address-match.js";
import { Anchors, chainOf } from "./chain.js";
import { alternativeNames, commonNameOf, hostnameFault } from "./names.js";
import { disbeliefText, failureText } from "./refusal.js";
import type { Revocations } from "./revocation.js";
import { type Credentials, contextOptions, serverOptions } from "./server-options.js";

/** As etcd: whoever takes longer to show who they are is dropped. */
const handshakeMsMax = 10_000;
/** So many connections may be in the middle of it; then the oldest, which hangs, makes room. */
const halfOpenMax = 1_000;

/** A connection whose other side has shown what it must. */
export interface SecureConnection {
  readonly socket: TLSSocket;
  /** Common name of the client's verified certificate; absent without one, or when certificates do not name users. */
  readonly commonName?: string;
}

export interface HandshakesConfig {
  readonly credentials: Credentials;
  /** Whether clients may choose HTTP/2; otherwise they are told to speak HTTP/1.1. */
  readonly http2?: boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The line of the log for whoever is refused. */
  readonly refusal: string;
  /** Certificates that are refused whatever else holds. */
  readonly revocations?: Revocations;
  /** Looks whether certificates come from the machines that they name; absent when they may come from anywhere. */
  readonly names?: NameService;
}

/**
 * The TLS side of a listener: takes connections as they were accepted and hands on those whose other side has shown
 * what it must. All others are closed, and the log says why. Certificate and key are read again when they change.
 */
export class Handshakes {
  readonly #config: HandshakesConfig;
  readonly #server: Server;
  readonly #halfOpen = new Map<string, Socket>();
  readonly #done: (connection: SecureConnection) => void;
  readonly #anchors: Anchors;
  #shown: unknown;
  /** Where a connection came from that is just being closed: whoever is told of it cannot ask it any more. */
  #closing = "";

  /** @param done is called for each connection that may be used; its socket has not been read */
  constructor(config: HandshakesConfig, done: (connection: SecureConnection) => void) {
    this.#config = config;
    this.#done = done;
    this.#shown = config.credentials.server.pem;
    this.#anchors = new Anchors(config.credentials.authorities);
    this.#server = new Server(serverOptions(config.credentials, config.http2 ?? false, handshakeMsMax));
    this.#server.on("secureConnection", (socket) => {
      // Nothing that a stranger's certificate holds is to stop the member.
      this.#check(socket).catch((error: Error) => {
        this.#refuse(addressOf(socket), error.message, socket);
        socket.destroy();
      });
    });
    this.#server.on("tlsClientError", (error: NodeJS.ErrnoException, socket) => this.#failed(error, socket));
  }

  /** Begins with a connection; what was read of it already has been put back. */
  take(socket: Socket): void {
    this.#refresh();
    const remote = addressOf(socket);
    const key = keyOf(socket);
    if (key !== undefined) this.#halfOpen.set(key, socket);
    // What goes wrong with it, the TLS inside of it is told as well.
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

  /**
   * Begins when the client has spoken and the turn of the event loop has time: our signature takes a millisecond or
   * two, and the first words of hundreds may come together.
   */
  #awaitHello(socket: Socket): void {
    const turn = LoopTurn.of(this.#config.clock);
    const begin = (): void => {
      if (!socket.destroyed) this.#server.emit("connection", socket);
    };
    const silent = this.#config.clock.after(handshakeMsMax, () => {
      this.#refuse(addressOf(socket), "tls: the handshake took too long", socket);
      socket.destroy();
    });
    const spoke = (): void => {
      silent.cancel();
      if (turn.over) turn.defer(begin);
      else begin();
    };
    socket.once("close", () => silent.cancel());
    socket.once("readable", spoke);
  }

  /** How many connections are in the middle of it. */
  get halfOpen(): number {
    return this.#halfOpen.size;
  }

  /** Drops the connections that are in the middle of it. */
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
      logger.warn("cannot use the changed certificate; the one before stays in use", fields);
    }
    if (pair.pem === this.#shown) return;
    this.#shown = pair.pem;
    this.#server.setSecureContext(contextOptions(credentials, pair.pem));
    logger.info("took up the changed certificate", { "cert-file": pair.certFile });
  }

  async #check(socket: TLSSocket): Promise<void> {
    const { revocations, names, clock, credentials } = this.#config;
    const drop = (): void => void socket.destroy();
    socket.on("error", drop);
    const chain = revocations === undefined ? [] : chainOf(socket);
    const certificate = socket.getPeerX509Certificate();
    let fault = certificate && allowanceFault(certificate, credentials);
    if (fault === undefined && certificate !== undefined && names !== undefined) {
      // Names may take long to look up: the time of the handshake goes for this, too.
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
    return "transport: which authorities answer for the certificate is not known, nor whether one of them is revoked";
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

/** Whether the certificate is one of those that the flags allow, by its common name or its other names. */
export function allowanceFault(certificate: X509Certificate, { config }: Credentials): string | undefined {
  const { allowedCommonNames, allowedHostnames } = config;
  const named =
    (allowedCommonNames.length === 0 || allowedCommonNames.includes(commonNameOf(certificate))) &&
    (allowedHostnames.length === 0 || allowedHostnames.some((host) => hostnameFault(certificate, host) === undefined));
  return named ? undefined : "client certificate authentication failed";
}

/** The same for a connection and for the TLS inside of it; undefined for a socket file, which has no addresses. */
function keyOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined {
  if (remoteAddress === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

function addressOf({ remoteAddress, remotePort }: Socket): string {
  if (remoteAddress === undefined) return "";
  const bare = canonicalAddress(remoteAddress);
  return bare.includes(":") ? `[${bare}]:${remotePort}` : `${bare}:${remotePort}`;
}
