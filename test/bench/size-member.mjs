// A member that is measured: its process, its files, and calls to it.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { grpcTransport } from "../../dist/client/index.js";
import { services } from "../../dist/wire/index.js";
import { cpuSeconds, freePort, residentMiB } from "./servers.mjs";

/** How long a start may take, with very many keys and on a busy machine. */
const startMsMax = 600_000;
const forever = { metadata: {}, timeoutMs: Number.POSITIVE_INFINITY };

/** A server, started with a folder of its own. */
export class BenchedMember {
  #folder = mkdtempSync(join(tmpdir(), "etcd-size-"));
  #server;
  #child;
  #ended;
  #ports;
  #link;

  /** @param server its `name`, `command` and further `flags` */
  constructor(server) {
    this.#server = server;
  }

  /** Starts the server. @returns seconds until its first linearizable read */
  async start() {
    this.#ports ??= [await freePort(), await freePort()];
    const [client, peer] = this.#ports.map((port) => `http://127.0.0.1:${port}`);
    const [program, ...args] = this.#server.command.split(" ");
    const urls = ["--listen-client-urls", client, "--advertise-client-urls", client, "--listen-peer-urls", peer];
    const founding = ["--initial-advertise-peer-urls", peer, "--initial-cluster", `default=${peer}`];
    const quota = ["--quota-backend-bytes", String(100 * 2 ** 30), "--enable-pprof", ...this.#server.flags];
    const flags = ["--data-dir", join(this.#folder, "data"), ...urls, ...founding, ...quota];
    const begin = performance.now();
    this.#child = spawn(program, [...args, ...flags], { stdio: "ignore" });
    this.#ended = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#link = this.openLink();
    for (;;) {
      if (this.#child.exitCode !== null) throw new Error(`${this.#server.name} ended with ${this.#child.exitCode}`);
      try {
        await this.call("KV", "Range", { key: "first" }, 1_000);
        return (performance.now() - begin) / 1_000;
      } catch (error) {
        if (performance.now() - begin > startMsMax) throw error;
        await pause(5);
      }
    }
  }

  async stop() {
    this.#link.close();
    this.#child.kill("SIGTERM");
    await this.#ended;
  }

  /** Ends the process and removes its files. */
  async remove() {
    this.#link?.close();
    this.#child?.kill("SIGKILL");
    await this.#ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Another connection to the server; the caller closes it. */
  openLink() {
    return grpcTransport({ endpoints: [this.endpoint] }).links[0];
  }

  get endpoint() {
    return `http://127.0.0.1:${this.#ports[0]}`;
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

  /** Resident memory after a garbage collection. */
  async settledMiB() {
    // Work that follows the last answers ends first: writes to the disk, and compactions of its files.
    await pause(2_000);
    for (let times = 0; times < 2; times++) {
      const response = await fetch(`http://127.0.0.1:${this.#ports[0]}/debug/pprof/heap?gc=1&seconds=1`);
      if (!response.ok) throw new Error(`no garbage collection: ${response.status} ${await response.text()}`);
      await response.arrayBuffer();
    }
    return this.residentMiB();
  }

  diskMiB() {
    return Number(execFileSync("du", ["-sm", this.#folder]).toString().split("\t")[0]);
  }
}
