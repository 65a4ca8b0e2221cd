/**
 * What clients and operators talk to: etcd's gRPC services and HTTP endpoints, and one port for both. It checks a
 * request as far as that needs no state, asks the server, and says the answer or the refusal in etcd's words. It opens
 * no socket itself and knows nothing of consensus; only three files know which gRPC library carries the calls.
 */

export type { GatewayConfig } from "./gateway/lazy-gateway.js";
export type { Binding, StreamHandler, UnaryHandler } from "./grpc/binding.js";
export { CallCounters } from "./grpc/call-counters.js";
export { Gate, type GateView } from "./grpc/gate.js";
export { GrpcServer, type GrpcServerConfig } from "./grpc/grpc-server.js";
export type { ServerStream } from "./grpc/stream.js";
export { ConnectionLimit } from "./http/connection-limit.js";
export type { HttpAccess } from "./http/http-access.js";
export {
  type ClientEndpoints,
  type ClientEndpointsConfig,
  clientEndpoints,
  type EndpointServer,
  peerEndpoints,
} from "./http/http-endpoints.js";
export { type PortHandlers, type PortSecurity, SharedPort } from "./http/shared-port.js";
export type { RefusedConnections } from "./metrics/metrics.js";
export { clientBindings } from "./services/client-services.js";
export { SlowCalls } from "./services/slow-calls.js";
