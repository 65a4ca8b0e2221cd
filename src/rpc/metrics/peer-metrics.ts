import type { EtcdServer } from "../../server/index.js";
import { type Counts, countsOf, type MetricRegistry, type Sample } from "./metric-registry.js";

export type PeerMetricsServer = Pick<EtcdServer, "metrics" | "memberId">;
type PeerCounters = EtcdServer["metrics"]["peers"] extends ReadonlyMap<unknown, infer Counters> ? Counters : never;

/** A metric of the peers: the peer's label, type, name, help text, and how to read its value. */
type Row = readonly ["From" | "To", "counter" | "gauge", string, string, (peer: PeerCounters) => number];

const rows: readonly Row[] = [
  ["To", "counter", "etcd_network_peer_sent_bytes_total", "Bytes sent to peers.", (peer) => peer.sentBytes],
  ["From", "counter", "etcd_network_peer_received_bytes_total", "Bytes from peers.", (peer) => peer.receivedBytes],
  ["To", "counter", "etcd_network_peer_sent_failures_total", "Failures to send.", (peer) => peer.sentFailures],
  [
    "From",
    "counter",
    "etcd_network_peer_received_failures_total",
    "Failures to receive.",
    (peer) => peer.receivedFailures,
  ],
  ["To", "counter", "etcd_network_snapshot_send_success", "Snapshots sent.", (peer) => peer.snapshotsSent.succeeded],
  ["To", "counter", "etcd_network_snapshot_send_failures", "Snapshots not sent.", (peer) => peer.snapshotsSent.failed],
  [
    "To",
    "gauge",
    "etcd_network_snapshot_send_inflights_total",
    "Snapshots being sent.",
    (peer) => peer.snapshotsSent.underWay,
  ],
  [
    "From",
    "counter",
    "etcd_network_snapshot_receive_success",
    "Snapshots received.",
    (peer) => peer.snapshotsReceived.succeeded,
  ],
  [
    "From",
    "counter",
    "etcd_network_snapshot_receive_failures",
    "Snapshots not received.",
    (peer) => peer.snapshotsReceived.failed,
  ],
  [
    "From",
    "gauge",
    "etcd_network_snapshot_receive_inflights_total",
    "Snapshots being received.",
    (peer) => peer.snapshotsReceived.underWay,
  ],
];

/** Adds the metrics of the traffic with other members. */
export function addPeers(registry: MetricRegistry, server: PeerMetricsServer): void {
  const local = server.memberId.toString(16);
  const samples = (label: string, value: (peer: PeerCounters) => number): readonly Sample[] =>
    [...server.metrics.peers].map(([id, peer]) => ({ labels: { [label]: id.toString(16) }, value: value(peer) }));
  for (const [label, type, name, help, value] of rows) registry[type](name, help, () => samples(label, value), [label]);

  const withLocal = (value: (peer: PeerCounters) => number) => () =>
    [...server.metrics.peers].map(([id, peer]) => ({
      labels: { Local: local, Remote: id.toString(16) },
      value: value(peer),
    }));
  const labels = ["Local", "Remote"];
  const active = withLocal((peer) => Number(peer.active));
  registry.gauge("etcd_network_active_peers", "1 for a peer that can be reached.", active, labels);
  const disconnects = withLocal((peer) => peer.disconnects);
  registry.counter("etcd_network_disconnected_peers_total", "How often a peer was lost.", disconnects, labels);

  const durations = (label: string, value: (peer: PeerCounters) => Counts) => (): readonly Counts[] =>
    [...server.metrics.peers].map(([id, peer]) => ({ ...countsOf(value(peer)), labels: { [label]: id.toString(16) } }));
  registry.histogram(
    "etcd_network_peer_round_trip_time_seconds",
    "How long a peer takes to answer.",
    durations("To", (peer) => peer.roundTrips),
    ["To"],
  );
  registry.histogram(
    "etcd_network_snapshot_send_total_duration_seconds",
    "How long a snapshot takes to send.",
    durations("To", (peer) => peer.snapshotsSent.seconds),
    ["To"],
  );
  registry.histogram(
    "etcd_network_snapshot_receive_total_duration_seconds",
    "How long a snapshot takes to arrive.",
    durations("From", (peer) => peer.snapshotsReceived.seconds),
    ["From"],
  );
}
