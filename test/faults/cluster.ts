import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestClient } from "../support/client.js";
import { freePort, type ServerKind, ServerProcess } from "../support/server-process.js";
import { LinkProxy } from "./proxy.js";
import { type ClusterSecurity, inTheClear } from "./security.js";

/** A member, running or not. */
export class Member {
  readonly name: string;
  readonly kind: ServerKind;
  readonly clientPort: number;
  readonly #dataDir: string;
  readonly #flags: readonly string[];
  readonly #security: ClusterSecurity;
  #process: ServerProcess | undefined;
  /** The member id in hex, as sent to peers. Empty before the first start. */
  id = "";

  constructor(
    name: string,
    kind: ServerKind,
    clientPort: number,
    dataDir: string,
    flags: readonly string[],
    security: ClusterSecurity,
  ) {
    this.#security = security;
    this.name = name;
    this.kind = kind;
    this.clientPort = clientPort;
    this.#dataDir = dataDir;
    this.#flags = flags;
  }

  get endpoint(): string {
    return `127.0.0.1:${this.clientPort}`;
  }

  get log(): string {
    return this.#process?.log ?? "";
  }

  client(deadlineMs?: number): TestClient {
    return this.#security.client(this.endpoint, deadlineMs);
  }

  user(deadlineMs?: number): TestClient {
    return this.#security.user(this.endpoint, deadlineMs);
  }

  /** Starts the member. Resolves when it serves clients, which needs a quorum. */
  async start(): Promise<void> {
    const { kind, clientPort } = this;
    this.#process = await ServerProcess.start({ kind, clientPort, dataDir: this.#dataDir, flags: this.#flags });
    const client = this.client();
    const { header } = await client.unary("etcdserverpb.Maintenance", "Status");
    this.id = header?.memberId.toString(16) ?? "";
    client.close();
  }

  async kill(): Promise<void> {
    await this.#process?.kill("SIGKILL");
  }

  pause(): void {
    process.kill(this.#process?.pid ?? 0, "SIGSTOP");
  }

  resume(): void {
    process.kill(this.#process?.pid ?? 0, "SIGCONT");
  }
}

/** Members as processes, with a proxy in front of each peer port. */
export class FaultyCluster {
  readonly members: readonly Member[];
  readonly #folder: string;
  readonly #security: ClusterSecurity;
  #proxies: LinkProxy[] = [];
  /** The pairs of ids whose links are cut. */
  readonly #cut = new Set<string>();
  delayMs = 0;

  private constructor(members: readonly Member[], folder: string, security: ClusterSecurity) {
    this.#security = security;
    this.members = members;
    this.#folder = folder;
  }

  static async start(kinds: readonly ServerKind[], security = inTheClear): Promise<FaultyCluster> {
    const { scheme } = security;
    const folder = await mkdtemp(join(tmpdir(), "etcd-faults-"));
    const ports: { name: string; kind: ServerKind; client: number; peer: number; proxy: number }[] = [];
    for (const [at, kind] of kinds.entries()) {
      const [client, peer, proxy] = [await freePort(), await freePort(), await freePort()];
      ports.push({ name: `m${at + 1}`, kind, client, peer, proxy });
    }
    const initialCluster = ports.map(({ name, proxy }) => `${name}=${scheme}://127.0.0.1:${proxy}`).join(",");
    const members = ports.map(({ name, kind, client, peer, proxy }) => {
      const flags = [
        ...["--name", name, "--advertise-client-urls", `${scheme}://127.0.0.1:${client}`],
        ...["--listen-client-urls", `${scheme}://127.0.0.1:${client}`],
        ...["--listen-peer-urls", `${scheme}://127.0.0.1:${peer}`],
        ...["--initial-advertise-peer-urls", `${scheme}://127.0.0.1:${proxy}`, "--initial-cluster", initialCluster],
        ...security.flags,
      ];
      return new Member(name, kind, client, join(folder, name), flags, security);
    });
    const cluster = new FaultyCluster(members, folder, security);
    for (const [at, { peer, proxy }] of ports.entries()) cluster.#proxies.push(await cluster.#proxy(at, proxy, peer));
    await Promise.all(members.map((member) => member.start()));
    const operator = members[0]?.client();
    if (operator !== undefined) await security.prepare(operator);
    operator?.close();
    return cluster;
  }

  /** The index of the leader, according to a member that answers. */
  async leader(): Promise<number> {
    for (const member of this.members) {
      const client = member.client(500);
      try {
        const { leader } = await client.unary("etcdserverpb.Maintenance", "Status");
        const at = this.members.findIndex(({ id }) => id === leader.toString(16));
        if (at >= 0) return at;
      } catch {
        // This member is down or paused, so the next one is asked.
      } finally {
        client.close();
      }
    }
    return 0;
  }

  /** Cuts all links between members in `group` and others. */
  partition(group: readonly number[]): void {
    for (const inside of group) {
      for (const outside of this.members.keys()) if (!group.includes(outside)) this.cut(inside, outside);
    }
  }

  cut(one: number, other: number): void {
    const [first, second] = [this.members[one]?.id ?? "", this.members[other]?.id ?? ""];
    this.#cut.add(`${first}>${second}`).add(`${second}>${first}`);
    for (const proxy of this.#proxies) proxy.enforce();
  }

  heal(): void {
    this.#cut.clear();
    this.delayMs = 0;
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #proxy(at: number, port: number, target: number): Promise<LinkProxy> {
    const rules = {
      isCut: (from: string) => this.#cut.has(`${from}>${this.members[at]?.id}`),
      delayMs: () => this.delayMs,
    };
    return LinkProxy.open(port, target, rules, this.#security);
  }
}
