// Loaded into a server under attack (`NODE_OPTIONS=--import`). It measures how long the server's main event loop goes
// without a tick, and answers whoever connects to the socket HOSTILE_OBSERVER with what it saw since it was last asked:
//   {"cpuMs": …, "wallMs": …}
// `cpuMs` is the CPU time that the main thread spent between two ticks. Unlike `wallMs` it does not grow when other
// processes keep the machine busy, so that a test may hold it to a bound anywhere.
import { openSync, readSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { isMainThread } from "node:worker_threads";

const path = process.env.HOSTILE_OBSERVER;
const tickMs = 2;

if (path !== undefined && isMainThread) {
  const file = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  const text = Buffer.alloc(64);
  const cpuMs = () => Number(text.toString("latin1", 0, readSync(file, text, 0, text.length, 0)).split(" ")[0]) / 1e6;

  let longest = { cpuMs: 0, wallMs: 0 };
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
    socket.end(JSON.stringify(longest));
    longest = { cpuMs: 0, wallMs: 0 };
  });
  server.listen(path);
  server.unref();
}
