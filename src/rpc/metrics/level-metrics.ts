import { isAtLeast } from "../../base/index.js";
import { shownFeatures } from "../../server/index.js";
import { type Counts, countsOf, type MetricRegistry } from "./metric-registry.js";
import type { MetricsServer } from "./server-metrics.js";

type Metrics = MetricsServer["metrics"];
/** The durations of operations that succeeded and of those that failed. */
type Seconds = Metrics["counters"]["rangeSeconds"];

/** Adds the metrics that etcd has in some releases only, at the levels of these releases. */
export function addLevelMetrics(registry: MetricRegistry, server: MetricsServer): void {
  const { apiLevel } = server.config;
  if (!isAtLeast(apiLevel, "3.6")) {
    const ranges = (): number => server.metrics.counters.ranges;
    registry.counter("etcd_debugging_mvcc_range_total", "Ranges read.", ranges);
    return;
  }
  addSince36(registry, server);
  if (isAtLeast(apiLevel, "3.7")) addSince37(registry, server);
}

function addSince36(registry: MetricRegistry, server: MetricsServer): void {
  const { apiLevel, features } = server.config;
  registry.gauge(
    "etcd_server_feature_enabled",
    "Whether a feature of --feature-gates is on.",
    () =>
      shownFeatures(apiLevel, features).map(({ name, stage, on }) => ({ labels: { name, stage }, value: Number(on) })),
    ["name", "stage"],
  );
  registry.gauge(
    "etcd_network_known_peers",
    "1 for each other member.",
    () =>
      [...server.metrics.peers.keys()].map((id) => ({
        labels: { Local: server.memberId.toString(16), Remote: id.toString(16) },
        value: 1,
      })),
    ["Local", "Remote"],
  );
  registry.histogram(
    "etcd_server_range_duration_seconds",
    "How long ranges take to read; each chunk of a stream is one.",
    () => bySuccess(server.metrics.counters.rangeSeconds, {}),
    ["success"],
  );
}

function addSince37(registry: MetricRegistry, server: MetricsServer): void {
  registry.histogram(
    "etcd_server_request_duration_seconds",
    "How long requests take, by type.",
    () => [...server.metrics.counters.requestSeconds].flatMap(([type, seconds]) => bySuccess(seconds, { type })),
    ["type", "success"],
  );
  const sendLoop = "etcd_debugging_server_watch_send_loop";
  for (const [name, help, read] of [
    [
      "watch_stream_duration_seconds",
      "How long a watch response with events takes to send.",
      ({ eventsSendSeconds }: Metrics["counters"]["store"]) => eventsSendSeconds,
    ],
    [
      "watch_stream_duration_per_event_seconds",
      "The same, divided by the number of its events.",
      ({ eventSendSeconds }: Metrics["counters"]["store"]) => eventSendSeconds,
    ],
    [
      "control_stream_duration_seconds",
      "How long a watch response without events takes to send.",
      ({ controlSendSeconds }: Metrics["counters"]["store"]) => controlSendSeconds,
    ],
    [
      "progress_duration_seconds",
      "How long a stream takes to ask for the progress of its watchers.",
      ({ progressSeconds }: Metrics["counters"]["store"]) => progressSeconds,
    ],
  ] as const) {
    registry.histogram(`${sendLoop}_${name}`, help, () => [read(server.metrics.counters.store)]);
  }
}

function bySuccess({ success, failure }: Seconds, labels: Readonly<Record<string, string>>): readonly Counts[] {
  return [
    { seconds: success, label: "true" },
    { seconds: failure, label: "false" },
  ]
    .filter(({ seconds }) => seconds.count > 0)
    .map(({ seconds, label }) => ({ ...countsOf(seconds), labels: { ...labels, success: label } }));
}
