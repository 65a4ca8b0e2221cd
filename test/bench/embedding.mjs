// Measures a member inside another program: `node test/bench/embedding.mjs`. Each figure is the median of several rounds.
// Beside it stands real etcd as a process, from its start to its first read, where ETCD35_BIN names its folder.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const library = (name) => fileURLToPath(new URL(`../../dist/package/${name}.cjs`, import.meta.url));
const rounds = 15;
const calls = 20_000;

const median = (values) => values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)];
const show = (label, value, unit) => console.log(`${label.padEnd(52)}${value.toFixed(1).padStart(9)} ${unit}`);

/** The number that a new process prints. */
function inNewProcess(text) {
  return Number(execFileSync(process.execPath, ["-e", text], { encoding: "utf8" }));
}

async function timed(work) {
  const startedAt = performance.now();
  const result = await work();
  return [performance.now() - startedAt, result];
}

const quoted = JSON.stringify(library("index"));
const load = `const at = performance.now(); require(${quoted}); console.log(performance.now() - at)`;
const idle = `
  const own = process.memoryUsage().rss;
  void require(${quoted}).startEtcd().then((etcd) => {
    console.log((process.memoryUsage().rss - own) / 2 ** 20);
    return etcd.stop();
  })`;
const first = `
  const { startEtcd } = require(${quoted});
  const at = performance.now();
  void startEtcd().then((etcd) => { console.log(performance.now() - at); return etcd.stop(); })`;
show("module load", median(Array.from({ length: rounds }, () => inNewProcess(load))), "ms");
show("first start in a process", median(Array.from({ length: rounds }, () => inNewProcess(first))), "ms");
show(
  "memory of an idle member above Node's own",
  median(Array.from({ length: rounds }, () => inNewProcess(idle))),
  "MiB",
);

const { startEtcd } = await import(library("testing").replace(/\.cjs$/, ".js"));
const starts = [];
const stops = [];
const resets = [];
for (let round = 0; round < rounds; round++) {
  const [startMs, etcd] = await timed(() => startEtcd());
  const client = etcd.client();
  for (let at = 0; at < 100; at++) await client.text.put(`key/${at}`, "value");
  resets.push((await timed(() => etcd.reset()))[0]);
  const [stopMs] = await timed(() => etcd.stop());
  starts.push(startMs);
  stops.push(stopMs);
}
show("start", median(starts), "ms");
show("reset of 100 keys", median(resets), "ms");
show("stop", median(stops), "ms");

const etcd = await startEtcd({ listen: false });
const client = etcd.client();
const key = "key";
const value = Buffer.from("value");
await client.put({ key, value });
for (const { name, call } of [
  { name: "get in process, one at a time", call: () => client.range({ key }) },
  { name: "put in process, one at a time", call: () => client.put({ key, value }) },
]) {
  for (let at = 0; at < calls / 4; at++) await call();
  const [ms] = await timed(async () => {
    for (let at = 0; at < calls; at++) await call();
  });
  show(name, (ms / calls) * 1_000, "us");
}
await etcd.stop();

const real = join(process.env.ETCD35_BIN ?? "", "etcd");
if (existsSync(real)) {
  const firstReads = [];
  for (let round = 0; round < 5; round++) firstReads.push(await firstReadOf(real));
  show("real etcd 3.5 as a process, start to first read", median(firstReads), "ms");
}
show("a member in this process, start to first read", median(await firstReads()), "ms");

async function firstReads() {
  const found = [];
  for (let round = 0; round < rounds; round++) {
    const [ms, member] = await timed(async () => {
      const started = await startEtcd();
      await started.client().text.get("a");
      return started;
    });
    await member.stop();
    found.push(ms);
  }
  return found;
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** @returns the time in ms until a read over HTTP is answered */
async function firstReadOf(program) {
  const folder = mkdtempSync(join(tmpdir(), "etcd-bench-"));
  const [clients, peers] = [await freePort(), await freePort()].map((port) => `http://127.0.0.1:${port}`);
  const flags = [
    `--listen-client-urls=${clients}`,
    `--advertise-client-urls=${clients}`,
    `--listen-peer-urls=${peers}`,
  ];
  const cluster = [`--initial-advertise-peer-urls=${peers}`, `--initial-cluster=default=${peers}`];
  const startedAt = performance.now();
  const child = spawn(program, [`--data-dir=${folder}`, ...flags, ...cluster], { stdio: "ignore" });
  const body = JSON.stringify({ key: Buffer.from("a").toString("base64") });
  try {
    for (;;) {
      const answer = await fetch(`${clients}/v3/kv/range`, { method: "POST", body }).catch(() => undefined);
      if (answer?.ok) return performance.now() - startedAt;
      if (performance.now() - startedAt > 60_000) throw new Error("etcd did not answer within a minute");
      await sleep(2);
    }
  } finally {
    child.kill("SIGKILL");
    await new Promise((resolve) => child.once("close", resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}
