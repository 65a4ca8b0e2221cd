/**
 * A member of a cluster: it takes requests, replicates them through raft, applies committed entries and returns the
 * results. It owns the raft node loop, the apply loop and all background work, such as lease revocation, snapshots and
 * compaction. `rpc` calls it. It knows nothing of gRPC or HTTP.
 */
export { LongRange, LongTxn, pairFieldBytes, type RangeChunk, varintBytes } from "../apply/index.js";
export { bothOf, type Call, onCancelled } from "./calls/call.js";
export type { Headers } from "./calls/headers.js";
export { requestText } from "./calls/request-text.js";
export { Serving } from "./calls/serving.js";
export type { WatchJudge } from "./calls/watch-judge.js";
export { type AutoCompaction, type InitialMember, type ServerConfig, serverDefaults } from "./config.js";
export { CoreHost } from "./consensus/core-host.js";
export { LogCounters } from "./consensus/log-counters.js";
export { openOwnLog } from "./consensus/open-own-log.js";
export type { PeerAccess, PeerLink, PeerNetwork } from "./consensus/peer-network.js";
export { openRemotely } from "./consensus/remote-core.js";
export type { ConsoleService } from "./console/console-service.js";
export type { ServerCounters } from "./counters.js";
export { FileDisk } from "./disk/file-disk.js";
export type { DatabasePlaces, MemberDisk } from "./disk/member-disk.js";
export { ReceivedInMemory } from "./disk/received-in-memory.js";
export { VolatileDisk } from "./disk/volatile-disk.js";
export { EtcdServer } from "./etcd-server.js";
export { type FeatureName, type Features, featuresOf, shownFeatures } from "./features.js";
export type { LeaderView } from "./log/leadership.js";
export type { ServerMetrics } from "./metrics.js";
export { hashDatabase } from "./offline/database-hash.js";
export { defragmentDataDir } from "./offline/defragment.js";
export { type EntryFacts, entryFacts } from "./offline/entry-facts.js";
export { exportMember } from "./offline/exported.js";
export { importMember } from "./offline/imported.js";
export { type InspectedMember, inspectMember } from "./offline/inspected.js";
export { type KeyChange, keyChanges, sizesByPrefix } from "./offline/key-history.js";
export { migrateDataDir } from "./offline/migrated.js";
export { type Plain, plainBytes, plainKey, plainMessage } from "./offline/readable-request.js";
export { type RestoreOptions, restoreMember } from "./offline/restored.js";
export { type SnapshotStatus, snapshotStatus } from "./offline/snapshot-status.js";
export { whenUnused } from "./offline/when-unused.js";
export type { ConsensusPlace, ServerDeps } from "./server-deps.js";
export type { GuardedStream } from "./services/guarded-stream.js";
export type { KvService } from "./services/kv-service.js";
export type { LeaseService } from "./services/lease-service.js";
export type { MaintenanceService } from "./services/maintenance-service.js";
export type { MembershipService } from "./services/membership-service.js";
export type { DatabaseSnapshot } from "./snapshots/database-snapshot.js";
export type { ReceivedSnapshots } from "./snapshots/received-snapshots.js";
export { MemberRemoved } from "./start/bootstrap.js";
export type { Registration, Registry } from "./start/discovery.js";
export type { HeapUse } from "./upkeep/heap-guard.js";
