// Measures servers that speak etcd's protocol, as one client process sees them:
//   npm run bench                                                     this server, every workload
//   npm run bench -- --server etcd=etcd --server etcd-ts='node bin/etcd'   side by side; ratios are to the first
//   npm run bench -- --members 3 --tls --jwt --workloads put-100,get-100   a cluster, encryption, authentication
//   npm run bench -- --report                                         all settings; writes docs/performance.*,
//                                                                     with what `--note` says about the run
// Each round measures all servers in turn, so that noise affects them equally, and a figure is the median of its rounds.
// Before the first round of a workload each server gets its load for `--warmup` seconds, since Node compiles what runs.
// `range-stream` reads --keys keys of 1 KiB with --readers readers at once, and shows what that costs in memory, and puts.
// `embedded` measures a member inside a program, and the time from the start of each server to its first read.
// The load comes from this package's client in this process, which needs about half of two cores for itself.
import { parseArgs } from "node:util";
import { Cluster } from "./clusters.mjs";
import { measureEmbedding } from "./embedding.mjs";
import { measureRangeStream } from "./range-stream.mjs";
import { writeReport } from "./report.mjs";
import { connectionsFor, workloads } from "./workloads.mjs";

const { values: options } = parseArgs({
  options: {
    server: { type: "string", multiple: true, default: ["etcd-ts=node bin/etcd"] },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    warmup: { type: "string", default: "2" },
    keys: { type: "string", default: "1000000" },
    readers: { type: "string", default: "20" },
    workloads: { type: "string", default: [...Object.keys(workloads), "embedded"].join(",") },
    members: { type: "string", default: "1" },
    tls: { type: "boolean", default: false },
    jwt: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    into: { type: "string", default: "docs" },
    note: { type: "string", default: "" },
  },
});

const known = [...Object.keys(workloads), "embedded", "range-stream"];
const asked = options.workloads.split(",");
for (const name of asked) {
  if (!known.includes(name)) throw new Error(`unknown workload ${name}: one of ${known}`);
}
const chosen = asked.filter((name) => name in workloads);
const common = chosen.filter((name) => ["put-1", "put-100", "get-100", "update-100", "watch-100"].includes(name));
const settings = options.report
  ? [
      { title: "One member", members: 1, tls: false, jwt: false, names: chosen },
      { title: "Three members", members: 3, tls: false, jwt: false, names: common },
      { title: "One member, TLS", members: 1, tls: true, jwt: false, names: common },
      { title: "One member, JWT authentication", members: 1, tls: false, jwt: true, names: common },
    ]
  : [{ title: "", members: Number(options.members), tls: options.tls, jwt: options.jwt, names: chosen }];

const measured = [];
for (const setting of settings.filter(({ names }) => names.length > 0)) {
  if (setting.title !== "") console.log(`\n${setting.title}`);
  measured.push({ ...setting, rows: await measure(setting) });
}
if (asked.includes("range-stream")) await printRangeStream();
const embedded = asked.includes("embedded") ? await measureEmbedded() : [];
if (options.report) {
  const { rounds, seconds, into, note } = options;
  writeReport(measured, embedded, { rounds: Number(rounds), seconds: Number(seconds), folder: into, note });
}
process.exit(0);

async function printRangeStream() {
  for (const definition of options.server) {
    const { keys, readers } = options;
    const row = await measureRangeStream(definition, { keys: Number(keys), readers: Number(readers) });
    console.log(
      `range-stream  ${row.server}  ${row.keys} keys of 1 KiB, ${row.readers} readers: ${row.seconds.toFixed(1)} s  ` +
        `${row.mibPerSecond.toFixed(0)} MiB/s  rss ${row.before.toFixed(0)} MiB +${row.growth.toFixed(0)} MiB  ` +
        `put p50 ${row.p50.toFixed(1)} ms  p99 ${row.p99.toFixed(1)} ms  max ${row.max.toFixed(1)} ms`,
    );
  }
}

/** Each thing takes milliseconds, so it is done more often than a workload. */
async function measureEmbedded() {
  const rows = await measureEmbedding({ rounds: 5 * Number(options.rounds), servers: options.server });
  console.log("\nInside a program");
  for (const { name, value, cpu, unit } of rows) {
    const used = cpu === undefined ? "" : `  cpu ${cpu.toFixed(1)} ${unit}`;
    console.log(`${name.padEnd(52)}${value.toFixed(1).padStart(9)} ${unit}${used}`);
  }
  return rows;
}

/** Measures all workloads of a setting. @returns a row for each workload and server */
async function measure(setting) {
  const clusters = [];
  const rows = [];
  try {
    for (const definition of options.server) clusters.push(await Cluster.start(definition, setting));
    for (const name of setting.names) {
      const rounds = new Map(clusters.map((cluster) => [cluster, []]));
      for (const cluster of clusters) await run(cluster, workloads[name], Number(options.warmup));
      for (let round = 0; round < Number(options.rounds); round++) {
        for (const cluster of clusters) {
          rounds.get(cluster).push(await run(cluster, workloads[name], Number(options.seconds)));
        }
      }
      for (const cluster of clusters) {
        const row = { workload: name, server: cluster.name, ...summary(rounds.get(cluster), rounds.get(clusters[0])) };
        print(row);
        rows.push(row);
      }
    }
  } finally {
    for (const cluster of clusters) cluster.stop();
  }
  return rows;
}

async function run(cluster, { clients, act, watchers = 0, prepare }, forSeconds) {
  const connections = Array.from({ length: connectionsFor(Math.max(clients, watchers)) }, (_, at) =>
    cluster.client(at),
  );
  try {
    await prepare?.(connections[0]);
    let heard = 0;
    const watching = Array.from({ length: watchers }, async (_, at) => {
      const watch = await connections[at % connections.length].watch({ key: "bench/", rangeEnd: "bench0" });
      void count(watch, (events) => (heard += events));
    });
    await Promise.all(watching);
    const latencies = [];
    const before = cluster.used();
    const begin = performance.now();
    const end = begin + forSeconds * 1_000;
    const loop = async (client) => {
      const connection = connections[client % connections.length];
      for (let at = 0; performance.now() < end; at++) {
        const start = performance.now();
        await act(connection, `bench/${client}/${at % 100}`);
        latencies.push(performance.now() - start);
      }
    };
    await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
    const seconds = (performance.now() - begin) / 1_000;
    const after = cluster.used();
    return figures(cluster, latencies, watchers > 0 ? heard : latencies.length, seconds, before, after);
  } finally {
    for (const connection of connections) connection.close();
  }
}

/** Counts the events of a watch until its client is closed, which ends the watch with an error. */
async function count(watch, add) {
  try {
    for await (const { events } of watch) add(events.length);
  } catch {
    // the measurement is over
  }
}

/** CPU is stated for each thing that was counted: a call, or an event that a watcher received. */
function figures(cluster, latencies, counted, seconds, before, after) {
  latencies.sort((left, right) => left - right);
  const quantile = (part) => latencies[Math.floor(latencies.length * part)] ?? 0;
  const threads = [...after.threads].map(([id, used]) => used - (before.threads.get(id) ?? 0));
  return {
    rate: counted / seconds,
    p50: quantile(0.5),
    p99: quantile(0.99),
    cpu: ((after.all - before.all) / counted) * 1e6,
    busiest: (Math.max(...threads) / counted) * 1e6,
    rss: cluster.residentMiB(),
  };
}

function summary(rounds, reference) {
  const fields = ["rate", "p50", "p99", "cpu", "busiest", "rss"];
  const row = Object.fromEntries(fields.map((field) => [field, median(rounds.map((round) => round[field]))]));
  return { ...row, ratio: median(rounds.map(({ rate }, at) => rate / reference[at].rate)) };
}

function print({ workload, server, rate, p50, p99, cpu, busiest, rss, ratio }) {
  const columns = [workload.padEnd(11), server.padEnd(10), `${rate.toFixed(0).padStart(8)}/s`];
  columns.push(`p50 ${p50.toFixed(2)} ms`, `p99 ${p99.toFixed(2)} ms`, `cpu ${cpu.toFixed(1)} us`);
  columns.push(`busiest thread ${busiest.toFixed(1)} us`, `rss ${rss.toFixed(0)} MiB`, `ratio ${ratio.toFixed(2)}`);
  console.log(columns.join("  "));
}

function median(numbers) {
  return [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? 0;
}
