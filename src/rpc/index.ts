/**
 * What clients and operators talk to: etcd's gRPC services and HTTP endpoints, and one port for both. It checks a
 * request as far as that needs no state, asks the server, and says the answer or the refusal in etcd's words. It opens
 * no socket itself and knows nothing of consensus; only three files know which gRPC library carries the calls.
 */
export type { Binding, StreamHandler, UnaryHandler } from "./binding.js";
export { CallCounters } from "./call-counters.js";
export { clientBindings } from "./client-services.js";
export { ConnectionLimit } from "./connection-limit.js";
export { Gate, type GateView } from "./gate.js";
export { GrpcServer, type GrpcServerConfig } from "./grpc-server.js";
export type { HttpAccess } from "./http-access.js";
export {
  type ClientEndpoints,
  type ClientEndpointsConfig,
  clientEndpoints,
  type EndpointServer,
  peerEndpoints,
} from "./http-endpoints.js";
export type { GatewayConfig } from "./lazy-gateway.js";
export type { RefusedConnections } from "./metrics.js";
export { type PortHandlers, type PortSecurity, SharedPort } from "./shared-port.js";
export { SlowCalls } from "./slow-calls.js";
export type { ServerStream } from "./stream.js";
