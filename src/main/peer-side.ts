import type { Clock, Logger } from "../base/index.js";
import { ConnectionLimit } from "../rpc/index.js";
import type { EtcdServer, PeerAccess, ServerDeps } from "../server/index.js";
import { connectionBounds } from "./file-descriptors.js";
import type { PeerHttp } from "./peers.js";
import { PeerPorts } from "./ports.js";
import type { Security } from "./security.js";
import type { Settings } from "./settings.js";

/** The side of a member that faces its peers: the ports for them, and consensus where it has a thread of its own. */
export interface PeerSide {
  /** The way to the peers, and to consensus. */
  readonly deps: Pick<ServerDeps, "peers" | "openConsensus">;
  /** How many connections of peers were refused because there were too many. */
  refused(): number;
  /** Serves the peers once the server runs. */
  serve(server: EtcdServer): void;
  /** Stops accepting peers, and closes their connections after `graceMs`. For a server that has stopped. */
  stop(graceMs: number): Promise<void>;
}

export interface PeerSideConfig {
  readonly settings: Settings;
  readonly security: Security;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Opens the ports for peers on this event loop.
 *
 * @param peers the way to other members, instead of HTTP
 * @throws StartError when one of the ports cannot be opened
 */
export async function openPeersHere(config: PeerSideConfig, peers: PeerAccess | undefined): Promise<PeerSide> {
  const { settings, security, clock, logger } = config;
  const connections = new ConnectionLimit(connectionBounds().peers, logger, "peer");
  const ports = await PeerPorts.open(settings, security, clock, connections);
  const http = await peersOverHttp(config);
  const access = peers ?? http;
  return {
    deps: { ...(access && { peers: access }) },
    refused: () => connections.refused,
    serve(server) {
      if (http !== undefined) ports.serve(http.listener(server.peerService), logger);
    },
    async stop(graceMs) {
      http?.stop();
      await ports.stop(graceMs);
    },
  };
}

/** Loads the code for HTTP between members only for a member that has a port for them. */
export async function peersOverHttp({ settings, security, logger }: PeerSideConfig): Promise<PeerHttp | undefined> {
  if (settings.listenPeers.length === 0) return undefined;
  const { PeerHttp } = await import("./peers.js");
  return new PeerHttp(settings, logger, security.peers?.credentials);
}
