// Fills a member in little memory until it refuses, twice: with keys until its memory is full, and with large values
// until the quota is reached. The member must never end, everything that it acknowledged must be readable, also after
// kill -9, and it must take as much again once it is emptied. The exit code is 1 when any of this is not so.
//   node test/bench/full-member.mjs --memory 1073741824      in a control group of its own, as a container has: needs root
//   node test/bench/full-member.mjs --heap 100 --key-bytes 1000 --quota 67108864     with a small heap instead of a group
// After a build. A control group of version 1 is made below the root of the hierarchy; with version 2 alone, systemd
// makes a scope.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { grpcTransport } from "../../dist/client/index.js";
import { services } from "../../dist/wire/index.js";
import { cpuSeconds, freePort, residentMiB } from "./servers.mjs";

const { values: options } = parseArgs({
  options: {
    memory: { type: "string", default: "0" },
    heap: { type: "string", default: "0" },
    "key-bytes": { type: "string", default: "48" },
    "value-bytes": { type: "string", default: "262144" },
    quota: { type: "string", default: String(2 ** 30) },
    server: { type: "string", default: fileURLToPath(new URL("../../bin/etcd", import.meta.url)) },
  },
});
const [memory, heap, quota] = [options.memory, options.heap, options.quota].map(Number);
const [keyBytes, valueBytes] = [options["key-bytes"], options["value-bytes"]].map(Number);
if (memory === 0 && heap === 0) throw new Error("--memory or --heap says how little memory there is");

const startMsMax = 300_000;
const keysOfTxn = 100;
const keysOfPage = 5_000;
const requestsOfDelete = 500;
const refusal = /database space exceeded/;
/** Refusals of requests that came too fast for the memory; the client tries again. */
const tooFast = /too many requests|request timed out/;
const group = memory > 0 && existsSync("/sys/fs/cgroup/memory") ? makeGroup() : undefined;
const folder = mkdtempSync(join(tmpdir(), "etcd-full-"));
const ports = [await freePort(), await freePort()];
let lastFlags = [];
let child;
let link;
let failed = false;

try {
  // The database may grow as it likes here: memory is what runs full.
  await start(["--quota-backend-bytes", String(64 * 2 ** 30)]);
  const small = Buffer.alloc(16, "v");
  const keys = await twice("keys", { put: smallKeys(small), expected: () => small, atOnce: 20 });
  await end("SIGTERM");
  rmSync(join(folder, "data"), { recursive: true });
  await start(["--quota-backend-bytes", String(quota)]);
  const large = Buffer.alloc(valueBytes, createHash("sha512").update("large").digest());
  const values = await twice("values", { put: largeValues(large), expected: () => large, atOnce: 20 });
  if (keys === 0 || values === 0) fail("nothing was taken at all");
} catch (error) {
  fail(error.stack);
} finally {
  link?.close();
  child?.kill("SIGKILL");
  await pause(200);
  rmSync(folder, { recursive: true, force: true });
  if (group !== undefined) rmdirSync(group);
}
console.log(failed ? "FAILED" : "passed");
process.exit(failed ? 1 : 0);

/** Fills, reads, kills, reads, empties, and does all of it again. @returns what was taken the first time */
async function twice(what, load) {
  const taken = [];
  for (const time of ["first", "second"]) {
    const fill = await untilRefused(load);
    taken.push(fill.keys);
    console.log(`${what}, the ${time} time: ${fill.keys} were taken in ${fill.seconds} s, then refused; ${usage()}`);
    await readAll(load, fill.acknowledged);
    await end("SIGKILL");
    const began = performance.now();
    await start();
    console.log(`  everything was read; back after kill -9 in ${since(began)} s; ${usage()}`);
    await readAll(load, fill.acknowledged);
    await empty(fill.requests);
    console.log(`  emptied; ${usage()}`);
  }
  if (taken[1] < 0.8 * taken[0]) fail(`${what}: only ${taken[1]} were taken the second time, of ${taken[0]}`);
  return taken[0];
}

/** Puts until the member refuses for want of space. @returns the numbers of all requests that were acknowledged */
async function untilRefused({ put, atOnce }) {
  const began = performance.now();
  await call("KV", "Put", { key: "last", value: Buffer.of(0), ...nothingElse() });
  const acknowledged = new Set();
  let [next, keys, full] = [0, 0, false];
  const worker = async () => {
    while (!full) {
      const number = next++;
      for (;;) {
        try {
          const taken = await put(number);
          keys += taken;
          acknowledged.add(number);
          break;
        } catch (error) {
          if (refusal.test(error.message)) {
            full = true;
            return;
          }
          if (!tooFast.test(error.message)) throw error;
          await pause(50);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { acknowledged, requests: next, keys, seconds: since(began) };
}

/** Reads all keys in pages, and checks that each acknowledged request's keys are there with their values. */
async function readAll({ expected, put }, acknowledged) {
  const found = new Map();
  for (let low = "full/"; ; ) {
    const { kvs, more } = await call("KV", "Range", { key: low, rangeEnd: "full0", limit: pageOf(put) });
    for (const { key, value } of kvs) {
      const number = Number(key.slice(5, 15));
      if (Buffer.compare(value, expected(number)) !== 0) fail(`${key.slice(0, 40)} has another value`);
      found.set(number, (found.get(number) ?? 0) + 1);
    }
    if (!more) break;
    low = `${kvs.at(-1).key}\0`;
  }
  for (const number of acknowledged) {
    if (found.get(number) !== put.keys) fail(`of request ${number} there are ${found.get(number)} keys`);
  }
}

/**
 * Deletes all, in pieces, gives the space back, and disarms the alarms. A compaction keeps the deletes of its own
 * revision, as etcd's does, and with them the names of their keys. So a single key is deleted last.
 */
async function empty(requests) {
  for (let from = 0; from < requests; from += requestsOfDelete) {
    await call("KV", "DeleteRange", {
      key: nameOf(from, 0).slice(0, 15),
      rangeEnd: nameOf(from + requestsOfDelete, 0).slice(0, 15),
    });
  }
  await call("KV", "DeleteRange", { key: "full/", rangeEnd: "full0" });
  await call("KV", "DeleteRange", { key: "last" });
  const { header } = await call("KV", "Range", { key: "full/" });
  await call("KV", "Compact", { revision: header.revision, physical: true });
  await call("Maintenance", "Defragment", {});
  const { alarms } = await call("Maintenance", "Alarm", { action: 0, memberId: 0n, alarm: 0 });
  for (const { memberId, alarm } of alarms) await call("Maintenance", "Alarm", { action: 2, memberId, alarm });
}

/** A request puts a hundred keys with names that have little in common. */
function smallKeys(value) {
  return Object.assign(
    async (number) => {
      const success = Array.from({ length: keysOfTxn }, (_, at) => ({
        request: { case: "requestPut", value: { key: nameOf(number, at), value, ...nothingElse() } },
      }));
      await call("KV", "Txn", { success });
      return keysOfTxn;
    },
    { keys: keysOfTxn },
  );
}

function largeValues(value) {
  return Object.assign(
    async (number) => {
      await call("KV", "Put", { key: nameOf(number, 0), value, ...nothingElse() });
      return 1;
    },
    { keys: 1 },
  );
}

function nothingElse() {
  return { lease: 0n, prevKv: false, ignoreValue: false, ignoreLease: false };
}

function pageOf(put) {
  return put.keys === 1 ? Math.max(1, Math.floor(2 ** 20 / valueBytes)) : keysOfPage;
}

function nameOf(number, at) {
  const rest = createHash("sha256")
    .update(`${number}/${at}`)
    .digest("hex")
    .repeat(Math.ceil(keyBytes / 64));
  return `full/${String(number).padStart(10, "0")}/${rest}`.slice(0, Math.max(keyBytes, 32));
}

async function start(flags = lastFlags) {
  lastFlags = flags;
  const [client, peer] = ports.map((port) => `http://127.0.0.1:${port}`);
  const urls = ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer];
  const all = ["--data-dir", join(folder, "data"), ...urls, ...flags];
  const [program, args] = limited([options.server, ...all]);
  const env = { ...process.env, ...(heap > 0 && { NODE_OPTIONS: `--max-old-space-size=${heap}` }) };
  child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"], env });
  link = grpcTransport({ endpoints: [client] }).links[0];
  for (const began = performance.now(); ; await pause(20)) {
    try {
      await call("KV", "Range", { key: "first" }, 2_000);
      return;
    } catch (error) {
      if (performance.now() - began > startMsMax) throw error;
    }
  }
}

async function end(signal) {
  link.close();
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  await ended;
}

function call(service, method, fields, timeoutMs = 300_000) {
  if (child.exitCode !== null || child.signalCode !== null) {
    throw new Error(`the member ended by itself: ${child.exitCode ?? child.signalCode}`);
  }
  const rpc = services[`etcdserverpb.${service}`][method];
  return link.unary(rpc, rpc.request.create(fields), { metadata: {}, timeoutMs });
}

function makeGroup() {
  const path = `/sys/fs/cgroup/memory/etcd-full-${process.pid}`;
  mkdirSync(path);
  writeFileSync(join(path, "memory.limit_in_bytes"), String(memory));
  return path;
}

/** The command, in the control group when there is to be one. */
function limited(command) {
  if (memory === 0) return [command[0], command.slice(1)];
  if (group === undefined) {
    return ["systemd-run", ["--scope", "--quiet", "-p", `MemoryMax=${memory}`, "-p", "MemorySwapMax=0", ...command]];
  }
  return ["sh", ["-c", `echo $$ >${group}/cgroup.procs && exec "$0" "$@"`, ...command]];
}

function usage() {
  const text = `${residentMiB(child.pid).toFixed(0)} MiB resident, ${cpuSeconds(child.pid).toFixed(0)} s of CPU`;
  if (group === undefined) return text;
  const most = Number(readFileSync(join(group, "memory.max_usage_in_bytes"), "utf8")) / 2 ** 20;
  const killed = /oom_kill (\d+)/.exec(readFileSync(join(group, "memory.oom_control"), "utf8"))?.[1];
  return `${text}, at most ${most.toFixed(0)} MiB in the group with its files, ${killed ?? 0} kills`;
}

function since(began) {
  return ((performance.now() - began) / 1_000).toFixed(1);
}

function fail(text) {
  failed = true;
  console.log(`FAILED: ${text}`);
}
