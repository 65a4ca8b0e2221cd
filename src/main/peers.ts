import { type AgentOptions, Agent as PlainAgent, type RequestListener } from "node:http";
import { Agent as SecureAgent } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { apiVersion, systemClock as clock, type Logger, minClusterVersion } from "../base/index.js";
import type { PeerAccess, ServerConfig } from "../server/index.js";
import { type Credentials, dialOptions } from "../tls/index.js";
import { type DialerConfig, HttpPeerClient, type PeerService, peerEndpoints, Transport } from "../transport/index.js";
import type { PeerTimeouts, Settings } from "./settings.js";

/** As etcd: heartbeats of the connections come often enough for this, and not for less. */
const silenceMsMin = 5_000;
const dialMs = 1_000;

/** The HTTP between one member and its peers: what it sends, and what its peer port answers. */
export class PeerHttp implements PeerAccess {
  readonly client: HttpPeerClient;
  readonly #settings: ServerConfig;
  readonly #logger: Logger;
  readonly #dialing: DialerConfig;
  readonly #timeouts: PeerTimeouts;
  #transport: Transport | undefined;

  /** @param credentials what to show to peers, and whom of them to believe; absent without certificates of our own */
  constructor(
    { server: settings, peerTimeouts: { readMs, writeMs } }: Pick<Settings, "server" | "peerTimeouts">,
    logger: Logger,
    credentials: Credentials | undefined,
  ) {
    this.#settings = settings;
    this.#timeouts = { readMs: Math.max(readMs, silenceMsMin), writeMs: Math.max(writeMs, silenceMsMin) };
    if (readMs < silenceMsMin) logger.info("raft-read-timeout increased to minimum value: 5s");
    if (writeMs < silenceMsMin) logger.info("raft-write-timeout increased to minimum value: 5s");
    this.#logger = logger;
    // As in etcd, members that the DNS names are known by their domain, unless an authority is given for them.
    const byDomain = settings.discoverySrv !== undefined && !credentials?.config.trustedCaFile;
    const serverName = byDomain ? settings.discoverySrv?.domain : undefined;
    this.#dialing = {
      clock,
      dialTimeoutMs: dialMs + settings.tickMs * settings.electionTicks,
      newAgent: (protocol, options) => {
        if (protocol === "http:") return new PlainAgent(options);
        if (credentials === undefined)
          return new SecureAgent({ ...options, ...(serverName && { servername: serverName }) });
        return new PeerAgent(options, () => dialOptions(credentials, logger, serverName));
      },
    };
    this.client = new HttpPeerClient(this.#dialing);
  }

  connect(link: Parameters<PeerAccess["connect"]>[0]): Transport {
    this.#transport = new Transport({
      ...link,
      ...this.#dialing,
      logger: this.#logger,
      peerUrls: this.#settings.advertisePeerUrls,
      serverVersion: apiVersion,
      minClusterVersion,
      readTimeoutMs: this.#timeouts.readMs,
      writeTimeoutMs: this.#timeouts.writeMs,
    });
    return this.#transport;
  }

  /** Answers on the peer port: first raft's traffic, then questions. */
  listener(service: PeerService): RequestListener {
    const answer = peerEndpoints(service, this.#logger);
    return (request, response) => {
      if (this.#transport?.handler(request, response) || answer(request, response)) return;
      response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8", "X-Content-Type-Options": "nosniff" });
      response.end("404 page not found\n");
    };
  }

  stop(): void {
    this.client.stop();
  }
}

/** Opens each connection with the certificate as its files have it by then. */
class PeerAgent extends SecureAgent {
  readonly #options: () => ConnectionOptions;

  constructor(options: AgentOptions, current: () => ConnectionOptions) {
    // A session that is taken up again would leave out who the peer is.
    super({ ...options, maxCachedSessions: 0 });
    this.#options = current;
  }

  override createConnection(...[options, callback]: Parameters<SecureAgent["createConnection"]>): Connection {
    return super.createConnection({ ...options, ...this.#options() }, callback);
  }
}

type Connection = Duplex | null | undefined;
