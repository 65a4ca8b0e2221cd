import { apiVersion, GrpcCode } from "../../base/index.js";
import { type CallCounts, handlingBounds, type MethodCounters } from "../grpc/call-counters.js";
import type { CheckCounts, HealthChecks } from "../services/health-checks.js";
import { addLevelMetrics } from "./level-metrics.js";
import type { ProcessCounts } from "./loop-counts.js";
import { addMemory } from "./memory-metrics.js";
import { MetricRegistry, type Sample } from "./metric-registry.js";
import { addPeers } from "./peer-metrics.js";
import { addProcessMetrics } from "./process-metrics.js";
import { addServer, type MetricsServer } from "./server-metrics.js";
import { addThreads } from "./thread-metrics.js";

export type { MetricsServer } from "./server-metrics.js";

/** Creates all metrics, with etcd's names where the meaning is the same. Values are collected on request only. */
export function createMetrics(
  server: MetricsServer,
  health: HealthChecks,
  extensive: boolean,
  { calls, memory, logLinesLost, connectionsRefused, threads }: ProcessCounts,
): MetricRegistry {
  const registry = new MetricRegistry();
  addIdentity(registry, server);
  addServer(registry, server);
  addLevelMetrics(registry, server);
  addPeers(registry, server);
  addCalls(registry, calls);
  addMemory(registry, server.memory, memory);
  if (extensive) addDurations(registry, calls);
  registry.counter("etcd_server_health_success", "Health checks that succeeded.", () => health.successes);
  registry.counter("etcd_server_health_failures", "Health checks that failed.", () => health.failures);
  addChecks(registry, health);
  registry.counter("etcd_log_lines_lost_total", "Log lines that could not be written.", logLinesLost);
  registry.counter(
    "etcd_server_client_connections_refused_total",
    "Connections refused because all file descriptors but the reserved ones were in use.",
    connectionsRefused.clients,
  );
  registry.counter(
    "etcd_server_peer_connections_refused_total",
    "Connections at peer ports refused because all file descriptors reserved for peers were in use.",
    connectionsRefused.peers,
  );
  addThreads(registry, threads);
  addProcessMetrics(registry);
  return registry;
}

/** Creates the metrics of calls and of the process, for a program that serves calls without being a member. */
export function createCallMetrics(calls: CallCounts): MetricRegistry {
  const registry = new MetricRegistry();
  addCalls(registry, calls);
  addProcessMetrics(registry);
  return registry;
}

function addChecks(registry: MetricRegistry, { counts }: HealthChecks): void {
  registry.gauge(
    "etcd_server_healthcheck",
    "Whether a check of /livez or /readyz passed when it last ran.",
    () => counts.map(({ type, name, passed }) => ({ labels: { type, name }, value: Number(passed) })),
    ["type", "name"],
  );
  const ended = ({ type, name, passes, failures }: CheckCounts): readonly Sample[] =>
    [
      { status: "success", value: passes },
      { status: "error", value: failures },
    ]
      .filter(({ value }) => value > 0)
      .map(({ status, value }) => ({ labels: { type, name, status }, value }));
  registry.counter(
    "etcd_server_healthchecks_total",
    "How often checks of /livez and /readyz passed and failed.",
    () => counts.flatMap(ended),
    ["type", "name", "status"],
  );
}

function addIdentity(registry: MetricRegistry, server: MetricsServer): void {
  const one = (name: string, help: string, label: string, read: () => string | undefined): void => {
    const sample = (value: string | undefined): readonly Sample[] =>
      value === undefined ? [] : [{ labels: { [label]: value }, value: 1 }];
    registry.gauge(name, help, () => sample(read()), [label]);
  };
  one("etcd_server_id", "1 for the label with this member's id.", "server_id", () => server.memberId.toString(16));
  one("etcd_server_version", "1 for the label with the API's version.", "server_version", () =>
    apiVersion(server.config.apiLevel),
  );
  one("etcd_cluster_version", "1 for the label with the cluster's version.", "cluster_version", () =>
    server.clusterVersion()?.split(".").slice(0, 2).join("."),
  );
}

const codeNames = Object.entries(GrpcCode).map(([name, code]) => [name === "Ok" ? "OK" : name, code] as const);
const methodLabelNames = ["grpc_method", "grpc_service", "grpc_type"];

function methodLabels({ path, type }: MethodCounters): Record<string, string> {
  const [, service = "", method = ""] = path.split("/");
  return { grpc_method: method, grpc_service: service, grpc_type: type };
}

function addCalls(registry: MetricRegistry, calls: CallCounts): void {
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

function addDurations(registry: MetricRegistry, calls: CallCounts): void {
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
