// Servers that the benchmark starts: one member or three, with or without TLS and authentication.
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "../../dist/client/index.js";
import { cpuSeconds, freePort, residentMiB, threadSeconds } from "./servers.mjs";

const password = "benchmark";

/** The members that one command starts, and clients of them. */
export class Cluster {
  results = {};
  #folder = mkdtempSync(join(tmpdir(), "etcd-bench-"));
  #children = [];

  /**
   * @param definition `NAME=COMMAND`; etcd's own flags are appended to the command
   * @param setting number of members, and whether `tls` and `jwt` are on
   */
  static async start(definition, setting) {
    const cluster = new Cluster();
    const at = definition.indexOf("=");
    cluster.name = definition.slice(0, at);
    cluster.setting = setting;
    try {
      await cluster.#start(definition.slice(at + 1).split(" "));
      if (setting.jwt) await cluster.#enableAuth();
    } catch (error) {
      cluster.stop();
      throw error;
    }
    return cluster;
  }

  async #start([program, ...args]) {
    const { members, tls, jwt } = this.setting;
    const scheme = tls ? "https" : "http";
    const urls = [];
    for (let member = 0; member < members; member++) {
      const [client, peer] = [await freePort(), await freePort()];
      urls.push({ name: `m${member}`, client: `${scheme}://127.0.0.1:${client}`, peer: `http://127.0.0.1:${peer}` });
    }
    const initialCluster = urls.map(({ name, peer }) => `${name}=${peer}`).join(",");
    const flags = [...(tls ? ["--auto-tls"] : []), ...(jwt ? this.#jwtFlags() : [])];
    this.endpoints = urls.map(({ client }) => client);
    const ready = urls.map(({ name, client, peer }) =>
      this.#member(program, [
        ...args,
        ...["--name", name, "--data-dir", join(this.#folder, name), "--initial-cluster", initialCluster],
        ...["--listen-client-urls", client, "--advertise-client-urls", client],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
        ...["--quota-backend-bytes", String(8 * 2 ** 30), ...flags],
      ]),
    );
    await Promise.all(ready);
  }

  /** Starts a member. Resolves when it serves clients. */
  #member(program, args) {
    const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
    this.#children.push(child);
    return new Promise((resolve, reject) => {
      let log = "";
      child.stderr.on("data", (chunk) => {
        log += log.length < 1e6 ? chunk : "";
        if (log.includes("ready to serve client requests")) resolve();
      });
      child.once("error", reject);
      child.once("exit", () => reject(new Error(`${this.name} ended: ${log}`)));
    });
  }

  #jwtFlags() {
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const [pub, priv] = [join(this.#folder, "jwt.pub"), join(this.#folder, "jwt.key")];
    writeFileSync(pub, publicKey.export({ type: "spki", format: "pem" }));
    writeFileSync(priv, privateKey.export({ type: "pkcs1", format: "pem" }));
    // Connections log in before they are measured, so hashing is made cheap.
    return ["--bcrypt-cost", "4", "--auth-token", `jwt,pub-key=${pub},priv-key=${priv},sign-method=RS256,ttl=1h`];
  }

  async #enableAuth() {
    const client = this.client(0, undefined);
    await client.addUser({ name: "root", password, options: { noPassword: false } });
    await client.addRole("root").catch(() => undefined); // etcd 3.5 creates the role with the user's grant
    await client.grantRole("root", "root");
    await client.enableAuth();
    client.close();
  }

  /** A client with a connection of its own, to one of the members in turn. */
  client(at, auth = this.setting.jwt ? { user: "root", password } : undefined) {
    return new Client({
      endpoints: [this.endpoints[at % this.endpoints.length]],
      dialTimeoutMs: 10_000,
      tls: { insecureSkipVerify: true }, // the members make their own certificates
      ...(auth === undefined ? {} : { auth }),
    });
  }

  /** CPU seconds so far: of all members together, and of each of their threads. */
  used() {
    const pids = this.#children.map(({ pid }) => pid);
    const threads = new Map(pids.flatMap((pid) => [...threadSeconds(pid)]));
    return { all: pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0), threads };
  }

  /** Resident memory of the member that has most. */
  residentMiB() {
    return Math.max(...this.#children.map(({ pid }) => residentMiB(pid)));
  }

  stop() {
    for (const child of this.#children) child.removeAllListeners("exit").kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
