// Measures the cost of authentication: the server's CPU time for a put with and without it. Authentication is enabled
// and disabled on one server between rounds.
//   node test/bench/auth.mjs [--tokens simple|jwt] [--rounds 4] [--puts 10000]
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Client, credentials, Metadata } from "@grpc/grpc-js";
import { services } from "../../dist/wire/index.js";
import { freePort } from "./servers.mjs";

const { values: options } = parseArgs({
  options: {
    tokens: { type: "string", default: "simple" },
    rounds: { type: "string", default: "4" },
    puts: { type: "string", default: "10000" },
  },
});
const clients = 100;
const ticksPerSecond = 100;
const value = Buffer.alloc(256, "v");

const folder = mkdtempSync(join(tmpdir(), "etcd-bench-"));
const server = await start();
const client = new Client(server.endpoint, credentials.createInsecure());
try {
  await prepare();
  const costs = { off: [], on: [] };
  await round(undefined);
  for (let at = 0; at < Number(options.rounds); at++) {
    costs.off.push(await round(undefined));
    await ask("etcdserverpb.Auth", "AuthEnable", {});
    const [root, writer] = [await logIn("root"), await logIn("writer")];
    costs.on.push(await round(writer));
    await ask("etcdserverpb.Auth", "AuthDisable", {}, root);
  }
  const [off, on] = [median(costs.off), median(costs.on)];
  const ratio = median(costs.on.map((cost, at) => cost / costs.off[at]));
  console.log(`a put costs ${off.toFixed(1)} us of CPU without authentication and ${on.toFixed(1)} us with it`);
  console.log(
    `(${options.tokens} tokens): ${((ratio - 1) * 100).toFixed(1)} % more, median of ${options.rounds} pairs`,
  );
} finally {
  client.close();
  server.child.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}

async function prepare() {
  const auth = "etcdserverpb.Auth";
  await ask(auth, "RoleAdd", { name: "writes" });
  for (let at = 0; at < 20; at++) {
    const perm = { permType: 2, key: `bench/${at}/`, rangeEnd: `bench/${at}0` };
    await ask(auth, "RoleGrantPermission", { name: "writes", perm });
  }
  for (const [name, role] of [
    ["root", "root"],
    ["writer", "writes"],
  ]) {
    await ask(auth, "UserAdd", { name, password: name });
    await ask(auth, "UserGrantRole", { user: name, role });
  }
}

async function logIn(name) {
  return (await ask("etcdserverpb.Auth", "Authenticate", { name, password: name })).token;
}

/** Measures a round. @returns the server's CPU time for a put, in microseconds */
async function round(token) {
  const puts = Number(options.puts);
  const before = cpuSeconds();
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < puts; at = next++) {
      await ask("etcdserverpb.KV", "Put", { key: `bench/${at % 20}/${at % 5000}`, value }, token);
    }
  };
  await Promise.all(Array.from({ length: clients }, worker));
  return ((cpuSeconds() - before) / puts) * 1e6;
}

function cpuSeconds() {
  const fields = readFileSync(`/proc/${server.child.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

function median(numbers) {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
}

function ask(service, name, request, token) {
  const method = services[service][name];
  const metadata = new Metadata();
  if (token !== undefined) metadata.set("token", token);
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(
      method.path,
      (message) => Buffer.from(method.request.encode(method.request.create(message))),
      (bytes) => method.response.decode(bytes),
      request,
      metadata,
      {},
      (error, response) => (error ? reject(error) : resolve(response)),
    );
  });
}

async function start() {
  const [clientPort, peerPort] = [await freePort(), await freePort()];
  const [endpoint, peer] = [`127.0.0.1:${clientPort}`, `http://127.0.0.1:${peerPort}`];
  const flags = ["--data-dir", join(folder, "data"), "--bcrypt-cost", "4", "--log-level", "error"];
  flags.push("--listen-client-urls", `http://${endpoint}`, "--advertise-client-urls", `http://${endpoint}`);
  flags.push("--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`);
  if (options.tokens === "jwt") {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    writeFileSync(join(folder, "jwt.key"), privateKey.export({ type: "pkcs8", format: "pem" }));
    flags.push("--auth-token", `jwt,sign-method=RS256,priv-key=${join(folder, "jwt.key")},ttl=1h`);
  }
  const child = spawn(process.execPath, ["bin/etcd", ...flags], { stdio: ["ignore", "ignore", "inherit"] });
  for (;;) {
    const answer = await fetch(`http://${endpoint}/health`).catch(() => undefined);
    if (answer?.ok) return { child, endpoint };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
