/**
 * The interfaces for clients and operators: etcd's gRPC services, its HTTP endpoints and JSON gateway, and ports that
 * serve all of them. The code here decodes a request, calls the server, and encodes the answer or the refusal with
 * etcd's text. It opens no listening sockets and knows nothing of consensus. gRPC is implemented here, over `http2`.
 */

export type { GatewayConfig } from "./gateway/lazy-gateway.js";
export { wholeOf } from "./grpc/answer.js";
export { type Binding, runningBy, type StreamHandler, typeOf, type UnaryHandler } from "./grpc/binding.js";
export { CallCounters } from "./grpc/call-counters.js";
export { type Admission, Gate, type GateView } from "./grpc/gate.js";
export { GrpcServer, type GrpcServerConfig } from "./grpc/grpc-server.js";
export type { MessageInPieces } from "./grpc/sent-messages.js";
export type { ServerStream } from "./grpc/stream.js";
export { ConnectionLimit } from "./http/connection-limit.js";
export { consolePrefix } from "./http/console-files.js";
export type { HttpAccess } from "./http/http-access.js";
export {
  type ClientEndpoints,
  type ClientEndpointsConfig,
  type ConsoleConfig,
  clientEndpoints,
  type HttpHandlers,
} from "./http/http-endpoints.js";
export type { PageAccess } from "./http/page-access.js";
export { failure, metricsText, type Page, type PageRequest, type Pages, page, wrongMethod } from "./http/pages.js";
export { type PortHandlers, type PortSecurity, SharedPort } from "./http/shared-port.js";
export { lazyProfiles, type PagesServer, statePages } from "./http/state-pages.js";
export { loadCallMetrics } from "./metrics/load-call-metrics.js";
export { type LoopCounts, oneLoopCounts, type ProcessCounts, ThreadedCounts } from "./metrics/loop-counts.js";
export { FrontEndCalls, type FrontEndCallsConfig } from "./remote/front-end-calls.js";
export { RemoteServices } from "./remote/remote-services.js";
export { type ClientServices, clientBindings } from "./services/client-services.js";
export { SlowCalls } from "./services/slow-calls.js";
export { CallError, statusOf } from "./services/status.js";
