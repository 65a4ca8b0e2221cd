import { type AgentOptions, Agent as PlainAgent, type RequestListener } from "node:http";
import { Agent as SecureAgent } from "node:https";
import type { Duplex } from "node:stream";
import type { ConnectionOptions } from "node:tls";
import { apiVersion, systemClock as clock, type Logger, minClusterVersion, SampledLogger } from "../base/index.js";
import type { PeerAccess, ServerConfig } from "../server/index.js";
import { type Credentials, dialOptions } from "../tls/index.js";
import { type DialerConfig, HttpPeerClient, type PeerAnswers, peerEndpoints, Transport } from "../transport/index.js";
import { ownAddress } from "./own-address.js";
import type { PeerTimeouts, Settings } from "./settings.js";

/** The least timeout of a peer connection, as in etcd: a shorter one could expire between two heartbeats. */
const silenceMsMin = 5_000;
const dialMs = 1_000;

/** The timeouts that are used: those of the settings, or the least ones. */
export function raisedTimeouts({ readMs, writeMs }: PeerTimeouts): PeerTimeouts {
  return { readMs: Math.max(readMs, silenceMsMin), writeMs: Math.max(writeMs, silenceMsMin) };
}

/** Connects a member with its peers over HTTP: sends its requests and serves its peer port. */
export class PeerHttp implements PeerAccess {
  readonly client: HttpPeerClient;
  readonly #settings: ServerConfig;
  readonly #logger: Logger;
  readonly #dialing: DialerConfig;
  readonly #timeouts: PeerTimeouts;
  #transport: Transport | undefined;

  /** @param credentials this member's certificate and the authorities it trusts; undefined without peer TLS */
  constructor(
    { server: settings, peerTimeouts: { readMs, writeMs } }: Pick<Settings, "server" | "peerTimeouts">,
    logger: Logger,
    credentials: Credentials | undefined,
  ) {
    this.#settings = settings;
    this.#timeouts = raisedTimeouts({ readMs, writeMs });
    if (readMs < silenceMsMin) logger.info("raft-read-timeout increased to minimum value: 5s");
    if (writeMs < silenceMsMin) logger.info("raft-write-timeout increased to minimum value: 5s");
    // Anybody who reaches the peer port can cause lines.
    this.#logger = new SampledLogger(logger, clock);
    // As in etcd, certificates of members found through DNS are checked against the domain unless a CA file is given.
    const byDomain = settings.discoverySrv !== undefined && !credentials?.config.trustedCaFile;
    const serverName = byDomain ? settings.discoverySrv?.domain : undefined;
    const localAddress = settings.features.SetMemberLocalAddr ? ownAddress(settings, logger) : undefined;
    this.#dialing = {
      clock,
      dialTimeoutMs: dialMs + settings.tickMs * settings.electionTicks,
      newAgent: (protocol, given) => {
        const options = { ...given, ...(localAddress && { localAddress }) };
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
      serverVersion: apiVersion(this.#settings.apiLevel),
      minClusterVersion,
      readTimeoutMs: this.#timeouts.readMs,
      writeTimeoutMs: this.#timeouts.writeMs,
    });
    return this.#transport;
  }

  /** Serves the peer port: raft messages first, then requests such as those for the list of members. */
  listener(service: PeerAnswers): RequestListener {
    const answer = peerEndpoints(service, this.#logger, clock);
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

/** Reads the certificate files again for each connection, so that renewed certificates are used at once. */
class PeerAgent extends SecureAgent {
  readonly #options: () => ConnectionOptions;

  constructor(options: AgentOptions, current: () => ConnectionOptions) {
    // A resumed TLS session does not show the peer's certificate, which has to be checked.
    super({ ...options, maxCachedSessions: 0 });
    this.#options = current;
  }

  override createConnection(...[options, callback]: Parameters<SecureAgent["createConnection"]>): Connection {
    return super.createConnection({ ...options, ...this.#options() }, callback);
  }
}

type Connection = Duplex | null | undefined;
