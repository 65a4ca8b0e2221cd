import type { Clock, Logger, MemoryAccount, Random } from "../base/index.js";
import {
  type Binding,
  CallCounters,
  type ClientEndpoints,
  clientBindings,
  clientEndpoints,
  Gate,
  GrpcServer,
  type RefusedConnections,
  SlowCalls,
} from "../rpc/index.js";
import type { EtcdServer } from "../server/index.js";
import type { Settings } from "./settings.js";

/** A gRPC message may be this many bytes longer than `--max-request-bytes`, as in etcd. */
const grpcOverheadBytes = 512 * 1024;

/** The methods of a member, for calls within its process. */
export interface DirectHandlers {
  readonly bindings: readonly Binding[];
  readonly gate: Gate;
  readonly counters: CallCounters;
}

/** The handlers of clients' requests. */
export interface ClientHandlers {
  readonly grpc: GrpcServer;
  /** Carries HTTP over HTTP/2 on ports without gRPC. It serves no gRPC method. */
  readonly httpAlone: GrpcServer;
  readonly http: ClientEndpoints;
  /** For calls without a connection. */
  readonly calls: DirectHandlers;
}

/** Makes the handlers of a running member. */
export function clientHandlers(
  settings: Settings,
  server: EtcdServer,
  memory: MemoryAccount,
  connectionsRefused: RefusedConnections,
  clock: Clock,
  random: Random,
  logger: Logger,
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
    calls,
  };
}
