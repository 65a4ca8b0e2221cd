import type { CallCounts } from "../grpc/call-counters.js";
import type { MetricRegistry } from "./metric-registry.js";

/** The metrics of calls and of the process. prom-client is loaded when the first one is wanted. */
export async function loadCallMetrics(calls: CallCounts): Promise<MetricRegistry> {
  const { createCallMetrics } = await import("./metrics.js");
  return createCallMetrics(calls);
}
