/**
 * The client of a cluster, for programs (`import { Client } from "etcd-ts/client"`) and for the command line: etcd's
 * calls as typed methods, watches and leases that survive broken connections, and locks and elections built on both. It
 * knows which calls may be retried; it never caches answers. Works with etcd 3.4 and newer.
 */
export { keyFromBytes, keyToBytes } from "../base/index.js";
export * from "./any-transport.js";
export { Client } from "./client.js";
export { grpcTransport } from "./grpc-transport.js";
export { namespaced } from "./namespace.js";
export type { ClientOptions, TlsOptions, TracingOptions, TransportOptions } from "./options.js";
