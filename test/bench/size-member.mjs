// A member that is measured: its process, its files, and calls to it.
import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { grpcTransport } from "../../dist/client/index.js";
import { services } from "../../dist/wire/index.js";
import { cpuSeconds, freePort, residentMiB } from "./servers.mjs";

/** How long a start may take, with very many keys and on a busy machine. */
const startMsMax = 600_000;
/** How long a member may go on working after the last answer, before it counts as settled all the same. */
const settleMsMax = 120_000;
/** CPU time in two seconds below which a member does nothing but tick. */
const idleCpuSeconds = 0.15;
const forever = { metadata: {}, timeoutMs: Number.POSITIVE_INFINITY };
const observer = fileURLToPath(new URL("../hostile/loop-observer.mjs", import.meta.url));

/** All members that have not been removed. */
const members = new Set();

export async function removeMembers() {
  await Promise.all([...members].map((member) => member.remove()));
}

/** A server, started with a folder of its own. */
export class BenchedMember {
  #folder;
  #keepsFolder;
  #server;
  #child;
  #ended;
  #ports;
  #link;
  /** Lines that V8 printed about collections, when the server is started with `node`. */
  #collections = "";

  /**
   * @param server its `name`, `command` and further `flags`
   * @param folder where its data is kept, also when it is removed; by default a new folder that is removed
   */
  constructor(server, folder) {
    this.#server = server;
    this.#keepsFolder = folder !== undefined;
    this.#folder = folder === undefined ? mkdtempSync(join(tmpdir(), "etcd-size-")) : join(folder, server.name);
    mkdirSync(this.#folder, { recursive: true });
    members.add(this);
  }

  /** Chooses its ports, which `start` does as well. A folder that is kept knows them, since its members do. */
  async choosePorts() {
    const file = join(this.#folder, "ports");
    if (existsSync(file)) this.#ports ??= JSON.parse(readFileSync(file, "utf8"));
    this.#ports ??= [await freePort(), await freePort()];
    writeFileSync(file, JSON.stringify(this.#ports));
  }

  /**
   * Starts the server.
   *
   * @param cluster flags that say which cluster it joins, as a learner; by default it founds its own
   * @returns seconds and CPU seconds until its first linearizable read, which a learner cannot answer
   */
  async start(cluster) {
    await this.choosePorts();
    const client = this.endpoint;
    const [program, ...args] = this.#server.command.split(" ");
    const urls = ["--listen-client-urls", client, "--advertise-client-urls", client];
    const peers = ["--listen-peer-urls", this.peerUrl, "--initial-advertise-peer-urls", this.peerUrl];
    const founding = cluster ?? ["--initial-cluster", `default=${this.peerUrl}`];
    const quota = ["--quota-backend-bytes", String(100 * 2 ** 30), "--enable-pprof", ...this.#server.flags];
    const flags = ["--data-dir", join(this.#folder, "data"), ...urls, ...peers, ...founding, ...quota];
    const traces = program === "node" ? ["--trace-gc", "--import", observer] : [];
    const begin = performance.now();
    this.#child = spawn(program, [...traces, ...args, ...flags], {
      stdio: ["ignore", program === "node" ? "pipe" : "ignore", "ignore"],
      env: { ...process.env, HOSTILE_OBSERVER: this.#observerPath },
    });
    this.#child.stdout?.on("data", (chunk) => {
      this.#collections += chunk;
    });
    this.#ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#link = this.openLink();
    for (;;) {
      if (!this.runs) throw new Error(`${this.#server.name} ended with ${this.#child.exitCode}`);
      try {
        await this.call("KV", "Range", { key: "first", serializable: cluster !== undefined }, 1_000);
        return { seconds: (performance.now() - begin) / 1_000, cpu: this.cpuSeconds() };
      } catch (error) {
        if (performance.now() - begin > startMsMax) throw error;
        await pause(5);
      }
    }
  }

  get runs() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async stop(signal = "SIGTERM") {
    this.#link.close();
    this.#child.kill(signal);
    await this.#ended;
  }

  /** Ends the process and removes its files, unless the caller gave the folder. */
  async remove() {
    this.#link?.close();
    this.#child?.kill("SIGKILL");
    await this.#ended;
    members.delete(this);
    rmSync(this.#observerPath, { force: true });
    if (!this.#keepsFolder) rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Another connection to the server; the caller closes it. */
  openLink() {
    return grpcTransport({ endpoints: [this.endpoint] }).links[0];
  }

  get endpoint() {
    return `http://127.0.0.1:${this.#ports[0]}`;
  }

  get peerUrl() {
    return `http://127.0.0.1:${this.#ports[1]}`;
  }

  call(service, method, fields, timeoutMs = Number.POSITIVE_INFINITY, link = this.#link) {
    const rpc = services[`etcdserverpb.${service}`][method];
    return link.unary(rpc, rpc.request.create(fields), { ...forever, timeoutMs });
  }

  stream(service, method, listener, link = this.#link) {
    return link.stream(services[`etcdserverpb.${service}`][method], forever, listener);
  }

  cpuSeconds() {
    return cpuSeconds(this.#child.pid);
  }

  residentMiB() {
    return residentMiB(this.#child.pid);
  }

  /** Resident memory that is not backed by a file, which the machine cannot take back. */
  anonymousMiB() {
    return Number(/RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${this.#child.pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  }

  /** Resident memory after a garbage collection, when the work that follows the last answers has ended. */
  async settledMiB() {
    await this.settle();
    for (let times = 0; times < 2; times++) {
      const response = await fetch(`${this.endpoint}/debug/pprof/heap?gc=1&seconds=1`);
      if (!response.ok) throw new Error(`no garbage collection: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    }
    return this.residentMiB();
  }

  /** Waits until the server has written and merged what there was to be. */
  async settle() {
    const end = performance.now() + settleMsMax;
    for (let before = this.cpuSeconds(); performance.now() < end; before = this.cpuSeconds()) {
      await pause(2_000);
      if (this.cpuSeconds() - before < idleCpuSeconds) return;
    }
  }

  /**
   * Measures the event loop of a server of ours since the last call: the longest CPU and wall time between
   * two ticks, the longest collection, and the size of the heap now. Undefined for other servers.
   */
  async loop() {
    if (this.#child.stdout === null) return undefined;
    const pauses = [...this.#collections.matchAll(/ (Scavenge|Mark-Compact)[^\n]*? MB, ([\d.]+) \//g)];
    this.#collections = "";
    const longest = (kind) => Math.max(0, ...pauses.filter(([, name]) => name === kind).map(([, , ms]) => Number(ms)));
    return {
      ...JSON.parse(await text(connect(this.#observerPath))),
      markCompactMs: longest("Mark-Compact"),
      scavengeMs: longest("Scavenge"),
    };
  }

  /** Puts a key every 5 ms, from a thread of its own, while `work` runs. @returns the waits in ms, sorted */
  async pulseDuring(work) {
    const pulse = new Worker(new URL("./pulse.mjs", import.meta.url), { workerData: { endpoint: this.endpoint } });
    const waits = new Promise((resolve, reject) => pulse.once("message", resolve).once("error", reject));
    await pause(300);
    const result = await work();
    await pause(300);
    pulse.postMessage("end");
    const sorted = (await waits).sort((one, other) => one - other);
    await pulse.terminate();
    return { result, p99: sorted[Math.floor(0.99 * sorted.length)] ?? 0, longest: sorted.at(-1) ?? 0 };
  }

  diskMiB() {
    return Number(execFileSync("du", ["-sm", this.#folder]).toString().split("\t")[0]);
  }

  get #observerPath() {
    return join(tmpdir(), `etcd-size-loop-${process.pid}-${this.#ports[0]}`);
  }
}
