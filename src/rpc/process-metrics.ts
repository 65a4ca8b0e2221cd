import { readdirSync, readFileSync } from "node:fs";
import type { MetricRegistry } from "./metric-registry.js";

const startedAtSeconds = Date.now() / 1_000 - process.uptime();

/** What Prometheus wants to know of any process, and Node's heap; what only Linux tells is left out elsewhere. */
export function addProcessMetrics(registry: MetricRegistry): void {
  registry.counter("process_cpu_seconds_total", "Seconds of CPU used.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  registry.gauge("process_resident_memory_bytes", "Bytes in memory.", () => process.memoryUsage.rss());
  registry.gauge("process_start_time_seconds", "When the process started, since 1970.", () => startedAtSeconds);
  registry.gauge(
    "nodejs_heap_size_used_bytes",
    "Bytes of live and dead objects.",
    () => process.memoryUsage().heapUsed,
  );
  registry.gauge("nodejs_heap_size_total_bytes", "Bytes set aside for objects.", () => process.memoryUsage().heapTotal);
  for (const [name, help, read] of [
    ["process_open_fds", "Open file descriptors.", openFileCount],
    ["os_fd_used", "Open file descriptors.", openFileCount],
    ["process_max_fds", "Most file descriptors that may be open.", openFileLimit],
    ["os_fd_limit", "Most file descriptors that may be open.", openFileLimit],
  ] as const) {
    if (read() !== undefined) registry.gauge(name, help, () => read() ?? 0);
  }
}

function openFileCount(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // There is no such directory outside of Linux.
    return undefined;
  }
}

function openFileLimit(): number | undefined {
  try {
    const found = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
    return found === null ? undefined : Number(found[1]);
  } catch {
    // There is no such file outside of Linux.
    return undefined;
  }
}
