import type { ThreadStats } from "../../threads/index.js";
import type { MetricRegistry, Sample } from "./metric-registry.js";

/** Adds a row for each thread of the process, which tells what it costs and whether it keeps up. */
export function addThreads(registry: MetricRegistry, threads: () => readonly ThreadStats[]): void {
  const add = (
    type: "gauge" | "counter",
    name: string,
    help: string,
    read: (stats: ThreadStats) => number | undefined,
  ): void => {
    const samples = (): readonly Sample[] =>
      threads().flatMap((stats) => {
        const value = read(stats);
        return value === undefined ? [] : [{ labels: { thread: stats.name, role: stats.role }, value }];
      });
    registry[type](name, help, samples, ["thread", "role"]);
  };
  add("counter", "etcd_threads_cpu_seconds_total", "Seconds of CPU that a thread has used.", (of) => of.cpuSeconds);
  add(
    "gauge",
    "etcd_threads_eventloop_lag_p99_seconds",
    "99th percentile of the lag of a thread's event loop.",
    (of) => of.delayP99Seconds,
  );
  add("gauge", "etcd_threads_queue_to_bytes", "Bytes that wait for a thread to take them.", (of) => of.toBytes);
  add(
    "gauge",
    "etcd_threads_queue_from_bytes",
    "Bytes of a thread that wait for the main thread.",
    (of) => of.fromBytes,
  );
}
