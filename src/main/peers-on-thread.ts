import { ConnectionLimit } from "../rpc/index.js";
import { openRemotely } from "../server/index.js";
import { type MessageReader, portEnds, ThreadPort, type Threads } from "../threads/index.js";
import { answerPeers } from "../transport/index.js";
import { type ConsensusThreadData, consensusLife, consensusPorts } from "./consensus-life.js";
import { connectionBounds } from "./file-descriptors.js";
import type { FlagName } from "./flag-table.js";
import { type PeerSide, type PeerSideConfig, peersOverHttp } from "./peer-side.js";
import { raisedTimeouts } from "./peers.js";
import { StartError } from "./start-error.js";

/** `consensus-thread.ts` and all that it imports as one file, beside the bundle of the command. */
const module = new URL("./consensus-thread.cjs", import.meta.url);

/**
 * Starts the thread of consensus, which opens the ports for peers, and later the raft log.
 *
 * @throws StartError when a port cannot be opened
 */
export async function openPeersOnThread(config: PeerSideConfig, threads: Threads): Promise<PeerSide> {
  const { settings, clock, logger } = config;
  const http = await peersOverHttp(config);
  const [[life, lifeInside], [core, coreInside], [peers, peersInside]] = [portEnds(), portEnds(), portEnds()];
  const ports = {
    [consensusPorts.life]: lifeInside,
    [consensusPorts.core]: coreInside,
    [consensusPorts.peers]: peersInside,
  };
  // Raised here, where it is logged, so that the thread does not log it again.
  const peerTimeouts = raisedTimeouts(settings.peerTimeouts);
  const shared = { connectionsMax: connectionBounds().peers, connections: ConnectionLimit.memory() };
  const connections = new ConnectionLimit(shared.connectionsMax, logger, "peer", shared.connections);
  const data: ConsensusThreadData = { settings: { ...settings, peerTimeouts }, ...shared };
  const name = threads.start({ role: "consensus", number: 1, module, data, ports });
  const [lifePort, corePort, peersPort] = [new ThreadPort(life), new ThreadPort(core), new ThreadPort(peers)];
  threads.watch(name, corePort);
  threads.watch(name, peersPort);
  let stopped: () => void = () => undefined;
  await new Promise<void>((resolve, reject) => {
    lifePort.listen((kind, message) => {
      if (kind === consensusLife.opened) resolve();
      else if (kind === consensusLife.notOpened) reject(startError(message));
      else stopped();
    });
  });
  return {
    deps: {
      ...(http && { peers: { client: http.client } }),
      openConsensus: (place, counters) => openRemotely({ port: corePort, clock, counters }, place),
    },
    refused: () => connections.refused,
    serve: (server) => answerPeers(peersPort, server.peerService),
    async stop(graceMs) {
      http?.stop();
      const ended = new Promise<void>((resolve) => {
        stopped = resolve;
      });
      lifePort.post(consensusLife.stop).number(graceMs);
      await ended;
    },
  };
}

function startError(message: MessageReader): StartError {
  const text = message.text();
  const flag = message.text();
  return new StartError(text, flag === "" ? undefined : (flag as FlagName));
}
