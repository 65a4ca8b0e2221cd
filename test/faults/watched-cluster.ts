import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TestAuthority } from "../support/certificates.js";
import { TestClient } from "../support/client.js";
import { freePort, ServerProcess } from "../support/server-process.js";

/** Longer than usual, so that a machine without CPU to spare is no failure. */
export const electionMs = 2_500;
export const heartbeatMs = 100;

const proxyProgram = fileURLToPath(new URL("heartbeat-proxy.mjs", import.meta.url));
const blockProgram = fileURLToPath(new URL("block-main.mjs", import.meta.url));

/** The messages of the leader on the stream of its heartbeats to one follower, and the longest time without one. */
export interface Heard {
  readonly messages: number;
  readonly longestMs: number;
}

interface Ports {
  readonly client: number;
  readonly peer: number;
  readonly proxy: number;
}

/** Three members whose consensus has a thread of its own, and whose heartbeats are observed by a proxy. */
export class WatchedCluster {
  readonly #folder: string;
  readonly #ports: readonly Ports[];
  readonly #servers: ServerProcess[] = [];
  readonly #clients: TestClient[] = [];
  readonly #proxy: ChildProcess;
  readonly #lines: Interface;
  readonly #authority: TestAuthority;
  #leader = 0;

  private constructor(folder: string, ports: readonly Ports[], proxy: ChildProcess, authority: TestAuthority) {
    this.#folder = folder;
    this.#ports = ports;
    this.#proxy = proxy;
    this.#lines = createInterface({ input: proxy.stdout ?? process.stdin });
    this.#authority = authority;
  }

  static async start(): Promise<WatchedCluster> {
    const folder = await mkdtemp(join(tmpdir(), "etcd-watched-"));
    const authority = await TestAuthority.create();
    const ports: Ports[] = [];
    for (let at = 0; at < 3; at++) {
      ports.push({ client: await freePort(), peer: await freePort(), proxy: await freePort() });
    }
    const pairs = ports.map(({ proxy, peer }) => `${proxy}:${peer}`);
    const proxy = spawn(process.execPath, [proxyProgram, ...pairs], { stdio: ["pipe", "pipe", "inherit"] });
    const cluster = new WatchedCluster(folder, ports, proxy, authority);
    try {
      await once(cluster.#lines, "line");
      await cluster.#startServers();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The client port of the leader, which serves plain text and TLS. */
  get clientPort(): number {
    return this.#ports[this.#leader]?.client ?? 0;
  }

  /** A client of the leader. */
  client(): TestClient {
    return this.#clientOf(this.#leader);
  }

  /** A client of a member that follows. */
  followerClient(): TestClient {
    return this.#clientOf((this.#leader + 1) % 3);
  }

  /** Finds the leader, which is blocked and observed from now on. @returns its term */
  async term(): Promise<number> {
    const asked = this.#clients.map((client) => client.unary("etcdserverpb.Maintenance", "Status"));
    const statuses = await Promise.all(asked);
    this.#leader = statuses.findIndex(({ header, leader }) => header?.memberId === leader);
    const status = statuses[this.#leader];
    if (status === undefined) throw new Error("nobody leads");
    return status.raftTerm;
  }

  /** The heartbeats of the leader since the previous call, on the stream of the follower that waited longest. */
  async heard(): Promise<Heard> {
    const answered = once(this.#lines, "line");
    this.#proxy.stdin?.write("\n");
    const [line] = await answered;
    const all: readonly Heard[] = JSON.parse(String(line));
    return all[this.#leader] ?? { messages: 0, longestMs: 0 };
  }

  /** Blocks the main thread of the leader. Resolves when it is blocked; `free` resolves when it goes on. */
  async block(ms: number): Promise<{ readonly free: Promise<unknown> }> {
    const socket = connect(this.#blocker(this.#leader));
    const free = once(socket, "close");
    socket.write(String(ms));
    await once(socket, "data");
    socket.resume();
    return { free };
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.#proxy.kill();
    this.#authority.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #startServers(): Promise<void> {
    const initialCluster = this.#ports.map(({ proxy }, at) => `m${at}=http://127.0.0.1:${proxy}`).join(",");
    const certificate = await this.#authority.issue("server", { name: "server", hosts: ["127.0.0.1"] });
    const started = this.#ports.map(({ client, peer, proxy }, at) => {
      const flags = [
        ...["--name", `m${at}`, "--initial-cluster", initialCluster, "--threads", "3"],
        ...["--heartbeat-interval", String(heartbeatMs), "--election-timeout", String(electionMs)],
        ...["--listen-client-urls", `http://127.0.0.1:${client},https://127.0.0.1:${client}`],
        ...["--advertise-client-urls", `http://127.0.0.1:${client}`],
        ...["--cert-file", certificate.certFile, "--key-file", certificate.keyFile],
        ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
        ...["--initial-advertise-peer-urls", `http://127.0.0.1:${proxy}`],
      ];
      const env = { NODE_OPTIONS: `--import ${blockProgram}`, BLOCK_MAIN: this.#blocker(at) };
      return ServerProcess.start({
        kind: "ours",
        clientPort: client,
        dataDir: join(this.#folder, `m${at}`),
        flags,
        env,
      });
    });
    const ends = await Promise.allSettled(started);
    for (const end of ends) if (end.status === "fulfilled") this.#servers.push(end.value);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    for (const { client } of this.#ports) this.#clients.push(new TestClient(`127.0.0.1:${client}`));
    await this.term();
  }

  #clientOf(at: number): TestClient {
    const client = this.#clients[at];
    if (client === undefined) throw new Error("the cluster has not started");
    return client;
  }

  #blocker(at: number): string {
    return join(this.#folder, `block-${at}`);
  }
}
