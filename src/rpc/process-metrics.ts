import { readdirSync, readFileSync } from "node:fs";
import { counter, type Family, gauge } from "./metrics-text.js";

const startedAtSeconds = Date.now() / 1_000 - process.uptime();

/** What Prometheus wants to know of any process, and Node's heap; what only Linux tells is left out elsewhere. */
export function processFamilies(): readonly Family[] {
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const openFiles = openFileCount();
  const filesMax = openFileLimit();
  return [
    counter("process_cpu_seconds_total", "Seconds of CPU used.", (user + system) / 1e6),
    gauge("process_resident_memory_bytes", "Bytes in memory.", rss),
    gauge("process_start_time_seconds", "When the process started, since 1970.", startedAtSeconds),
    gauge("nodejs_heap_size_used_bytes", "Bytes of live and dead objects.", heapUsed),
    gauge("nodejs_heap_size_total_bytes", "Bytes set aside for objects.", heapTotal),
    ...(openFiles === undefined
      ? []
      : [
          gauge("process_open_fds", "Open file descriptors.", openFiles),
          gauge("os_fd_used", "Open file descriptors.", openFiles),
        ]),
    ...(filesMax === undefined
      ? []
      : [
          gauge("process_max_fds", "Most file descriptors that may be open.", filesMax),
          gauge("os_fd_limit", "Most file descriptors that may be open.", filesMax),
        ]),
  ];
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
