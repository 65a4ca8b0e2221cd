/**
 * One member: it takes requests, has them agreed on through raft, applies what was agreed and answers. It owns the
 * raft node loop, the apply loop and everything that runs by itself (lease revocation, snapshots, compaction).
 * `rpc` drives it; it knows nothing of gRPC or HTTP.
 */
export { LongRange, LongTxn, pairFieldBytes, varintBytes } from "../apply/index.js";
export { MemberRemoved, type ServerDeps } from "./bootstrap.js";
export type { Call } from "./call.js";
export { type AutoCompaction, type InitialMember, type ServerConfig, serverDefaults } from "./config.js";
export type { DatabaseSnapshot } from "./database-snapshot.js";
export { EtcdServer } from "./etcd-server.js";
export type { HeapUse } from "./heap-guard.js";
export type { ServerCounters, ServerMetrics } from "./metrics.js";
export { defragmentDataDir } from "./offline-defragment.js";
export type { PeerAccess, PeerLink, PeerNetwork } from "./peer-network.js";
export type { ReceivedSnapshots } from "./received-snapshots.js";
export { requestText } from "./request-text.js";
export { type RestoreOptions, restoreMember } from "./restored.js";
export type { WatchJudge } from "./watch-judge.js";
