import { systemClock as clock, doneWithin, type MemoryAccount, pause, systemRandom as random } from "../base/index.js";
import {
  CallCounters,
  type ClientEndpoints,
  ConnectionLimit,
  clientBindings,
  clientEndpoints,
  Gate,
  GrpcServer,
  type PortHandlers,
  type RefusedConnections,
  SharedPort,
  SlowCalls,
} from "../rpc/index.js";
import { EtcdServer, type HeapUse, MemberRemoved } from "../server/index.js";
import type { HandshakesConfig } from "../tls/index.js";
import { clientMemory } from "./client-memory.js";
import { connectionBounds } from "./file-descriptors.js";
import { heapUse, ownHeapFlag } from "./heap.js";
import { openListeners } from "./listeners.js";
import type { ProcessLogger } from "./logger.js";
import { type MemoryLimit, memoryLimit } from "./memory-limit.js";
import { PeerHttp } from "./peers.js";
import { openSecurity, portSecurity } from "./security.js";
import type { Listen, Settings } from "./settings.js";
import { isSecure } from "./urls.js";

/** A gRPC message may be this many bytes longer than `--max-request-bytes`, as in etcd. */
const grpcOverheadBytes = 512 * 1024;
/** How long calls under way may take to end when the member stops. */
const graceMs = 1_500;
const capablePollMs = 5;
const capableMsMax = 1_000;

/** A running member with its open ports. */
export interface RunningMember {
  readonly server: EtcdServer;
  /** The URLs at which clients reach it. A port 0 is replaced by the port that the system chose. */
  readonly clientUrls: readonly string[];
  /** Stops accepting connections, lets calls under way finish, and writes all data. */
  stop(): Promise<void>;
}

interface OpenPort {
  readonly port: SharedPort;
  readonly urls: readonly string[];
}

/**
 * Opens the ports, starts the server, and serves clients once it is ready.
 *
 * @param stopping resolves when the process is told to stop
 * @returns undefined when the process was told to stop before the server was ready
 * @throws Error whose message tells the operator, in one line, why the member cannot start
 */
export async function startMember(
  settings: Settings,
  logger: ProcessLogger,
  stopping: Promise<void>,
): Promise<RunningMember | undefined> {
  const security = await openSecurity(settings, clock, logger);
  const limit = memoryLimit();
  const memory = clientMemory(settings.maxMemoryBytes, limit.bytes, clock, logger);
  const clientTls = security.clients && { ...security.clients, http2: true };
  const metricsTls = security.metrics && { ...security.metrics, http2: true };
  const bounds = connectionBounds();
  const connections = new ConnectionLimit(bounds.clients, logger);
  const peerConnections = new ConnectionLimit(bounds.peers, logger, "peer");
  const refused = { clients: () => connections.refused, peers: () => peerConnections.refused };
  const peers = await openPorts(settings.listenPeers, peerConnections, security.peers);
  const clients = await openPorts(settings.listenClients, connections, clientTls, memory);
  const clientsHttp = await openPorts(settings.listenClientsHttp, connections, clientTls, memory);
  const metrics = await openPorts(settings.listenMetrics, connections, metricsTls, memory);
  logStart(settings, limit, logger);
  if (settings.server.unsafeNoSync) logger.warn("fsync is disabled: a machine crash loses acknowledged writes");
  const peerHttp = new PeerHttp(settings, logger, security.peers?.credentials);
  const heap = (): HeapUse => heapUse(limit);
  const starting = EtcdServer.start(settings.server, { clock, random, logger, memory, heap, peers: peerHttp });
  // A first start may wait long for DNS names and for other members.
  if ((await Promise.race([starting, stopping.then(() => "told to stop" as const)])) === "told to stop") {
    starting.catch(() => undefined);
    return undefined;
  }
  const server = await starting;
  const stop = async (handlers?: ClientHandlers): Promise<void> => {
    const forClients = [...clients, ...clientsHttp, ...metrics];
    const servers = [handlers?.grpc.stop(graceMs), handlers?.httpAlone.stop(graceMs)];
    const ending = [...servers, handlers && doneWithin(clock, graceMs, handlers.http.stop())];
    await Promise.all([...forClients.map(({ port }) => port.stop(graceMs)), ...ending]);
    // Peers stay connected until the server has stopped, since it hands its leadership to one of them.
    await server.stop();
    peerHttp.stop();
    await Promise.all(peers.map(({ port }) => port.stop(graceMs)));
  };
  for (const { port, urls } of peers) {
    port.serve({ http: peerHttp.listener(server.peerService) });
    for (const address of urls) logger.info("serving peer traffic", { address });
  }
  const end = await Promise.race([
    server.ready.then(() => "ready" as const),
    server.failed,
    server.removed.then(() => "removed" as const),
    stopping.then(() => "told to stop" as const),
  ]);
  if (end !== "ready") {
    await stop();
    if (end === "told to stop") return undefined;
    throw end === "removed" ? new MemberRemoved() : end;
  }
  await capable(server);
  const handlers = clientHandlers(settings, server, memory, refused, logger);
  const { grpc, httpAlone } = handlers;
  const { listener, upgrade } = handlers.http;
  const http = { http: listener, upgrade };
  logger.info("ready to serve client requests");
  if (clientsHttp.length === 0) serve(clients, { grpc, ...http }, "grpc+http", logger);
  else serve(clients, { grpc }, "grpc", logger);
  serve(clientsHttp, { grpc: httpAlone, ...http }, "http", logger);
  serve(metrics, { grpc: httpAlone, http: handlers.http.metricsListener }, "http", logger);
  return { server, clientUrls: clients.flatMap(({ urls }) => urls), stop: () => stop(handlers) };
}

async function openPorts(
  listens: readonly Listen[],
  connections: ConnectionLimit,
  tls?: HandshakesConfig,
  memory?: MemoryAccount,
): Promise<readonly OpenPort[]> {
  const ports: OpenPort[] = [];
  // The same address may be listed with http:// and https://. One port then serves both.
  const addresses = new Set(listens.map(({ address }) => JSON.stringify(address)));
  for (const wanted of addresses) {
    const same = listens.filter(({ address }) => JSON.stringify(address) === wanted);
    const [first] = same;
    if (first === undefined) continue;
    const port = new SharedPort(clock, portSecurity(same, tls), memory?.pot("connections"), connections);
    const chosen = await openListeners(port, first);
    ports.push({ port, urls: same.map(({ url }) => url.replace(/:0$/, `:${chosen}`)) });
  }
  return ports;
}

/**
 * Waits until a new cluster has agreed on its version, a moment after its first election, so that the first clients are
 * not refused for want of a version.
 */
async function capable(server: EtcdServer): Promise<void> {
  for (let waited = 0; server.clusterVersion() === undefined && waited < capableMsMax; waited += capablePollMs) {
    await pause(clock, capablePollMs);
  }
}

/** The handlers of clients' requests. */
interface ClientHandlers {
  readonly grpc: GrpcServer;
  /** Carries HTTP over HTTP/2 on ports without gRPC. It serves no gRPC method. */
  readonly httpAlone: GrpcServer;
  readonly http: ClientEndpoints;
}

function clientHandlers(
  settings: Settings,
  server: EtcdServer,
  memory: MemoryAccount,
  connectionsRefused: RefusedConnections,
  logger: ProcessLogger,
): ClientHandlers {
  const counters = new CallCounters();
  const { maxConcurrentStreams, extensiveMetrics } = settings;
  const named = settings.gateway && settings.server.clientCertAuth;
  const access = { ...settings.access, ...(named && { namesUsers: () => server.auth.enabled }) };
  const calls = {
    bindings: clientBindings(server, clock, random),
    gate: new Gate(server),
    receiveBytesMax: settings.server.maxRequestBytes + grpcOverheadBytes,
    timed: extensiveMetrics,
    slow: new SlowCalls(clock, logger, settings.warningCallMs),
    ...{ counters, logger, clock, memory, maxConcurrentStreams },
  };
  const { keepaliveIntervalMs, keepaliveTimeoutMs, keepaliveMsMin } = settings;
  const http2 = { ...calls, keepaliveIntervalMs, keepaliveTimeoutMs, keepaliveMsMin };
  const gateway = settings.gateway && { gateway: calls };
  const http = { server, counters, logger, extensiveMetrics, access, connectionsRefused, ...gateway };
  return {
    grpc: new GrpcServer(http2),
    httpAlone: new GrpcServer({ ...http2, bindings: [] }),
    http: clientEndpoints(http),
  };
}

function serve(ports: readonly OpenPort[], handlers: PortHandlers, traffic: string, logger: ProcessLogger): void {
  for (const { port, urls } of ports) {
    port.serve(handlers);
    for (const url of urls) {
      const how = isSecure(url) ? "securely" : "insecurely; this is strongly discouraged!";
      logger.info(`serving client traffic ${how}`, { traffic, address: url });
    }
  }
}

function logStart({ server, ...settings }: Settings, memory: MemoryLimit, logger: ProcessLogger): void {
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
