import { type MemoryAccount, memoryKinds } from "../../base/index.js";
import type { MemoryPots } from "./loop-counts.js";
import type { MetricRegistry } from "./metric-registry.js";

/**
 * Metrics of the bytes held for clients, by kind. etcd has no such account, so the names are our own.
 *
 * @param pots the counts of all threads
 */
export function addMemory(registry: MetricRegistry, memory: MemoryAccount, pots: MemoryPots): void {
  registry.gauge(
    "etcd_server_client_memory_bytes",
    "Bytes that are held for clients.",
    () => memoryKinds.map((kind) => ({ labels: { kind }, value: pots.pot(kind).heldBytes })),
    ["kind"],
  );
  registry.counter(
    "etcd_server_client_memory_refusals_total",
    "How often work was refused because the memory for clients was used up.",
    () => memoryKinds.map((kind) => ({ labels: { kind }, value: pots.pot(kind).refusals })),
    ["kind"],
  );
  registry.gauge(
    "etcd_server_client_memory_peak_bytes",
    "Most bytes held for clients at once.",
    () => memory.peakBytes,
  );
  registry.gauge(
    "etcd_server_client_memory_limit_bytes",
    "Most bytes that may be held for clients; 0 means any.",
    () => (Number.isFinite(memory.limitBytes) ? memory.limitBytes : 0),
  );
  registry.gauge("etcd_server_client_memory_waiting", "Reads that wait for memory.", () => memory.waiters);
}
