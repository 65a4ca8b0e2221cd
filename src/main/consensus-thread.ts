/** The module that the thread of consensus runs. Nothing imports it: `openPeersOnThread` starts its bundle. */
import { apiVersion, systemClock as clock, errorText, type Logger, systemRandom as random } from "../base/index.js";
import { ConnectionLimit } from "../rpc/index.js";
import { type ConsensusPlace, CoreHost, FileDisk, LogCounters, openOwnLog } from "../server/index.js";
import { enterThread } from "../threads/index.js";
import { RemotePeerService } from "../transport/index.js";
import { type ConsensusThreadData, consensusLife, consensusPorts } from "./consensus-life.js";
import { jsonLines } from "./log-json.js";
import { PeerHttp } from "./peers.js";
import { PeerPorts } from "./ports.js";
import { openPeerSecurity } from "./security.js";
import { StartError } from "./start-error.js";

async function run(): Promise<void> {
  const thread = enterThread(clock);
  const { settings, connectionsMax, connections: memory } = thread.data as ConsensusThreadData;
  const logger: Logger = jsonLines(settings.log.level, (line) => thread.log.write(line));
  process.removeAllListeners("warning");
  process.on("warning", (warning) => logger.warn("warning from Node.js", { warning: warning.message }));
  const life = thread.port(consensusPorts.life);
  const connections = new ConnectionLimit(connectionsMax, logger, "peer", memory);
  let ports: PeerPorts;
  let http: PeerHttp;
  try {
    const security = await openPeerSecurity(settings, clock, logger);
    ports = await PeerPorts.open(settings, security, clock, connections);
    http = new PeerHttp(settings, logger, security.peers?.credentials);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    // The main thread tells the operator.
    life
      .post(consensusLife.notOpened)
      .text(errorText(error))
      .text(error.flag ?? "");
    return;
  }
  const { dataDir = "", walDir, unsafeNoSync } = settings.server;
  const counters = new LogCounters();
  const questions = thread.port(consensusPorts.peers);
  new CoreHost({
    ...{ port: thread.port(consensusPorts.core), clock, counters },
    open: (place: ConsensusPlace) => {
      const disk = new FileDisk({ dataDir, walDir, unsafeNoSync, clock, logger });
      return openOwnLog(place, { disk, connect: (link) => http.connect(link), clock, random, logger, counters });
    },
    onStarted({ origin }) {
      const identity = { clusterId: origin.ids.clusterId, serverVersion: apiVersion(settings.server.apiLevel) };
      ports.serve(http.listener(new RemotePeerService(identity, questions)), logger);
    },
  });
  life.listen((_, message) => {
    const graceMs = message.number();
    http.stop();
    void ports.stop(graceMs).then(() => life.post(consensusLife.stopped));
  });
  life.post(consensusLife.opened);
}

void run();
