import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect as connectPlain, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { connect as connectTls } from "node:tls";
import { fileURLToPath } from "node:url";
import { type ChannelCredentials, credentials } from "@grpc/grpc-js";
import { TestAuthority } from "../support/certificates.js";
import { TestClient } from "../support/client.js";
import { freePort, ServerProcess } from "../support/server-process.js";

export interface StageOptions {
  readonly members: 1 | 3;
  /** `tls`: the servers have a certificate; `auth`: there are users, and clients send a token. */
  readonly security: "clear" | "tls" | "auth";
}

/**
 * The longest time between two ticks of a server's main loop, in CPU time of that thread and in wall time, its longest
 * pause for a garbage collection, and its current memory.
 */
export interface TickGap {
  readonly cpuMs: number;
  readonly wallMs: number;
  readonly gcMs: number;
  readonly heapMiB: number;
  readonly bufferMiB: number;
}

/** The latencies and failures of another client's calls during an attack. */
export interface Bystander {
  readonly calls: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly longestMs: number;
  readonly failures: readonly string[];
}

const observer = fileURLToPath(new URL("loop-observer.mjs", import.meta.url));
const bystander = fileURLToPath(new URL("bystander.mjs", import.meta.url));
const password = "let me in";

/** Servers under attack, with measurements of their health. Attacks are sent to `target`, the leader. */
export class Stage {
  readonly options: StageOptions;
  readonly #folder: string;
  readonly #authority: TestAuthority | undefined;
  readonly #servers: ServerProcess[] = [];
  readonly #clients: TestClient[] = [];
  #target = 0;
  #idleBytes = 0;
  #token: string | undefined;

  private constructor(options: StageOptions, folder: string, authority: TestAuthority | undefined) {
    this.options = options;
    this.#folder = folder;
    this.#authority = authority;
  }

  /** Starts the members, each with `flags`, and finds the leader. */
  static async open(options: StageOptions, flags: readonly string[] = []): Promise<Stage> {
    const folder = await mkdtemp(join(tmpdir(), "etcd-hostile-"));
    const authority = options.security === "tls" ? await TestAuthority.create() : undefined;
    const stage = new Stage(options, folder, authority);
    const issued = await authority?.issue("server", { name: "server", hosts: ["127.0.0.1", "localhost"] });
    const tls = issued === undefined ? [] : ["--cert-file", issued.certFile, "--key-file", issued.keyFile];
    const ports = await Promise.all(
      Array.from({ length: options.members }, async () => ({ client: await freePort(), peer: await freePort() })),
    );
    const scheme = options.security === "tls" ? "https" : "http";
    const initialCluster = ports.map(({ peer }, at) => `m${at}=http://127.0.0.1:${peer}`).join(",");
    const starting = ports.map(({ client, peer }, at) =>
      ServerProcess.start({
        kind: "ours",
        // The bound on memory holds for a server as operators start it.
        launcher: true,
        clientPort: client,
        dataDir: join(folder, `m${at}`),
        env: {
          NODE_OPTIONS: `--import ${observer} ${process.env.HOSTILE_NODE_OPTIONS ?? ""}`,
          HOSTILE_OBSERVER: stage.#observerPath(at),
        },
        flags: [
          ...["--name", `m${at}`, "--initial-cluster", initialCluster],
          ...["--listen-client-urls", `${scheme}://127.0.0.1:${client}`],
          ...["--advertise-client-urls", `${scheme}://127.0.0.1:${client}`],
          ...["--listen-peer-urls", `http://127.0.0.1:${peer}`],
          ...["--initial-advertise-peer-urls", `http://127.0.0.1:${peer}`],
          ...["--quota-backend-bytes", String(8 * 2 ** 30)],
          ...tls,
          ...flags,
        ],
      }),
    );
    stage.#servers.push(...(await Promise.all(starting)));
    if (options.security === "auth") await stage.#enableAuth();
    await stage.#findLeader();
    return stage;
  }

  get #server(): ServerProcess {
    const server = this.#servers[this.#target];
    if (server === undefined) throw new Error("the stage has no members");
    return server;
  }

  /** The address of the attacked member, as `host:port`. */
  get target(): string {
    return this.#server.endpoint;
  }

  /** The token that calls must send; undefined when none is needed. */
  get token(): string | undefined {
    return this.#token;
  }

  /** A client of the attacked member with all rights. It is closed with the stage. */
  client(): TestClient {
    const client = new TestClient(this.target, undefined, this.#channel(), this.#token);
    this.#clients.push(client);
    return client;
  }

  /** Opens a bare connection to the attacked member, over TLS if the member has a certificate. */
  async dial(protocol: "h2" | "http/1.1" = "h2"): Promise<Socket> {
    const [host = "", port = ""] = this.target.split(":");
    const socket =
      this.#authority === undefined
        ? connectPlain(Number(port), host)
        : connectTls({ host, port: Number(port), ca: this.#authority.cert, ALPNProtocols: [protocol] });
    socket.on("error", () => undefined); // The server may hang up on an attacker.
    await once(socket, this.#authority === undefined ? "connect" : "secureConnect");
    return socket;
  }

  /** The longest gap between ticks of all members since the previous call. */
  async tickGap(): Promise<TickGap> {
    const gaps = await Promise.all(
      this.#servers.map(async (_, at) => {
        const socket = connectPlain(this.#observerPath(at));
        return JSON.parse(await text(socket)) as TickGap;
      }),
    );
    const most = (field: keyof TickGap): number => Math.max(...gaps.map((gap) => gap[field]));
    return {
      cpuMs: most("cpuMs"),
      wallMs: most("wallMs"),
      gcMs: most("gcMs"),
      heapMiB: most("heapMiB"),
      bufferMiB: most("bufferMiB"),
    };
  }

  /** The resident bytes of the attacked member when `markIdle` was called. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** Records the memory of the attacked member before the first attack. Attacks are blamed for later growth. */
  markIdle(): void {
    this.#idleBytes = this.#statusBytes("VmRSS");
  }

  /** Resets the peak of the attacked member's memory. */
  resetPeakBytes(): void {
    writeFileSync(`/proc/${this.#server.pid}/clear_refs`, "5");
  }

  /** The largest number of resident bytes of the attacked member since `resetPeakBytes`. */
  peakBytes(): number {
    return this.#statusBytes("VmHWM");
  }

  /** The raft term, which every change of leader raises. */
  async term(): Promise<number> {
    const client = new TestClient(this.target, 30_000, this.#channel(), this.#token);
    try {
      const { raftTerm } = await client.unary("etcdserverpb.Maintenance", "Status");
      return raftTerm;
    } finally {
      client.close();
    }
  }

  /**
   * Lets another client make calls. The returned function stops it and gives its results.
   *
   * @param callsMin the minimum number of its calls
   */
  async bystander(callsMin: number): Promise<() => Promise<Bystander>> {
    const options = {
      endpoints: [this.target],
      ...(this.#authority === undefined ? {} : { caText: this.#authority.cert }),
      ...(this.#token === undefined ? {} : { auth: { user: "root", password } }),
    };
    const child = spawn(process.execPath, [bystander, JSON.stringify({ options, key: "bystander", callsMin })], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    let printed = "";
    const ready = new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        printed += chunk.toString("utf8");
        if (printed.startsWith("ready\n")) resolve();
      });
      child.once("exit", (code) => reject(new Error(`the bystander ended with code ${code}`)));
    });
    await ready;
    return async () => {
      const ended = once(child, "close");
      child.stdin.end();
      await ended;
      return JSON.parse(printed.slice("ready\n".length)) as Bystander;
    };
  }

  /** Throws if a member's process has ended. */
  checkAlive(): void {
    for (const server of this.#servers) {
      if (server.exitCode !== null) throw new Error(`a member ended with ${server.exitCode}:\n${server.log}`);
    }
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    // With a profiler (`HOSTILE_NODE_OPTIONS=--cpu-prof`) the server must end by itself to write its profile.
    if (process.env.HOSTILE_NODE_OPTIONS !== undefined) await this.#server.kill("SIGTERM");
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.#authority?.remove();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #observerPath(at: number): string {
    return join(this.#folder, `observer${at}`);
  }

  #channel(): ChannelCredentials {
    if (this.#authority === undefined) return credentials.createInsecure();
    return credentials.createSsl(Buffer.from(this.#authority.cert));
  }

  async #enableAuth(): Promise<void> {
    const client = this.client();
    await client.unary("etcdserverpb.Auth", "UserAdd", { name: "root", password });
    await client.unary("etcdserverpb.Auth", "RoleAdd", { name: "root" });
    await client.unary("etcdserverpb.Auth", "UserGrantRole", { user: "root", role: "root" });
    await client.unary("etcdserverpb.Auth", "AuthEnable");
    const { token } = await client.unary("etcdserverpb.Auth", "Authenticate", { name: "root", password });
    this.#token = token;
  }

  async #findLeader(): Promise<void> {
    for (;;) {
      for (this.#target = 0; this.#target < this.#servers.length; this.#target++) {
        const client = new TestClient(this.target, 30_000, this.#channel(), this.#token);
        const { leader, header } = await client.unary("etcdserverpb.Maintenance", "Status");
        client.close();
        if (leader !== 0n && leader === header?.memberId) return;
      }
    }
  }

  #statusBytes(name: "VmRSS" | "VmHWM"): number {
    const status = readFileSync(`/proc/${this.#server.pid}/status`, "utf8");
    return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)?.[1]) * 1024;
  }
}
