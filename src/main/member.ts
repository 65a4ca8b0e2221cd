import { type Clock, type Logger, pause, type Random, systemClock, systemRandom } from "../base/index.js";
import {
  EtcdServer,
  type HeapUse,
  type MemberDisk,
  MemberRemoved,
  type PeerAccess,
  type ServerDeps,
} from "../server/index.js";
import { LoopLoad, type Threads } from "../threads/index.js";
import { type ChangeBindings, type ClientSide, openClientSide, type ServedClients } from "./client-side.js";
import { graceMs } from "./front-end-life.js";
import { heapUse, ownHeapFlag } from "./heap.js";
import { type MemoryLimit, memoryLimit } from "./memory-limit.js";
import { openPeersHere, type PeerSide } from "./peer-side.js";
import { openSecurity, type Security } from "./security.js";
import type { Listen, Settings } from "./settings.js";
import { threadsOfConsensus } from "./thread-count.js";

const capablePollMs = 5;
const capableMsMax = 1_000;

/** A running member with its open ports. */
export interface RunningMember {
  readonly server: EtcdServer;
  /** The URLs at which clients reach it. A port 0 is replaced by the port that the system chose. */
  readonly clientUrls: readonly string[];
  /** The URLs of its console's page; none when it serves no console. */
  readonly consoleUrls: readonly string[];
  /** Its services for the program itself. */
  readonly served: ServedClients;
  /** Stops accepting connections, lets calls under way finish, and writes all data. */
  stop(): Promise<void>;
  /** Closes all connections at once and leaves the server as it is, for a simulated end of its process. */
  abandon(): Promise<void>;
}

/** The world outside as a member needs it. A simulation replaces it. */
export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  /** Where the data is kept, instead of in the data directory. */
  readonly disk?: MemberDisk;
  /** Changes the methods of the API, to put faults in front of them. */
  readonly bindings?: ChangeBindings;
  /** Called with the server as soon as it exists, before it is ready. */
  readonly onServer?: (server: EtcdServer) => void;
  /** The way to other members, instead of HTTP. */
  readonly peers?: PeerAccess;
  /** The threads of the process, for settings that ask for more than one. A simulation has none. */
  readonly threads?: Threads;
}

/** The parts of a member that starts: what has to be stopped, in whatever state it is. */
interface Starting {
  readonly settings: Settings;
  readonly logger: Logger;
  readonly around: Surroundings;
  readonly clients: ClientSide;
  readonly peers: PeerSide;
}

/**
 * Opens the ports, starts the server, and serves clients once it is ready.
 *
 * @param stopping resolves when the member is told to stop
 * @returns undefined when the member was told to stop before the server was ready
 * @throws Error whose message tells the operator, in one line, why the member cannot start. Nothing is left open then
 */
export async function startMember(
  settings: Settings,
  logger: Logger,
  stopping: Promise<void>,
  around: Surroundings = { clock: systemClock, random: systemRandom },
): Promise<RunningMember | undefined> {
  const { clock } = around;
  const security = await openSecurity(settings, clock, logger);
  const limit = memoryLimit();
  const { peers, clients } = await openSides(settings, security, around, limit, logger);
  logStart(settings, limit, logger);
  if (settings.server.unsafeNoSync) logger.warn("fsync is disabled: a machine crash loses acknowledged writes");
  const starting: Starting = { settings, logger, around, clients, peers };
  const server = await startServer(starting, stopping, (): HeapUse => heapUse(limit));
  if (server === undefined) return undefined;
  around.onServer?.(server);
  peers.serve(server);
  const end = await Promise.race([
    server.ready.then(() => "ready" as const),
    server.failed,
    server.removed.then(() => "removed" as const),
    stopping.then(() => "told to stop" as const),
  ]);
  if (end !== "ready") {
    await stop(starting, server);
    if (end === "told to stop") return undefined;
    throw end === "removed" ? new MemberRemoved() : end;
  }
  await capable(server, clock);
  logger.info("ready to serve client requests");
  const served = await clients.serve(server);
  const { clientUrls, consoleUrls } = clients;
  return {
    server,
    clientUrls,
    consoleUrls,
    served,
    stop: () => stop(starting, server),
    abandon: () => clients.stop(0),
  };
}

/** Opens all ports. Threads that open them start together. If one port cannot be opened, none is left open. */
async function openSides(
  settings: Settings,
  security: Security,
  around: Surroundings,
  limit: MemoryLimit,
  logger: Logger,
): Promise<Pick<Starting, "peers" | "clients">> {
  const { clock, random, threads, bindings } = around;
  let refusedPeers = (): number => 0;
  const config = { settings, security, machineBytes: limit.bytes, clock, random, logger };
  const more = { ...(threads && { threads }), ...(bindings && { bindings }) };
  const [peers, clients] = await Promise.allSettled([
    openPeers(settings, security, around, logger),
    openClientSide({ ...config, ...more, refusedPeers: () => refusedPeers() }),
  ]);
  if (peers.status === "fulfilled" && clients.status === "fulfilled") {
    refusedPeers = () => peers.value.refused();
    return { peers: peers.value, clients: clients.value };
  }
  if (peers.status === "fulfilled") await peers.value.stop(0);
  if (clients.status === "fulfilled") await clients.value.stop(0);
  throw [peers, clients].find((end) => end.status === "rejected")?.reason;
}

/** Opens the ports for peers. Consensus is on this event loop, or on the thread that has the ports. */
async function openPeers(
  settings: Settings,
  security: Security,
  { clock, peers, threads }: Surroundings,
  logger: Logger,
): Promise<PeerSide> {
  const config = { settings, security, clock, logger };
  // A log that is kept in memory cannot be opened by another thread.
  const here = threads === undefined || settings.threads < threadsOfConsensus || settings.server.dataDir === undefined;
  if (here) return await openPeersHere(config, peers);
  const { openPeersOnThread } = await import("./peers-on-thread.js");
  return await openPeersOnThread(config, threads);
}

/**
 * Starts the server. A first start may wait long for DNS names and for other members.
 *
 * @returns undefined when the member was told to stop meanwhile
 */
async function startServer(
  member: Starting,
  stopping: Promise<void>,
  heap: () => HeapUse,
): Promise<EtcdServer | undefined> {
  const { settings, logger, around, clients, peers } = member;
  const { clock, random, disk, threads } = around;
  const load = threads === undefined ? new LoopLoad() : undefined;
  const registry = await registryOf(settings, clock);
  const deps = {
    clock,
    random,
    logger,
    memory: clients.memory,
    heap,
    loopLoad: () => load?.share() ?? threads?.busiestShare() ?? 0,
    ...(disk && { disk }),
    ...peers.deps,
    ...registry,
  };
  const starting = EtcdServer.start({ ...settings.server, ...advertised(settings, clients) }, deps);
  try {
    const told = stopping.then(() => "told to stop" as const);
    const end = await Promise.race([starting, told]);
    if (end !== "told to stop") return end;
  } catch (error) {
    await stop(member, undefined);
    throw error;
  }
  // The start cannot be interrupted. The server is stopped when it has started.
  starting.then(
    (server) => server.stop(),
    () => undefined,
  );
  await stop(member, undefined);
  return undefined;
}

/** The way to the discovery service. Its client is loaded only when the settings ask for it. */
async function registryOf({ discovery }: Settings, clock: Clock): Promise<Pick<ServerDeps, "registry">> {
  if (discovery === undefined) return {};
  const { openRegistry } = await import("./discovery-registry.js");
  return { registry: () => openRegistry(discovery, clock) };
}

async function stop({ clients, peers }: Starting, server: EtcdServer | undefined): Promise<void> {
  await clients.stop();
  // Peers stay connected until the server has stopped, since it hands its leadership to one of them.
  await server?.stop();
  await peers.stop(graceMs);
}

/**
 * The client URLs to advertise. A URL with port 0 that the member listens on is advertised with the port that the
 * system chose.
 */
function advertised({ server, listenClients }: Settings, { clientUrls }: ClientSide) {
  const chosen = new Map(clientUrls.map((url) => [url.replace(/:\d+$/, ":0"), url]));
  const listened = new Set(listenClients.map(({ url }) => url));
  return {
    advertiseClientUrls: server.advertiseClientUrls.map((url) => (listened.has(url) && chosen.get(url)) || url),
  };
}

/**
 * Waits until a new cluster has agreed on its version, a moment after its first election, so that the first clients are
 * not refused for want of a version.
 */
async function capable(server: EtcdServer, clock: Clock): Promise<void> {
  for (let waited = 0; server.clusterVersion() === undefined && waited < capableMsMax; waited += capablePollMs) {
    await pause(clock, capablePollMs);
  }
}

function logStart({ server, ...settings }: Settings, memory: MemoryLimit, logger: Logger): void {
  const urls = (listens: readonly Listen[]): readonly string[] => listens.map(({ url }) => url);
  const betterHeap = ownHeapFlag(memory);
  logger.info("starting an etcd server", {
    name: server.name,
    "data-dir": server.dataDir,
    "heartbeat-interval": `${server.tickMs}ms`,
    "election-timeout": `${server.tickMs * server.electionTicks}ms`,
    "snapshot-count": server.snapshotCount,
    "initial-advertise-peer-urls": server.advertisePeerUrls,
    "listen-peer-urls": urls(settings.listenPeers),
    "advertise-client-urls": server.advertiseClientUrls,
    "listen-client-urls": urls(settings.listenClients),
    "listen-client-http-urls": urls(settings.listenClientsHttp),
    "listen-metrics-urls": urls(settings.listenMetrics),
    "listen-console-urls": urls(settings.listenConsole),
    "initial-cluster-token": server.initialClusterToken,
    "quota-backend-bytes": server.quotaBackendBytes,
    "max-request-bytes": server.maxRequestBytes,
    "pre-vote": server.preVote,
    "memory-limit-bytes": memory.bytes,
    "memory-limit-set-by": memory.setBy,
    "heap-limit-bytes": heapUse(memory).limitBytes,
    ...(betterHeap && { "heap-would-fit-with": `NODE_OPTIONS=${betterHeap}` }),
  });
}
