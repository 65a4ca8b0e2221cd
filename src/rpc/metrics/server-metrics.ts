import type { EtcdServer } from "../../server/index.js";
import { AlarmType } from "../../wire/index.js";
import { type Counts, countsOf, type MetricRegistry } from "./metric-registry.js";

export type MetricsServer = Pick<
  EtcdServer,
  "metrics" | "countNow" | "memory" | "memberId" | "clusterVersion" | "alarms"
> & { readonly config: Pick<EtcdServer["config"], "apiLevel" | "features"> };
type Metrics = MetricsServer["metrics"];
type Row = readonly ["counter" | "gauge", name: string, help: string, read: (metrics: Metrics) => number | boolean];
type HistogramRow = readonly [name: string, help: string, read: (metrics: Metrics) => Counts];

const raftRows: readonly Row[] = [
  ["gauge", "etcd_server_has_leader", "Whether this member knows a leader.", (now) => now.hasLeader],
  ["gauge", "etcd_server_is_leader", "Whether this member is the leader.", (now) => now.isLeader],
  ["gauge", "etcd_server_is_learner", "Whether this member is a learner.", (now) => now.isLearner],
  ["counter", "etcd_server_leader_changes_seen_total", "How often the leader changed.", (now) => now.leaderChanges],
  [
    "gauge",
    "etcd_server_proposals_committed_total",
    "Index of the last entry committed.",
    (now) => now.proposalsCommitted,
  ],
  ["gauge", "etcd_server_proposals_applied_total", "Index of the last entry applied.", (now) => now.proposalsApplied],
  ["gauge", "etcd_server_proposals_pending", "Proposals that wait to be applied.", (now) => now.proposalsPending],
  [
    "counter",
    "etcd_server_proposals_failed_total",
    "Proposals that failed.",
    ({ counters }) => counters.proposalsFailed,
  ],
  [
    "counter",
    "etcd_server_slow_apply_total",
    "Entries that took long to apply.",
    ({ counters }) => counters.slowApplies,
  ],
  [
    "counter",
    "etcd_server_slow_read_indexes_total",
    "Linearizable reads that waited long.",
    ({ counters }) => counters.slowReadIndexes,
  ],
  [
    "counter",
    "etcd_server_read_indexes_failed_total",
    "Linearizable reads that failed.",
    ({ counters }) => counters.readIndexFailures,
  ],
  [
    "counter",
    "etcd_server_heartbeat_send_failures_total",
    "Heartbeats of this leader that came too late.",
    ({ counters }) => counters.log.lateHeartbeats,
  ],
  [
    "counter",
    "etcd_server_learner_promote_successes",
    "Learners that were given a vote by this leader.",
    ({ counters }) => counters.promotions,
  ],
  [
    "gauge",
    "etcd_server_snapshot_apply_in_progress_total",
    "Received snapshots that are being put in place.",
    ({ counters }) => counters.snapshotsInstalling,
  ],
  [
    "counter",
    "etcd_disk_wal_read_back_bytes_total",
    "Bytes of older entries of the raft log that were read from the disk, mostly for slow followers.",
    ({ counters }) => counters.log.readBackBytes,
  ],
  ["gauge", "etcd_disk_wal_write_bytes_total", "Bytes of entries written to the raft log.", (now) => now.walBytes],
];

/** The log writes and syncs a record in one call, so both histograms measure the same call. */
const raftHistograms: readonly HistogramRow[] = [
  ["etcd_disk_wal_fsync_duration_seconds", "How long a synced write of the raft log takes.", walSync],
  ["etcd_disk_wal_write_duration_seconds", "How long a synced write of the raft log takes.", walSync],
  [
    "etcd_snap_fsync_duration_seconds",
    "How long the record of a snapshot takes to write and sync.",
    ({ counters }) => counters.log.snapshotRecordSeconds,
  ],
  [
    "etcd_debugging_snap_save_total_duration_seconds",
    "How long the record of a snapshot takes to write and sync.",
    ({ counters }) => counters.log.snapshotRecordSeconds,
  ],
  [
    "etcd_snap_db_save_total_duration_seconds",
    "How long the database of a received snapshot takes to store.",
    ({ counters }) => counters.log.receivedSeconds,
  ],
  [
    "etcd_snap_db_fsync_duration_seconds",
    "How long the sync of a received database takes.",
    ({ counters }) => counters.log.receivedSyncSeconds,
  ],
];

const storeRows: readonly Row[] = [
  [
    "gauge",
    "etcd_server_quota_backend_bytes",
    "Bytes of data that are allowed; 0 means any.",
    ({ quotaBytes }) => (Number.isFinite(quotaBytes) ? quotaBytes : 0),
  ],
  ["gauge", "etcd_mvcc_db_total_size_in_bytes", "Bytes of the database's files.", (now) => now.dbBytes],
  ["gauge", "etcd_mvcc_db_total_size_in_use_in_bytes", "Bytes of live data.", (now) => now.dbBytesInUse],
  [
    "gauge",
    "etcd_mvcc_db_open_read_transactions",
    "Views of the database that are read.",
    (now) => now.counters.backend.views,
  ],
  [
    "gauge",
    "etcd_disk_defrag_inflight",
    "Whether the database is being defragmented.",
    (now) => now.counters.backend.defragsUnderWay,
  ],
  [
    "gauge",
    "etcd_disk_backend_unmerged_tables",
    "Tables of the database that are not merged yet; from 8 on writes are delayed, at 12 they stop.",
    (now) => now.counters.backend.unmergedTables,
  ],
  [
    "counter",
    "etcd_disk_backend_stalled_batches_total",
    "Batches that the database delayed because its merges were behind.",
    (now) => now.counters.backend.stalledBatches,
  ],
  [
    "counter",
    "etcd_disk_backend_stalled_seconds_total",
    "How long the delayed batches took.",
    (now) => now.counters.backend.stalledSeconds,
  ],
  ["counter", "etcd_mvcc_range_total", "Ranges read.", ({ counters }) => counters.ranges],
  ["counter", "etcd_mvcc_put_total", "Keys put.", ({ counters }) => counters.puts],
  ["counter", "etcd_mvcc_delete_total", "Keys deleted.", ({ counters }) => counters.deletes],
  ["counter", "etcd_mvcc_txn_total", "Transactions.", ({ counters }) => counters.txns],
  [
    "gauge",
    "etcd_debugging_mvcc_total_put_size_in_bytes",
    "Bytes of keys and values put.",
    (now) => now.counters.store.putBytes,
  ],
  ["gauge", "etcd_debugging_mvcc_keys_total", "Keys.", (now) => now.keys],
  ["gauge", "etcd_debugging_mvcc_current_revision", "The current revision.", (now) => now.revision],
  [
    "gauge",
    "etcd_debugging_mvcc_compact_revision",
    "The revision of the last compaction.",
    (now) => now.compactRevision,
  ],
  [
    "counter",
    "etcd_debugging_mvcc_db_compaction_keys_total",
    "Revisions of keys that compactions removed.",
    (now) => now.counters.store.compactedChanges,
  ],
  [
    "gauge",
    "etcd_debugging_mvcc_db_compaction_last",
    "When the last compaction ended, since 1970.",
    (now) => now.counters.store.lastCompactionSeconds,
  ],
  [
    "gauge",
    "etcd_index_checkpoint_revision",
    "Revision from which a start would read changes; it reads all when this is 0.",
    (now) => now.counters.store.checkpointRevision,
  ],
  [
    "counter",
    "etcd_index_checkpoint_bytes_total",
    "Bytes of checkpoints of the index.",
    (now) => now.counters.store.checkpointBytes,
  ],
  [
    "counter",
    "etcd_index_checkpoint_failures_total",
    "Checkpoints of the index that could not be written.",
    (now) => now.counters.store.checkpointFailures,
  ],
  ["gauge", "etcd_debugging_auth_revision", "The revision of users and roles.", (now) => now.authRevision],
  ["gauge", "etcd_debugging_mvcc_watcher_total", "Watchers.", (now) => now.watchers],
  ["gauge", "etcd_debugging_mvcc_slow_watcher_total", "Watchers that catch up.", (now) => now.slowWatchers],
  ["gauge", "etcd_debugging_mvcc_watch_stream_total", "Streams with watchers.", (now) => now.watchStreams],
  ["counter", "etcd_debugging_mvcc_events_total", "Events given to watchers.", (now) => now.counters.store.eventsSent],
  [
    "gauge",
    "etcd_debugging_mvcc_pending_events_total",
    "Events that wait for watchers.",
    (now) => now.counters.store.eventsPending,
  ],
  ["counter", "etcd_debugging_lease_granted_total", "Leases granted.", ({ counters }) => counters.leases.granted],
  ["counter", "etcd_debugging_lease_revoked_total", "Leases revoked.", ({ counters }) => counters.leases.revoked],
  [
    "counter",
    "etcd_debugging_lease_renewed_total",
    "Leases renewed by this leader.",
    ({ counters }) => counters.leases.renewed,
  ],
  [
    "counter",
    "etcd_debugging_server_lease_expired_total",
    "Leases that expired.",
    ({ counters }) => counters.leasesExpired,
  ],
];

const storeHistograms: readonly HistogramRow[] = [
  [
    "etcd_disk_backend_commit_duration_seconds",
    "How long a synced batch of the database takes.",
    ({ counters }) => counters.backend.commitSeconds,
  ],
  [
    "etcd_disk_backend_defrag_duration_seconds",
    "How long defragmentations take.",
    ({ counters }) => counters.backend.defragSeconds,
  ],
  [
    "etcd_disk_backend_snapshot_duration_seconds",
    "How long the database takes to send.",
    ({ counters }) => counters.databaseSentSeconds,
  ],
  [
    "etcd_index_checkpoint_duration_seconds",
    "How long checkpoints of the index take to write.",
    ({ counters }) => counters.store.checkpointSeconds,
  ],
  [
    "etcd_mvcc_hash_duration_seconds",
    "How long a hash of the database takes.",
    ({ counters }) => counters.backend.hashSeconds,
  ],
  [
    "etcd_mvcc_hash_rev_duration_seconds",
    "How long a hash of the history takes.",
    ({ counters }) => counters.store.hashSeconds,
  ],
  [
    "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
    "How long compactions take.",
    ({ counters }) => counters.store.compactionMs,
  ],
  [
    "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
    "How long compactions work on the disk between two pauses.",
    ({ counters }) => counters.store.compactionStepMs,
  ],
  [
    "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
    "How long compactions take to pass the index.",
    ({ counters }) => counters.store.indexCompactionMs,
  ],
  [
    "etcd_debugging_lease_ttl_total",
    "Times to live of the leases granted, in seconds.",
    ({ counters }) => counters.leases.ttlSeconds,
  ],
];

/** Adds the metrics of raft, the log, the database, keys and leases. */
export function addServer(registry: MetricRegistry, server: MetricsServer): void {
  for (const [type, name, help, read] of [...raftRows, ...storeRows]) {
    registry[type](name, help, () => read(server.metrics));
  }
  for (const [name, help, read] of [...raftHistograms, ...storeHistograms]) {
    registry.histogram(name, help, () => [read(server.metrics)]);
  }
  registry.counter(
    "etcd_server_learner_promote_failures",
    "Learners that were refused a vote by this leader.",
    () =>
      [...server.metrics.counters.refusedPromotions].map(([reason, value]) => ({ labels: { Reason: reason }, value })),
    ["Reason"],
  );
  registry.gauge(
    "etcd_debugging_server_alarms",
    "1 for an alarm that is raised, by the member that it is about.",
    () =>
      server.alarms().map(({ memberId, alarm }) => ({
        labels: { server_id: memberId.toString(16), alarm_type: alarmNames.get(alarm) ?? String(alarm) },
        value: 1,
      })),
    ["server_id", "alarm_type"],
  );
  registry.histogram(
    "etcd_server_apply_duration_seconds",
    "How long entries take to apply.",
    () => applies(server.metrics),
    ["version", "op", "success"],
  );
}

const alarmNames = new Map<number, string>(Object.entries(AlarmType).map(([name, value]) => [value, name]));

function walSync({ counters }: Metrics): Counts {
  return counters.log.walSyncSeconds;
}

function applies({ counters }: Metrics): readonly Counts[] {
  return Object.entries(counters.applies).flatMap(([version, byOperation]) =>
    [...byOperation].flatMap(([op, { success, failure }]) =>
      [
        { seconds: success, label: "true" },
        { seconds: failure, label: "false" },
      ]
        .filter(({ seconds }) => seconds.count > 0)
        .map(({ seconds, label }) => ({ ...countsOf(seconds), labels: { version, op, success: label } })),
    ),
  );
}
