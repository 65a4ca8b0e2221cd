// Measures a member inside a program: loading, starting, emptying and stopping it, calls without a socket, and its
// memory. Beside it stand servers as processes of their own, from their start to their first read.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Cluster } from "./clusters.mjs";

const library = (name) => fileURLToPath(new URL(`../../dist/package/${name}`, import.meta.url));
const calls = 20_000;
const keys = 100;

/**
 * Each figure is the median of its rounds. `cpu` is the time that all threads of the process used, in the same unit.
 *
 * @param rounds how often each thing is done
 * @param servers definitions `NAME=COMMAND` of the servers that are started as processes
 */
export async function measureEmbedding({ rounds, servers }) {
  const { startEtcd } = await import(library("testing.js"));
  const again = async (work) => {
    const found = [];
    for (let round = 0; round < rounds; round++) found.push(await work());
    return found;
  };
  const rows = [];
  const add = (name, unit, found) => {
    const factor = unit === "us" ? 1_000 : 1;
    rows.push({ name, unit, value: median(found, "value") * factor, cpu: median(found, "cpu") * factor });
  };

  add("module load", "ms", await again(() => inNewProcess(`return measured(() => require(library));`)));
  add(
    "first start in a process",
    "ms",
    await again(() =>
      inNewProcess(`
        const { startEtcd } = require(library);
        let etcd;
        const found = await measured(async () => { etcd = await startEtcd(); });
        await etcd.stop();
        return found;`),
    ),
  );
  const starts = await again(async () => {
    let etcd;
    const start = await measured(async () => {
      etcd = await startEtcd();
    });
    const client = etcd.client();
    for (let at = 0; at < keys; at++) await client.text.put(`key/${at}`, "value");
    const reset = await measured(() => etcd.reset());
    const stop = await measured(() => etcd.stop());
    return { start, reset, stop };
  });
  for (const [name, part] of [
    ["start", "start"],
    [`reset of ${keys} keys`, "reset"],
    ["stop", "stop"],
  ]) {
    add(
      name,
      "ms",
      starts.map((found) => found[part]),
    );
  }

  const etcd = await startEtcd({ listen: false });
  const client = etcd.client();
  const [key, value] = ["key", Buffer.from("value")];
  await client.put({ key, value });
  for (const [name, call] of [
    ["get in process", () => client.range({ key })],
    ["put in process", () => client.put({ key, value })],
  ]) {
    for (let at = 0; at < calls / 4; at++) await call();
    const { value: ms, cpu } = await measured(async () => {
      for (let at = 0; at < calls; at++) await call();
    });
    add(name, "us", [{ value: ms / calls, cpu: cpu / calls }]);
  }
  await etcd.stop();

  const memory = await again(() =>
    inNewProcess(`
      const own = process.memoryUsage().rss;
      const etcd = await require(library).startEtcd();
      const value = (process.memoryUsage().rss - own) / 2 ** 20;
      await etcd.stop();
      return { value };`),
  );
  rows.push({ name: "memory of an idle member above Node's own", unit: "MiB", value: median(memory, "value") });

  const here = await again(async () => {
    let started;
    const found = await measured(async () => {
      started = await startEtcd();
      await started.client().text.get("a");
    });
    await started.stop();
    return found;
  });
  add("start to first read, in a program", "ms", here);
  for (const server of servers) {
    const found = await again(() => firstRead(server));
    add(`start to first read, ${server.slice(0, server.indexOf("="))} as a process`, "ms", found);
  }
  return rows;
}

/** The time and the CPU time of some work, in ms. */
async function measured(work) {
  const usedBefore = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const value = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(usedBefore);
  return { value, cpu: (user + system) / 1_000 };
}

/** Runs a function body in a new process, in which `library` is the path of the package. */
function inNewProcess(body) {
  const program = `
    ${measured}
    const library = ${JSON.stringify(library("index.cjs"))};
    void (async () => {${body}})().then((found) => console.log(JSON.stringify(found)));`;
  return JSON.parse(execFileSync(process.execPath, ["-e", program], { encoding: "utf8" }));
}

/** Starts a server and reads from it. CPU is that of the server until then, with a resolution of 10 ms. */
async function firstRead(server) {
  const startedAt = performance.now();
  const cluster = await Cluster.start(server, { members: 1, tls: false, jwt: false });
  const client = cluster.client(0);
  try {
    await client.range({ key: "a" });
    return { value: performance.now() - startedAt, cpu: cluster.used().all * 1_000 };
  } finally {
    client.close();
    cluster.stop();
  }
}

function median(found, field) {
  const values = found.map((one) => one[field]).sort((one, other) => one - other);
  return values[Math.floor(values.length / 2)];
}
