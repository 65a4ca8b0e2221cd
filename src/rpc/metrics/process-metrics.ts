import { readdirSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import type { MetricRegistry } from "./metric-registry.js";

const startedAtSeconds = Date.now() / 1_000 - process.uptime();
const delayResolutionMs = 20;

/** Adds the usual metrics of a process and of Node. Values that only Linux provides are left out elsewhere. */
export function addProcessMetrics(registry: MetricRegistry): void {
  registry.counter("process_cpu_seconds_total", "Seconds of CPU used.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  registry.gauge("process_resident_memory_bytes", "Bytes in memory.", () => process.memoryUsage.rss());
  registry.gauge("process_start_time_seconds", "When the process started, since 1970.", () => startedAtSeconds);
  for (const [type, name, help, read] of [
    ["gauge", "process_open_fds", "Open file descriptors.", openFileCount],
    ["gauge", "os_fd_used", "Open file descriptors.", openFileCount],
    ["gauge", "process_max_fds", "Most file descriptors that may be open.", () => limit("Max open files")],
    ["gauge", "os_fd_limit", "Most file descriptors that may be open.", () => limit("Max open files")],
    ["gauge", "process_virtual_memory_bytes", "Bytes of address space.", virtualBytes],
    ["gauge", "process_virtual_memory_max_bytes", "Most bytes of address space.", () => limit("Max address space")],
    [
      "counter",
      "process_network_receive_bytes_total",
      "Bytes received, by all of its network.",
      () => octets("InOctets"),
    ],
    [
      "counter",
      "process_network_transmit_bytes_total",
      "Bytes sent, by all of its network.",
      () => octets("OutOctets"),
    ],
  ] as const) {
    if (read() !== undefined) registry[type](name, help, () => read() ?? 0);
  }
  addNode(registry);
}

function addNode(registry: MetricRegistry): void {
  const memory = (name: string, help: string, part: "heapUsed" | "heapTotal" | "external"): void =>
    registry.gauge(name, help, () => process.memoryUsage()[part]);
  memory("nodejs_heap_size_used_bytes", "Bytes of live and dead objects.", "heapUsed");
  memory("nodejs_heap_size_total_bytes", "Bytes set aside for objects.", "heapTotal");
  registry.gauge(
    "nodejs_heap_size_limit_bytes",
    "Most bytes of objects: 85 % of them raise the NOSPACE alarm.",
    () => getHeapStatistics().heap_size_limit,
  );
  memory("nodejs_external_memory_bytes", "Bytes that objects hold outside of the heap.", "external");
  registry.gauge(
    "nodejs_version_info",
    "1 for the label with the version of Node.js.",
    () => [{ labels: { version: process.version }, value: 1 }],
    ["version"],
  );
  // The histogram is reset at each scrape, so that one long delay does not stay in the figure for ever.
  const delay = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delay.enable();
  registry.gauge("nodejs_eventloop_lag_p99_seconds", "99th percentile of the event loop's lag.", () => {
    const nanoseconds = Math.max(0, delay.percentile(99) - delayResolutionMs * 1e6);
    delay.reset();
    return nanoseconds / 1e9;
  });
}

function openFileCount(): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch {
    // The directory exists on Linux only.
    return undefined;
  }
}

/** A resource limit of the process; -1 when there is none. */
export function limit(name: string): number | undefined {
  const found = new RegExp(`^${name}\\s+(\\d+|unlimited)`, "m").exec(readProc("limits"))?.[1];
  if (found === undefined) return undefined;
  return found === "unlimited" ? -1 : Number(found);
}

function virtualBytes(): number | undefined {
  const found = /^VmSize:\s+(\d+) kB/m.exec(readProc("status"))?.[1];
  return found === undefined ? undefined : Number(found) * 1_024;
}

function octets(name: string): number | undefined {
  const [names, values] = readProc("net/netstat")
    .split("\n")
    .filter((line) => line.startsWith("IpExt:"))
    .map((line) => line.split(" "));
  const value = values?.[names?.indexOf(name) ?? -1];
  return value === undefined ? undefined : Number(value);
}

/** The text of a file in /proc; empty on systems other than Linux. */
function readProc(name: string): string {
  try {
    return readFileSync(`/proc/self/${name}`, "utf8");
  } catch {
    return "";
  }
}
