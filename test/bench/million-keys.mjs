// Measures a million keys of 256 bytes: the rate of puts at 10,000 keys and at 1,000,000, resident memory, and the time
// of a restart until the first linearizable read. `node test/bench/million-keys.mjs [KEYS] [COMMAND]` after a build.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { call, cpuSeconds, freePort, residentMiB } from "./servers.mjs";

const keys = Number(process.argv[2] ?? 1_000_000);
const command = process.argv[3] ?? "node bin/etcd";
const folder = mkdtempSync(join(tmpdir(), "etcd-million-"));
const value = Buffer.alloc(256, "v");
const none = { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
const keyOf = (at) => `key/${String(at).padStart(12, "0")}`;

let server = await start();
try {
  await fill(0, 10_000);
  await puts(10_000, 1); // A warm-up.
  const few = await puts(10_000, 3);
  await fill(10_000, keys);
  const many = await puts(keys, 3);
  console.log(
    `puts, 100 at once: ${few.toFixed(0)} us of CPU at 10,000 keys, ${many.toFixed(0)} us at ${keys} (x${(many / few).toFixed(2)})`,
  );
  console.log(`resident: ${residentMiB(server.child.pid).toFixed(0)} MiB`);
  server.client.close();
  server.child.kill("SIGKILL");
  await new Promise((resolve) => server.child.once("exit", resolve));
  const begin = performance.now();
  server = await start();
  await call(server.client, "KV", "Range", { key: keyOf(0) });
  console.log(`restart to the first linearizable read: ${((performance.now() - begin) / 1000).toFixed(1)} s`);
  console.log(`resident: ${residentMiB(server.child.pid).toFixed(0)} MiB`);
} finally {
  server.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

async function start() {
  const [client, peer] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${client}`;
  const [program, ...args] = command.split(" ");
  const flags = ["--data-dir", join(folder, "data"), "--listen-client-urls", url, "--advertise-client-urls", url];
  const peers = ["--listen-peer-urls", `http://127.0.0.1:${peer}`, "--quota-backend-bytes", String(8 * 2 ** 30)];
  const child = spawn(program, [...args, ...flags, ...peers], { stdio: ["ignore", "ignore", "pipe"] });
  await new Promise((resolve) => {
    let log = "";
    child.stderr.on("data", (chunk) => {
      log += chunk;
      if (log.includes("ready to serve client requests")) resolve();
    });
  });
  child.stderr.removeAllListeners("data").resume();
  return { child, client: new Client(`127.0.0.1:${client}`, credentials.createInsecure()) };
}

/** Puts the keys `[from, to)`, a hundred in each transaction. */
async function fill(from, to) {
  let next = from;
  const worker = async () => {
    while (next < to) {
      const first = next;
      next += 100;
      const success = Array.from({ length: Math.min(100, to - first) }, (_, at) => ({
        request: { case: "requestPut", value: { key: keyOf(first + at), value, ...none } },
      }));
      await call(server.client, "KV", "Txn", { success });
    }
  };
  await Promise.all(Array.from({ length: 20 }, worker));
}

/** Puts random keys of the first `count` for some seconds. @returns the CPU time of a put in microseconds */
async function puts(count, seconds) {
  const end = performance.now() + seconds * 1000;
  const before = cpuSeconds(server.child.pid);
  let done = 0;
  const worker = async () => {
    while (performance.now() < end) {
      await call(server.client, "KV", "Put", { key: keyOf(Math.floor(Math.random() * count)), value });
      done++;
    }
  };
  await Promise.all(Array.from({ length: 100 }, worker));
  return ((cpuSeconds(server.child.pid) - before) / done) * 1e6;
}
