import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { TestAuthority, type TestCertificate } from "../support/certificates.js";
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

/** Three members whose heartbeats are observed by a proxy. */
export class WatchedCluster {
  readonly #threads: number;
  readonly #folder: string;
  readonly #ports: readonly Ports[];
  readonly #servers: ServerProcess[] = [];
  readonly #clients: TestClient[] = [];
  readonly #proxy: ChildProcess;
  readonly #lines: Interface;
  readonly #authority: TestAuthority;
  #certificate: TestCertificate | undefined;
  #leader = 0;

  private constructor(
    threads: number,
    folder: string,
    ports: readonly Ports[],
    proxy: ChildProcess,
    authority: TestAuthority,
  ) {
    this.#threads = threads;
    this.#folder = folder;
    this.#ports = ports;
    this.#proxy = proxy;
    this.#lines = createInterface({ input: proxy.stdout ?? process.stdin });
    this.#authority = authority;
  }

  /** @param threads how many threads each member has */
  static async start(threads: number): Promise<WatchedCluster> {
    const folder = await mkdtemp(join(tmpdir(), "etcd-watched-"));
    const authority = await TestAuthority.create();
    const ports: Ports[] = [];
    for (let at = 0; at < 3; at++) {
      ports.push({ client: await freePort(), peer: await freePort(), proxy: await freePort() });
    }
    const pairs = ports.map(({ proxy, peer }) => `${proxy}:${peer}`);
    const proxy = spawn(process.execPath, [proxyProgram, ...pairs], { stdio: ["pipe", "pipe", "inherit"] });
    const cluster = new WatchedCluster(threads, folder, ports, proxy, authority);
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
    return this.#clientOf(this.#follower);
  }

  /** Finds the leader, which is blocked and observed from now on. @returns its term */
  async term(): Promise<number> {
    // A follower that is stopped does not answer.
    const asked = await Promise.allSettled(
      this.#clients.map((client) => client.unary("etcdserverpb.Maintenance", "Status")),
    );
    const statuses = asked.map((answer) => (answer.status === "fulfilled" ? answer.value : undefined));
    this.#leader = statuses.findIndex((status) => status !== undefined && status.header?.memberId === status.leader);
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
    socket.write(`block ${ms}`);
    await once(socket, "data");
    socket.resume();
    return { free };
  }

  /** Makes so many objects in the heap of the leader's main thread, and collects it. */
  async collect(objects: number): Promise<void> {
    const socket = connect(this.#blocker(this.#leader));
    socket.write(`collect ${objects}`);
    socket.resume();
    await once(socket, "close");
  }

  /** Stops a member that follows. */
  async stopFollower(): Promise<void> {
    await this.#servers[this.#follower]?.kill("SIGTERM");
  }

  /** Starts the member again that `stopFollower` has stopped. */
  async startFollower(): Promise<ServerProcess> {
    const at = this.#follower;
    const server = await this.#startServer(at);
    this.#servers[at] = server;
    return server;
  }

  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.#proxy.kill();
    this.#authority.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #startServers(): Promise<void> {
    this.#certificate = await this.#authority.issue("server", { name: "server", hosts: ["127.0.0.1"] });
    const ends = await Promise.allSettled(this.#ports.map((_, at) => this.#startServer(at)));
    for (const end of ends) if (end.status === "fulfilled") this.#servers.push(end.value);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    for (const { client } of this.#ports) this.#clients.push(new TestClient(`127.0.0.1:${client}`));
    await this.term();
  }

  #startServer(at: number): Promise<ServerProcess> {
    const { client = 0, peer = 0, proxy = 0 } = this.#ports[at] ?? {};
    const { certFile = "", keyFile = "" } = this.#certificate ?? {};
    const initialCluster = this.#ports.map(({ proxy }, at) => `m${at}=http://127.0.0.1:${proxy}`).join(",");
    const flags = [
      ...["--name", `m${at}`, "--initial-cluster", initialCluster, "--threads", String(this.#threads)],
      ...["--heartbeat-interval", String(heartbeatMs), "--election-timeout", String(electionMs)],
      // A member that was away for a moment needs a snapshot.
      ...["--snapshot-count", "100", "--experimental-snapshot-catchup-entries", "10"],
      ...["--listen-client-urls", `http://127.0.0.1:${client},https://127.0.0.1:${client}`],
      ...["--advertise-client-urls", `http://127.0.0.1:${client}`],
      ...["--cert-file", certFile, "--key-file", keyFile],
      ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
      ...["--initial-advertise-peer-urls", `http://127.0.0.1:${proxy}`],
    ];
    const env = { NODE_OPTIONS: `--import ${blockProgram}`, BLOCK_MAIN: this.#blocker(at) };
    const dataDir = join(this.#folder, `m${at}`);
    return ServerProcess.start({ kind: "ours", clientPort: client, dataDir, flags, env });
  }

  get #follower(): number {
    return (this.#leader + 1) % 3;
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
