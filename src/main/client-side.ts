import {
  type Clock,
  type Logger,
  type MemoryAccount,
  type Random,
  SharedBytes,
  sharedBytesMemory,
} from "../base/index.js";
import {
  type Admission,
  type Binding,
  CallCounters,
  type ClientServices,
  ConnectionLimit,
  clientBindings,
  Gate,
  metricsText,
  oneLoopCounts,
  type ProcessCounts,
  SlowCalls,
  statePages,
  ThreadedCounts,
} from "../rpc/index.js";
import type { EtcdServer } from "../server/index.js";
import type { Threads } from "../threads/index.js";
import { clientMemory } from "./client-memory.js";
import { connectionBounds } from "./file-descriptors.js";
import { FrontEnd } from "./front-end.js";
import { type FrontEndData, graceMs } from "./front-end-life.js";
import { FrontEndThread } from "./front-end-owner.js";
import type { Security } from "./security.js";
import type { Settings } from "./settings.js";
import { frontEndCount } from "./thread-count.js";

/** The ports for clients, wherever they are served. */
export interface ClientSide {
  /** The URLs at which clients reach the member. A port 0 is replaced by the port that the system chose. */
  readonly clientUrls: readonly string[];
  /** The URLs of the console's page, those of its own ports first. */
  readonly consoleUrls: readonly string[];
  /** The account of the bytes held for clients, as the state's thread has it. */
  readonly memory: MemoryAccount;
  /** Serves clients, whose connections have waited until now. */
  serve(server: EtcdServer): Promise<ServedClients>;
  /** Stops accepting connections, and waits up to `waitMs` for calls under way. */
  stop(waitMs?: number): Promise<void>;
}

/** Changes the methods of the API, to put faults in front of them. */
export type ChangeBindings = (bindings: readonly Binding[]) => readonly Binding[];

/** The methods of a member, for calls within its process. */
export interface DirectHandlers {
  readonly bindings: readonly Binding[];
  readonly gate: Admission;
  readonly counters: CallCounters;
}

/** The member's clients are served. This is for the program itself. */
export interface ServedClients {
  /** For calls without a connection. */
  readonly calls: DirectHandlers;
  /** The metrics in Prometheus's text format. */
  metrics(): Promise<string>;
}

export interface ClientSideConfig {
  readonly settings: Settings;
  readonly security: Security;
  /** The memory of the machine or container. */
  readonly machineBytes: number;
  /** How many connections of peers were refused. */
  readonly refusedPeers: () => number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** The threads of the process; absent when all runs on one loop. */
  readonly threads?: Threads;
  /** By default the methods are those of the member. */
  readonly bindings?: ChangeBindings;
}

/** Opens the ports for clients, on this loop or on threads. @throws StartError when a port cannot be opened */
export function openClientSide(config: ClientSideConfig): Promise<ClientSide> {
  const { threads } = config;
  return threads === undefined ? openOnThisLoop(config) : openOnThreads(config, threads);
}

async function openOnThisLoop(config: ClientSideConfig): Promise<ClientSide> {
  const { settings, security, machineBytes, clock, logger } = config;
  const memory = clientMemory(settings.maxMemoryBytes, machineBytes, clock, logger);
  const connections = new ConnectionLimit(connectionBounds().clients, logger);
  const counters = new CallCounters();
  const sharing = { kind: "alone" } as const;
  const parts = { settings, security, memory, connections, counters, clock, logger };
  const frontEnd = await FrontEnd.open({ ...parts, notes: logger, sharing });
  const counts = oneLoopCounts(counters, memory, sharedCounts(config, connections));
  return {
    clientUrls: frontEnd.clientUrls,
    consoleUrls: frontEnd.consoleUrls,
    memory,
    async serve(server) {
      const services = servicesOf(server, counts, config);
      frontEnd.serve(services, slowCalls(config));
      return served(services, counters);
    },
    stop: (waitMs = graceMs) => frontEnd.stop(waitMs),
  };
}

async function openOnThreads(config: ClientSideConfig, threads: Threads): Promise<ClientSide> {
  const { settings, machineBytes, clock, logger } = config;
  const connectionsMax = connectionBounds().clients;
  const shared = { memory: sharedBytesMemory(), connections: ConnectionLimit.memory() };
  const memory = clientMemory(settings.maxMemoryBytes, machineBytes, clock, logger, new SharedBytes(shared.memory));
  const connections = new ConnectionLimit(connectionsMax, logger, "client", shared.connections);
  const data = { settings, machineBytes, connectionsMax, ...shared };
  const { frontEnds, clientUrls, consoleUrls } = await openFrontEnds(threads, frontEndCount(settings.threads), data);
  const ask = () => Promise.all(frontEnds.map((frontEnd) => frontEnd.counts()));
  const counters = new CallCounters();
  const own = { calls: counters, memory };
  const counts = new ThreadedCounts(own, ask, () => threads.stats(), sharedCounts(config, connections));
  return {
    clientUrls,
    consoleUrls,
    memory,
    async serve(server) {
      const services = servicesOf(server, counts, config);
      const calls = { services, slow: slowCalls(config), clock, logger };
      await Promise.all(frontEnds.map((frontEnd) => frontEnd.serve(calls)));
      server.watchJudge.onChange(() => {
        for (const frontEnd of frontEnds) frontEnd.tellNamesUsers();
      });
      return served(services, counters);
    },
    async stop() {
      await Promise.all(frontEnds.map((frontEnd) => frontEnd.stop()));
    },
  };
}

function served({ bindings, gate, pages }: ClientServices, counters: CallCounters): ServedClients {
  return { calls: { bindings, gate, counters }, metrics: () => metricsText(pages) };
}

/** Starts the front ends together. The first one opens the ports; the others then listen on the same sockets. */
async function openFrontEnds(threads: Threads, count: number, data: Omit<FrontEndData, "place">) {
  const first = new FrontEndThread(threads, 1, { ...data, place: count === 1 ? "alone" : "first" });
  const others = Array.from(
    { length: count - 1 },
    (_, at) => new FrontEndThread(threads, at + 2, { ...data, place: "further" }),
  );
  const { clientUrls, consoleUrls, descriptors } = await first.opened;
  for (const other of others) other.share(descriptors);
  await Promise.all(others.map(({ opened }) => opened));
  return { frontEnds: [first, ...others], clientUrls, consoleUrls };
}

/** The services of the state of a member, which is on this loop. */
function servicesOf(
  server: EtcdServer,
  counts: ProcessCounts,
  { settings, clock, random, logger, bindings = (own) => own }: ClientSideConfig,
): ClientServices {
  return {
    bindings: bindings(clientBindings(server, clock, random)),
    gate: new Gate(server, server.config.apiLevel),
    pages: statePages({
      ...{ server, logger, counts },
      extensiveMetrics: settings.extensiveMetrics,
      profiles: settings.profiles,
    }),
    namesUsers: () => server.usersMatter,
  };
}

function slowCalls({ settings, clock, logger }: ClientSideConfig): SlowCalls {
  return new SlowCalls(clock, logger, settings.warningCallMs);
}

function sharedCounts({ refusedPeers, logger }: ClientSideConfig, connections: ConnectionLimit) {
  return {
    logLinesLost: () => logger.linesLost ?? 0,
    connectionsRefused: { clients: () => connections.refused, peers: refusedPeers },
  };
}
