import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { etcdctl, type Outcome } from "../support/etcdctl.js";
import { freePort, type ServerKind, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

/** A member of a cluster, running or not. Its data is kept between two starts. */
export class Member {
  readonly name: string;
  readonly kind: ServerKind;
  readonly peerUrl: string;
  readonly #clientPort: number;
  readonly #dir: string;
  /** The root of another build of our server, for the next start. */
  build: string | undefined;
  #process: ServerProcess | undefined;

  constructor(name: string, kind: ServerKind, clientPort: number, peerUrl: string, dir: string) {
    this.name = name;
    this.kind = kind;
    this.peerUrl = peerUrl;
    this.#clientPort = clientPort;
    this.#dir = dir;
  }

  /** The same member, with another program and another directory. */
  movedTo(kind: ServerKind, dir: string): Member {
    return new Member(this.name, kind, this.#clientPort, this.peerUrl, dir);
  }

  get endpoint(): string {
    return `127.0.0.1:${this.#clientPort}`;
  }

  get dataDir(): string {
    return join(this.#dir, "data");
  }

  get process(): ServerProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was never started`);
    return this.#process;
  }

  /** Starts the member. Resolves when it serves clients. */
  async start(...flags: readonly string[]): Promise<void> {
    this.#process = await ServerProcess.start({
      kind: this.kind,
      build: this.build,
      clientPort: this.#clientPort,
      dataDir: this.#dir,
      // All members of a cluster run in one folder, so that relative paths of sockets are the same for all of them.
      workDir: dirname(this.#dir),
      flags: [
        ...["--name", this.name, "--advertise-client-urls", `http://${this.endpoint}`],
        ...["--listen-peer-urls", this.peerUrl, "--initial-advertise-peer-urls", this.peerUrl],
        ...flags,
      ],
    });
  }

  async forget(): Promise<void> {
    await this.kill();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    await this.#process?.kill(signal);
  }

  /** Runs the real etcdctl against this member. */
  ctl(...args: readonly string[]): Promise<Outcome> {
    return etcdctl("3.5", this.endpoint, args);
  }

  /** Like `ctl`, for a command that must succeed. */
  async done(...args: readonly string[]): Promise<string> {
    const { stdout, stderr, code } = await this.ctl(...args);
    if (code !== 0) throw new Error(`etcdctl ${args.join(" ")} at ${this.name}: ${stderr}`);
    return stdout;
  }

  /**
   * Repeats a change until it is accepted. A strict cluster refuses it until its members were connected for 5 seconds.
   */
  async accepted(...args: readonly string[]): Promise<void> {
    await until(async () => {
      const { code, stderr } = await this.ctl(...args);
      if (code !== 0 && !stderr.includes("unhealthy cluster")) throw new Error(stderr);
      return code === 0;
    });
  }
}

/** The members of a cluster on loopback, each in its own process. */
export class Members {
  readonly all: Member[] = [];
  readonly #folder: string;
  readonly #peerHost: string;

  private constructor(folder: string, peerHost: string) {
    this.#folder = folder;
    this.#peerHost = peerHost;
  }

  /** Starts a cluster of `a`, `b` and so on. */
  static start(...kinds: readonly ServerKind[]): Promise<Members> {
    return Members.startWith(() => [], kinds);
  }

  /** Like `start`, with more flags for each member. */
  static async startWith(
    flagsOf: (kind: ServerKind) => readonly string[],
    kinds: readonly ServerKind[],
  ): Promise<Members> {
    return await (await Members.planned(...kinds)).#startAll(flagsOf);
  }

  /** Like `start`, but members connect to each other through socket files instead of ports. */
  static async startAtSockets(...kinds: readonly ServerKind[]): Promise<Members> {
    return await (await Members.#plannedAt("unix://localhost", kinds)).#startAll(() => []);
  }

  /** The members `a`, `b` and so on, not started. */
  static planned(...kinds: readonly ServerKind[]): Promise<Members> {
    return Members.#plannedAt("http://127.0.0.1", kinds);
  }

  static async #plannedAt(peerHost: string, kinds: readonly ServerKind[]): Promise<Members> {
    const members = new Members(await mkdtemp(join(tmpdir(), "etcd-members-")), peerHost);
    for (const [at, kind] of kinds.entries()) await members.plan(String.fromCharCode(97 + at), kind);
    return members;
  }

  async #startAll(flagsOf: (kind: ServerKind) => readonly string[]): Promise<this> {
    const initial = ["--initial-cluster", this.initialCluster()];
    await Promise.all(this.all.map((member) => member.start(...initial, ...flagsOf(member.kind))));
    return this;
  }

  /** A member with ports and a directory, not started. */
  async plan(name: string, kind: ServerKind): Promise<Member> {
    const dir = await mkdtemp(join(this.#folder, `${name}-`));
    const member = new Member(name, kind, await freePort(), `${this.#peerHost}:${await freePort()}`, dir);
    this.all.push(member);
    return member;
  }

  /** The same member as another program, with a data directory of its own. It takes the place of the other one. */
  sameAs(member: Member, kind: ServerKind): Member {
    const same = member.movedTo(
      kind,
      join(this.#folder, `${member.name}-${this.all.length}-${kind.replace(" ", "-")}`),
    );
    this.all.push(same);
    return same;
  }

  named(name: string): Member {
    const member = this.all.find((one) => one.name === name);
    if (member === undefined) throw new Error(`there is no member ${name}`);
    return member;
  }

  initialCluster(...without: readonly Member[]): string {
    const members = this.all.filter((member) => !without.includes(member));
    return members.map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
  }

  /** The flags with which a planned member joins. */
  joining(...without: readonly Member[]): readonly string[] {
    return ["--initial-cluster-state", "existing", "--initial-cluster", this.initialCluster(...without)];
  }

  async idOf(asked: Member, { name, peerUrl }: Pick<Member, "name" | "peerUrl">): Promise<string> {
    const lines = (await asked.done("member", "list")).split("\n");
    const line = lines.find((row) => row.includes(`, ${name}, `) || row.includes(`, ${peerUrl},`));
    return line?.split(",")[0] ?? "";
  }

  /** The list of members, when all asked members give the same. */
  async list(...asked: readonly Member[]): Promise<string> {
    const lists = (): Promise<string[]> => Promise.all(asked.map((member) => member.done("member", "list")));
    await until(async () => new Set(await lists()).size === 1);
    return (await lists())[0] ?? "";
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((member) => member.kill()));
    await rm(this.#folder, { recursive: true, force: true });
  }
}
