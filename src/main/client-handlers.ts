import type { Clock, Logger, MemoryAccount } from "../base/index.js";
import {
  type CallCounters,
  type ClientEndpoints,
  type ClientServices,
  clientEndpoints,
  GrpcServer,
  type SlowCalls,
} from "../rpc/index.js";
import type { Settings } from "./settings.js";

/** A gRPC message may be this many bytes longer than `--max-request-bytes`, as in etcd. */
const grpcOverheadBytes = 512 * 1024;

/** The files of the console, beside the folder of this module or of its bundle. */
const consoleFolder = new URL("../console/", import.meta.url);

/** The handlers of clients' requests. */
export interface ClientHandlers {
  readonly grpc: GrpcServer;
  /** Carries HTTP over HTTP/2 on ports without gRPC. It serves no gRPC method. */
  readonly httpAlone: GrpcServer;
  readonly http: ClientEndpoints;
}

/** Makes the handlers of a running member. @param slow logs calls that took long */
export function clientHandlers(
  settings: Settings,
  services: ClientServices,
  slow: SlowCalls,
  counters: CallCounters,
  memory: MemoryAccount,
  clock: Clock,
  logger: Logger,
): ClientHandlers {
  const { maxConcurrentStreams, extensiveMetrics } = settings;
  const { bindings, gate, pages } = services;
  const named = settings.gateway && settings.server.clientCertAuth;
  const access = { ...settings.access, ...(named && { namesUsers: () => services.namesUsers() }) };
  const calls = {
    receiveBytesMax: settings.server.maxRequestBytes + grpcOverheadBytes,
    timed: extensiveMetrics,
    ...{ bindings, gate, slow, counters, logger, clock, memory, maxConcurrentStreams },
  };
  const { keepaliveIntervalMs, keepaliveTimeoutMs, keepaliveMsMin } = settings;
  const http2 = { ...calls, keepaliveIntervalMs, keepaliveTimeoutMs, keepaliveMsMin };
  return {
    grpc: new GrpcServer(http2),
    httpAlone: new GrpcServer({ ...http2, bindings: [] }),
    http: clientEndpoints({
      ...{ level: settings.server.apiLevel, pages, logger, clock, access },
      ...(settings.gateway && { gateway: calls, console: { folder: consoleFolder, access: settings.console.access } }),
    }),
  };
}
