import { apiVersion, GrpcCode } from "../base/index.js";
import type { EtcdServer } from "../server/index.js";
import { type CallCounters, handlingBounds, type MethodCounters } from "./call-counters.js";
import type { HealthChecks } from "./health-checks.js";
import { MetricRegistry, type Sample } from "./metric-registry.js";
import { addPeers } from "./peer-metrics.js";
import { addProcessMetrics } from "./process-metrics.js";

export type MetricsServer = Pick<EtcdServer, "metrics" | "memberId" | "clusterVersion">;

/** All that is counted, under etcd's names where it means the same. Nothing is collected before somebody asks. */
export function createMetrics(
  server: MetricsServer,
  calls: CallCounters,
  health: HealthChecks,
  extensive: boolean,
): MetricRegistry {
  const registry = new MetricRegistry();
  addIdentity(registry, server);
  addRaft(registry, server);
  addStore(registry, server);
  addPeers(registry, server);
  addCalls(registry, calls);
  if (extensive) addDurations(registry, calls);
  registry.counter("etcd_server_health_success", "Health checks that succeeded.", () => health.successes);
  registry.counter("etcd_server_health_failures", "Health checks that failed.", () => health.failures);
  addProcessMetrics(registry);
  return registry;
}

function addIdentity(registry: MetricRegistry, server: MetricsServer): void {
  const one = (name: string, help: string, label: string, read: () => string | undefined): void => {
    const sample = (value: string | undefined): readonly Sample[] =>
      value === undefined ? [] : [{ labels: { [label]: value }, value: 1 }];
    registry.gauge(name, help, () => sample(read()), [label]);
  };
  one("etcd_server_id", "1 for the label with this member's id.", "server_id", () => server.memberId.toString(16));
  one("etcd_server_version", "1 for the label with the API's version.", "server_version", () => apiVersion);
  one("etcd_cluster_version", "1 for the label with the cluster's version.", "cluster_version", () =>
    server.clusterVersion()?.split(".").slice(0, 2).join("."),
  );
}

type Metrics = MetricsServer["metrics"];
type Row = readonly ["counter" | "gauge", string, string, (metrics: Metrics) => number | boolean];

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
  ["counter", "etcd_server_proposals_failed_total", "Proposals that failed.", (now) => now.proposalsFailed],
  ["counter", "etcd_server_slow_apply_total", "Entries that took long to apply.", (now) => now.slowApplies],
  [
    "counter",
    "etcd_server_slow_read_indexes_total",
    "Linearizable reads that waited long.",
    (now) => now.slowReadIndexes,
  ],
  [
    "counter",
    "etcd_server_read_indexes_failed_total",
    "Linearizable reads that failed.",
    (now) => now.readIndexFailures,
  ],
  ["counter", "etcd_debugging_server_lease_expired_total", "Leases that expired.", (now) => now.leasesExpired],
];

function addRows(registry: MetricRegistry, server: MetricsServer, rows: readonly Row[]): void {
  for (const [type, name, help, read] of rows) registry[type](name, help, () => read(server.metrics));
}

function addRaft(registry: MetricRegistry, server: MetricsServer): void {
  addRows(registry, server, raftRows);
  const name = "etcd_disk_wal_fsync_duration_seconds";
  registry.histogram(name, "How long a synced write of the raft log takes.", () => [server.metrics.walSyncSeconds]);
}

const storeRows: readonly Row[] = [
  [
    "gauge",
    "etcd_server_quota_backend_bytes",
    "Bytes of data that are allowed; 0 means any.",
    ({ quotaBytes }) => (Number.isFinite(quotaBytes) ? quotaBytes : 0),
  ],
  ["gauge", "etcd_mvcc_db_total_size_in_bytes", "Bytes of the database's files.", (now) => now.dbBytes],
  ["gauge", "etcd_mvcc_db_total_size_in_use_in_bytes", "Bytes of live data.", (now) => now.dbBytesInUse],
  ["counter", "etcd_mvcc_range_total", "Ranges read.", (now) => now.ranges],
  ["counter", "etcd_debugging_mvcc_range_total", "Ranges read.", (now) => now.ranges],
  ["counter", "etcd_mvcc_put_total", "Keys put.", (now) => now.puts],
  ["counter", "etcd_mvcc_delete_total", "Keys deleted.", (now) => now.deletes],
  ["counter", "etcd_mvcc_txn_total", "Transactions.", (now) => now.txns],
  ["gauge", "etcd_debugging_mvcc_keys_total", "Keys.", (now) => now.keys],
  ["gauge", "etcd_debugging_mvcc_current_revision", "The current revision.", (now) => now.revision],
  [
    "gauge",
    "etcd_debugging_mvcc_compact_revision",
    "The revision of the last compaction.",
    (now) => now.compactRevision,
  ],
  ["gauge", "etcd_debugging_mvcc_watcher_total", "Watchers.", (now) => now.watchers],
  ["gauge", "etcd_debugging_mvcc_slow_watcher_total", "Watchers that catch up.", (now) => now.slowWatchers],
  ["gauge", "etcd_debugging_mvcc_watch_stream_total", "Streams with watchers.", (now) => now.watchStreams],
];

function addStore(registry: MetricRegistry, server: MetricsServer): void {
  addRows(registry, server, storeRows);
}

const codeNames = Object.entries(GrpcCode).map(([name, code]) => [name === "Ok" ? "OK" : name, code] as const);
const methodLabelNames = ["grpc_method", "grpc_service", "grpc_type"];

function methodLabels({ path, type }: MethodCounters): Record<string, string> {
  const [, service = "", method = ""] = path.split("/");
  return { grpc_method: method, grpc_service: service, grpc_type: type };
}

function addCalls(registry: MetricRegistry, calls: CallCounters): void {
  const perMethod = (name: string, help: string, value: (method: MethodCounters) => number): void => {
    const read = () => calls.methods.map((method) => ({ labels: methodLabels(method), value: value(method) }));
    registry.counter(name, help, read, methodLabelNames);
  };
  perMethod("grpc_server_started_total", "Calls begun.", ({ started }) => started);
  perMethod("grpc_server_msg_received_total", "Messages received.", ({ received }) => received);
  perMethod("grpc_server_msg_sent_total", "Messages sent.", ({ sent }) => sent);
  const handled = () =>
    calls.methods.flatMap((method) =>
      codeNames.map(([name, code]) => ({
        labels: { grpc_code: name, ...methodLabels(method) },
        value: method.handled[code] ?? 0,
      })),
    );
  registry.counter("grpc_server_handled_total", "Calls ended, by code.", handled, ["grpc_code", ...methodLabelNames]);
  const received = "etcd_network_client_grpc_received_bytes_total";
  registry.counter(received, "Bytes of messages received.", () => calls.receivedBytes);
  registry.counter("etcd_network_client_grpc_sent_bytes_total", "Bytes of messages sent.", () => calls.sentBytes);
  const clients = () =>
    [...calls.clients()].map(({ type, version, count }) => ({
      labels: { client_api_version: version, type },
      value: count,
    }));
  const requests = "etcd_server_client_requests_total";
  registry.counter(requests, "Calls by the client's version.", clients, ["client_api_version", "type"]);
}

function addDurations(registry: MetricRegistry, calls: CallCounters): void {
  const read = () =>
    calls.methods.map((method) => {
      const count = method.seconds.reduce((sum, counted) => sum + (counted ?? 0), 0);
      return {
        labels: methodLabels(method),
        bounds: handlingBounds,
        counts: method.seconds,
        sum: method.secondsSum,
        count,
      };
    });
  registry.histogram("grpc_server_handling_seconds", "How long calls took.", read, methodLabelNames);
}
