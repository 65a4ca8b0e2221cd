// Measures the throughput of a server, as one client process sees it:
//   npm run bench -- --server etcd='etcd' --server ours='node bin/etcd'
// Each round measures all servers in turn, so that noise affects them equally. Ratios are relative to the first server.
// The load comes from grpc-js in a separate process, which can make about 10,000 calls per second at most.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client, credentials } from "@grpc/grpc-js";
import { services } from "../../dist/wire/index.js";
import { call, cpuSeconds, freePort, residentMiB } from "./servers.mjs";

const { values: options } = parseArgs({
  options: {
    server: { type: "string", multiple: true, default: ["etcd-ts=node bin/etcd"] },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "3" },
    workloads: { type: "string", default: "put-1,put-100,get-100,txn-100,watch-100" },
  },
});

const value = Buffer.alloc(256, "v");
const put = (key) => ["KV", "Put", { key, value }];
const get = (key) => ["KV", "Range", { key }];
const compareAndPut = (key) => {
  const compare = [{ result: 2, target: 0, key, targetUnion: { case: "version", value: 0 }, rangeEnd: "" }];
  const none = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
  return ["KV", "Txn", { compare, success: [{ request: { case: "requestPut", value: { key, value, ...none } } }] }];
};
/** The number of simultaneous clients, the call that each repeats, and the number of watchers. */
const workloads = {
  "put-1": { clients: 1, act: put, watchers: 0 },
  "put-100": { clients: 100, act: put, watchers: 0 },
  "get-100": { clients: 100, act: get, watchers: 0 },
  "txn-100": { clients: 100, act: compareAndPut, watchers: 0 },
  "watch-100": { clients: 20, act: put, watchers: 100 },
};

const servers = await Promise.all(options.server.map(start));
try {
  for (const name of options.workloads.split(",")) {
    const workload = workloads[name];
    if (workload === undefined)
      throw new Error(`unknown workload ${name}: one of ${Object.keys(workloads).join(", ")}`);
    for (let round = 0; round < Number(options.rounds); round++) {
      for (const server of servers) {
        const results = server.results[name] ?? [];
        server.results[name] = results;
        results.push(await run(server, workload));
      }
    }
    report(name);
  }
} finally {
  for (const server of servers) {
    server.child.kill("SIGKILL");
    rmSync(server.folder, { recursive: true, force: true });
  }
}

async function start(definition) {
  const [name, command] = [definition.slice(0, definition.indexOf("=")), definition.slice(definition.indexOf("=") + 1)];
  const folder = mkdtempSync(join(tmpdir(), "etcd-bench-"));
  const [client, peer] = [await freePort(), await freePort()];
  const urls = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const [program, ...args] = command.split(" ");
  const flags = [
    "--data-dir",
    join(folder, "data"),
    "--listen-client-urls",
    urls[0],
    "--advertise-client-urls",
    urls[0],
  ];
  const peers = [
    "--listen-peer-urls",
    urls[1],
    "--initial-advertise-peer-urls",
    urls[1],
    "--initial-cluster",
    `default=${urls[1]}`,
  ];
  const child = spawn(program, [...args, ...flags, ...peers], { stdio: ["ignore", "ignore", "pipe"] });
  await new Promise((resolve, reject) => {
    let log = "";
    child.stderr.on("data", (chunk) => {
      log += log.length < 1e6 ? chunk : "";
      if (log.includes("ready to serve client requests")) resolve();
    });
    child.once("exit", () => reject(new Error(`${name} ended: ${log}`)));
  });
  return { name, folder, child, endpoint: `127.0.0.1:${client}`, results: {} };
}

async function run(server, { clients, act, watchers }) {
  const channels = Array.from({ length: Math.min(10, clients) }, () => connect(server.endpoint));
  const latencies = [];
  let heard = 0;
  const streams = Array.from({ length: watchers }, (_, at) => watch(channels[at % channels.length], () => heard++));
  await Promise.all(streams.map((stream) => stream.ready));
  const cpu = cpuSeconds(server.child.pid);
  const begin = performance.now();
  const end = begin + Number(options.seconds) * 1000;
  const loop = async (client) => {
    for (let at = 0; performance.now() < end; at++) {
      const before = performance.now();
      await call(channels[client % channels.length], ...act(`bench/${client}/${at % 100}`));
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: clients }, (_, client) => loop(client)));
  const seconds = (performance.now() - begin) / 1000;
  const used = cpuSeconds(server.child.pid) - cpu;
  for (const { cancel } of streams) cancel();
  for (const channel of channels) channel.close();
  latencies.sort((left, right) => left - right);
  const quantile = (part) => latencies[Math.floor(latencies.length * part)] ?? 0;
  const operations = latencies.length;
  const rate = (watchers > 0 ? heard : operations) / seconds;
  return {
    rate,
    p50: quantile(0.5),
    p99: quantile(0.99),
    cpu: (used / operations) * 1e6,
    rss: residentMiB(server.child.pid),
  };
}

function report(name) {
  const first = servers[0].results[name];
  for (const server of servers) {
    const rounds = server.results[name];
    const ratio = median(rounds.map(({ rate }, at) => rate / first[at].rate));
    const figure = (field, digits) => median(rounds.map((round) => round[field])).toFixed(digits);
    const columns = [name.padEnd(10), server.name.padEnd(10), `${figure("rate", 0).padStart(8)}/s`];
    columns.push(
      `p50 ${figure("p50", 2)} ms`,
      `p99 ${figure("p99", 2)} ms`,
      `cpu ${figure("cpu", 0)} us`,
      `rss ${figure("rss", 0)} MiB`,
    );
    console.log(`${columns.join("  ")}  ratio ${ratio.toFixed(2)}`);
  }
}

function connect(endpoint) {
  return new Client(endpoint, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
}

function watch(client, hear) {
  const { path, request: encoder, response: decoder } = services["etcdserverpb.Watch"].Watch;
  const encode = (message) => Buffer.from(encoder.encode(message));
  const stream = client.makeBidiStreamRequest(path, encode, (bytes) => decoder.decode(bytes));
  stream.on("error", () => undefined);
  const ready = new Promise((resolve) => {
    stream.on("data", (response) => (response.created ? resolve() : response.events.forEach(hear)));
  });
  const range = { key: "bench/", rangeEnd: "bench0", startRevision: 0, progressNotify: false, filters: [] };
  stream.write({
    requestUnion: { case: "createRequest", value: { ...range, prevKv: false, watchId: 0n, fragment: false } },
  });
  return { ready, cancel: () => stream.cancel() };
}

function median(numbers) {
  return [...numbers].sort((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? 0;
}
