// This module is loaded into a server under attack (`NODE_OPTIONS=--import`). It measures how long the server's main
// event loop goes without a tick. A connection to the socket HOSTILE_OBSERVER gets the values since the previous one:
//   {"cpuMs": …, "wallMs": …, "gcMs": …, "heapMiB": …, "bufferMiB": …}
// `cpuMs` is the CPU time that the main thread spent between two ticks. Unlike `wallMs` it does not grow when other
// processes keep the machine busy, so a test can bound it on any machine. `gcMs` is the longest pause for a garbage
// collection, which is part of both. The last two are the current memory.
import { openSync, readSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { PerformanceObserver } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const path = process.env.HOSTILE_OBSERVER;
const tickMs = 2;

if (path !== undefined && isMainThread) {
  const file = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  const text = Buffer.alloc(64);
  const cpuMs = () => Number(text.toString("latin1", 0, readSync(file, text, 0, text.length, 0)).split(" ")[0]) / 1e6;

  const none = { cpuMs: 0, wallMs: 0, gcMs: 0 };
  let longest = { ...none };
  const collections = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest.gcMs = Math.max(longest.gcMs, duration);
  });
  collections.observe({ entryTypes: ["gc"] });
  let lastCpu = cpuMs();
  let lastWall = performance.now();
  const look = () => {
    const [cpu, wall] = [cpuMs(), performance.now()];
    longest.cpuMs = Math.max(longest.cpuMs, cpu - lastCpu);
    longest.wallMs = Math.max(longest.wallMs, wall - lastWall);
    [lastCpu, lastWall] = [cpu, wall];
  };
  setInterval(look, tickMs).unref();

  rmSync(path, { force: true });
  const server = createServer((socket) => {
    look();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    const memory = { heapMiB: heapUsed / 2 ** 20, bufferMiB: Math.max(external, arrayBuffers) / 2 ** 20 };
    socket.end(JSON.stringify({ ...longest, ...memory }));
    longest = { ...none };
  });
  server.listen(path);
  server.unref();
}
