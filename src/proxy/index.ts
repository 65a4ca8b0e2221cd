/**
 * Programs between clients and the members of a cluster: a gateway that forwards TCP connections, and a gRPC proxy that
 * shares watchers, connections and answers among clients. The commands are here, too; the process around them (its
 * log, its signals, its limits) is given by the caller. A proxy keeps nothing on disk but generated certificates, and
 * no data of its own: it may be stopped at any time.
 */
export type { ProxyHost } from "./host.js";
export { proxyCommands, proxyProgram } from "./program.js";
