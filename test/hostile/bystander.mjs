// Another client of a server under attack. It puts a key and reads it, one call every few milliseconds, until its
// standard input ends. Then it prints the latencies of the calls and the failures:   {"calls": …, "p50Ms": …, "p99Ms":
// …, "longestMs": …, "failures": […]} It prints "ready" once the first calls have succeeded. Its one argument is JSON:
// client options, a key, and the minimum number of calls, which makes the 99th percentile of a short attack meaningful.
import { Client } from "../../dist/client/index.js";

const pauseMs = 4;
const failuresMax = 5;

const { options, key, callsMin } = JSON.parse(process.argv[2]);
const tls = options.caText === undefined ? {} : { tls: { ca: Buffer.from(options.caText) } };
const client = new Client({ endpoints: options.endpoints, auth: options.auth, callTimeoutMs: 30_000, ...tls });
const value = Buffer.from("still here");
const took = [];
const failures = [];
let stopped = false;
process.stdin.once("end", () => {
  stopped = true;
});
process.stdin.resume();

async function timed(call) {
  const startedAt = performance.now();
  try {
    await call();
  } catch (error) {
    if (failures.length < failuresMax) failures.push(String(error.message));
  }
  took.push(performance.now() - startedAt);
}

for (let at = 0; at < 20; at++) await client.put({ key, value });
process.stdout.write("ready\n");
while (!stopped || took.length < callsMin) {
  await timed(() => client.put({ key, value }));
  await timed(() => client.range({ key }));
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
client.close();
took.sort((one, other) => one - other);
const at = (share) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
const report = { calls: took.length, p50Ms: at(0.5), p99Ms: at(0.99), longestMs: at(1), failures };
process.stdout.write(`${JSON.stringify(report)}\n`);
