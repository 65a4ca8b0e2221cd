import { apiVersion, GrpcCode } from "../base/index.js";
import type { EtcdServer } from "../server/index.js";
import { type CallCounters, handlingBounds, type MethodCounters } from "./call-counters.js";
import type { HealthChecks } from "./health-checks.js";
import { counter, type Family, gauge, histogramSamples, type Sample } from "./metrics-text.js";
import { processFamilies } from "./process-metrics.js";

export type MetricsServer = Pick<EtcdServer, "metrics" | "memberId" | "clusterVersion">;

/** All that is counted, under etcd's names where it means the same. Nothing is collected before somebody asks. */
export function collectMetrics(
  server: MetricsServer,
  calls: CallCounters,
  health: HealthChecks,
  extensive: boolean,
): readonly Family[] {
  return [
    ...identityFamilies(server),
    ...raftFamilies(server),
    ...storeFamilies(server),
    ...callFamilies(calls),
    ...(extensive ? [durationFamily(calls)] : []),
    ...healthFamilies(health),
    ...processFamilies(),
  ];
}

function identityFamilies(server: MetricsServer): readonly Family[] {
  const version = server.clusterVersion()?.split(".").slice(0, 2).join(".");
  const one = (labels: Record<string, string>): readonly Sample[] => [{ labels, value: 1 }];
  return [
    gauge("etcd_server_id", "1 for the label with this member's id.", one({ server_id: server.memberId.toString(16) })),
    gauge("etcd_server_version", "1 for the label with the API's version.", one({ server_version: apiVersion })),
    ...(version === undefined
      ? []
      : [
          gauge(
            "etcd_cluster_version",
            "1 for the label with the cluster's version.",
            one({ cluster_version: version }),
          ),
        ]),
  ];
}

function raftFamilies({ metrics }: MetricsServer): readonly Family[] {
  const { bounds, counts, sum, count } = metrics.walSyncSeconds;
  return [
    gauge("etcd_server_has_leader", "Whether this member knows a leader.", metrics.hasLeader),
    gauge("etcd_server_is_leader", "Whether this member is the leader.", metrics.isLeader),
    gauge("etcd_server_is_learner", "Whether this member is a learner.", metrics.isLearner),
    counter("etcd_server_leader_changes_seen_total", "How often the leader changed.", metrics.leaderChanges),
    gauge("etcd_server_proposals_committed_total", "Index of the last entry committed.", metrics.proposalsCommitted),
    gauge("etcd_server_proposals_applied_total", "Index of the last entry applied.", metrics.proposalsApplied),
    gauge("etcd_server_proposals_pending", "Proposals that wait to be applied.", metrics.proposalsPending),
    counter("etcd_server_proposals_failed_total", "Proposals that failed.", metrics.proposalsFailed),
    counter("etcd_server_slow_apply_total", "Entries that took long to apply.", metrics.slowApplies),
    counter("etcd_server_slow_read_indexes_total", "Linearizable reads that waited long.", metrics.slowReadIndexes),
    counter("etcd_server_read_indexes_failed_total", "Linearizable reads that failed.", metrics.readIndexFailures),
    counter("etcd_debugging_server_lease_expired_total", "Leases that expired.", metrics.leasesExpired),
    {
      name: "etcd_disk_wal_fsync_duration_seconds",
      type: "histogram",
      help: "How long a synced write of the raft log takes.",
      samples: histogramSamples({ bounds, counts, sum, count }),
    },
  ];
}

function storeFamilies({ metrics }: MetricsServer): readonly Family[] {
  const quota = Number.isFinite(metrics.quotaBytes) ? metrics.quotaBytes : 0;
  return [
    gauge("etcd_server_quota_backend_bytes", "Bytes of data that are allowed; 0 means any.", quota),
    gauge("etcd_mvcc_db_total_size_in_bytes", "Bytes of the database's files.", metrics.dbBytes),
    gauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Bytes of live data.", metrics.dbBytesInUse),
    counter("etcd_mvcc_range_total", "Ranges read.", metrics.ranges),
    counter("etcd_debugging_mvcc_range_total", "Ranges read.", metrics.ranges),
    counter("etcd_mvcc_put_total", "Keys put.", metrics.puts),
    counter("etcd_mvcc_delete_total", "Keys deleted.", metrics.deletes),
    counter("etcd_mvcc_txn_total", "Transactions.", metrics.txns),
    gauge("etcd_debugging_mvcc_keys_total", "Keys.", metrics.keys),
    gauge("etcd_debugging_mvcc_current_revision", "The current revision.", metrics.revision),
    gauge("etcd_debugging_mvcc_compact_revision", "The revision of the last compaction.", metrics.compactRevision),
    gauge("etcd_debugging_mvcc_watcher_total", "Watchers.", metrics.watchers),
    gauge("etcd_debugging_mvcc_slow_watcher_total", "Watchers that catch up.", metrics.slowWatchers),
    gauge("etcd_debugging_mvcc_watch_stream_total", "Streams with watchers.", metrics.watchStreams),
  ];
}

const codeNames = Object.entries(GrpcCode).map(([name, code]) => [name === "Ok" ? "OK" : name, code] as const);

function methodLabels({ path, type }: MethodCounters): Record<string, string> {
  const [, service = "", method = ""] = path.split("/");
  return { grpc_method: method, grpc_service: service, grpc_type: type };
}

function callFamilies(calls: CallCounters): readonly Family[] {
  const perMethod = (value: (method: MethodCounters) => number): readonly Sample[] =>
    calls.methods.map((method) => ({ labels: methodLabels(method), value: value(method) }));
  const handled = calls.methods.flatMap((method) =>
    codeNames.map(([name, code]) => ({
      labels: { grpc_code: name, ...methodLabels(method) },
      value: method.handled[code] ?? 0,
    })),
  );
  const clients = [...calls.clients()].map(({ type, version, count }) => ({
    labels: { client_api_version: version, type },
    value: count,
  }));
  return [
    counter(
      "grpc_server_started_total",
      "Calls begun.",
      perMethod((method) => method.started),
    ),
    counter("grpc_server_handled_total", "Calls ended, by code.", handled),
    counter(
      "grpc_server_msg_received_total",
      "Messages received.",
      perMethod((method) => method.received),
    ),
    counter(
      "grpc_server_msg_sent_total",
      "Messages sent.",
      perMethod((method) => method.sent),
    ),
    counter("etcd_network_client_grpc_received_bytes_total", "Bytes of messages received.", calls.receivedBytes),
    counter("etcd_network_client_grpc_sent_bytes_total", "Bytes of messages sent.", calls.sentBytes),
    counter("etcd_server_client_requests_total", "Calls by the client's version.", clients),
  ];
}

function durationFamily(calls: CallCounters): Family {
  const samples = calls.methods.flatMap((method) => {
    const count = method.seconds.reduce((sum, counted) => sum + (counted ?? 0), 0);
    const counts = { bounds: handlingBounds, counts: method.seconds, sum: method.secondsSum, count };
    return histogramSamples(counts, methodLabels(method));
  });
  return { name: "grpc_server_handling_seconds", type: "histogram", help: "How long calls took.", samples };
}

function healthFamilies(health: HealthChecks): readonly Family[] {
  return [
    counter("etcd_server_health_success", "Health checks that succeeded.", health.successes),
    counter("etcd_server_health_failures", "Health checks that failed.", health.failures),
  ];
}
