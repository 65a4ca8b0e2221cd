import type { RequestListener } from "node:http";
import { apiVersion, systemClock as clock, type Logger, minClusterVersion } from "../base/index.js";
import type { PeerAccess, ServerConfig } from "../server/index.js";
import { HttpPeerClient, type PeerService, peerEndpoints, Transport } from "../transport/index.js";

/** As etcd: a connection that is silent for so long is broken, or takes nothing. */
const silenceMsMax = 5_000;
const dialMs = 1_000;

/** The HTTP between one member and its peers: what it sends, and what its peer port answers. */
export class PeerHttp implements PeerAccess {
  readonly client: HttpPeerClient;
  readonly #settings: ServerConfig;
  readonly #logger: Logger;
  readonly #dialTimeoutMs: number;
  #transport: Transport | undefined;

  constructor(settings: ServerConfig, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
    this.#dialTimeoutMs = dialMs + settings.tickMs * settings.electionTicks;
    this.client = new HttpPeerClient({ clock, dialTimeoutMs: this.#dialTimeoutMs });
  }

  connect(link: Parameters<PeerAccess["connect"]>[0]): Transport {
    this.#transport = new Transport({
      ...link,
      clock,
      logger: this.#logger,
      peerUrls: this.#settings.advertisePeerUrls,
      serverVersion: apiVersion,
      minClusterVersion,
      dialTimeoutMs: this.#dialTimeoutMs,
      readTimeoutMs: silenceMsMax,
      writeTimeoutMs: silenceMsMax,
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
