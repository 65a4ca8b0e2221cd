import { type Logger, type MemberId, type Random, seededRandom, silentLogger } from "../../src/base/index.js";
import { FileDisk } from "../../src/server/disk/file-disk.js";
import { EtcdServer, type ServerConfig, serverDefaults } from "../../src/server/index.js";
import { ProcessClock } from "../../src/testing/process-clock.js";
import { consensusActor, delayed } from "../support/consensus-actor.js";
import { SimDisk } from "./disk.js";
import { files } from "./files.js";
import { FrontEndActor, type MemberCalls } from "./front-end.js";
import type { History } from "./history.js";
import type { SimNetwork } from "./links.js";
import type { Release } from "./newer-member.js";
import type { SimClock } from "./time.js";
import type { Trace } from "./trace.js";
import { everything, type KeyRange, type Watched, type Watcher, Watching } from "./watching.js";

/** The parts that all machines share. */
export interface Surroundings {
  readonly clock: SimClock;
  readonly trace: Trace;
  readonly history: History;
  readonly network: SimNetwork;
  readonly settings: Partial<ServerConfig>;
  /** The founding members of the cluster. */
  readonly initialCluster: ServerConfig["initialCluster"];
  /** The machines of the current members. */
  readonly machines: readonly Machine[];
  /** Consensus, keys and the front end of a member are separate actors, with messages between them. */
  readonly actors: boolean;
  /** Members write their log lines to the trace. */
  readonly logs: boolean;
  /** Ends the run with its first failure. */
  readonly fail: (error: unknown) => void;
}

/** One process of a member. */
export class MemberProcess {
  readonly clock: ProcessClock;
  readonly random: Random;
  readonly name: string;
  readonly peerUrl: string;
  readonly release: Release;
  readonly takesTables: boolean;
  readonly fail: (error: unknown) => void;
  /** The server; undefined while it starts. */
  server: EtcdServer | undefined;
  /** The front end, if it is an actor of its own; undefined until it serves clients. */
  frontEnd: FrontEndActor | undefined;
  /** Functions that are called once, when the process has ended. */
  readonly onDeath = new Set<() => void>();
  /** Whether clients reach the server through a front end that is an actor of its own. */
  readonly #actors: boolean;

  constructor(machine: Machine, clock: ProcessClock, random: Random, world: Pick<Surroundings, "actors" | "fail">) {
    this.#actors = world.actors;
    this.name = machine.name;
    this.peerUrl = machine.peerUrl;
    this.release = machine.release;
    this.takesTables = machine.takesTables;
    this.fail = world.fail;
    this.clock = clock;
    this.random = random;
  }

  /** Where clients send their requests; undefined while the member starts. */
  get calls(): MemberCalls | undefined {
    return this.#actors ? this.frontEnd : this.server;
  }

  /** A watcher of a client; undefined while the member starts. */
  watch(range: KeyRange, startRevision: number, watched: Watched): Watcher | undefined {
    if (this.#actors) return this.frontEnd?.watch(range, startRevision, watched);
    if (this.server === undefined) return undefined;
    return new Watching(this.server, range, startRevision, watched, (run) => this.clock.after(0, run));
  }
}

/** The machine of one member. Its disk lasts, and its process can end and start again. */
export class Machine {
  readonly name: string;
  readonly peerUrl: string;
  readonly release: Release;
  /** Whether the member takes databases as tables and in parts. */
  readonly takesTables: boolean;
  readonly disk: SimDisk;
  readonly #world: Surroundings;
  readonly #random: Random;
  readonly #dir: string;
  readonly #wallSkewMs: number;
  #process: MemberProcess | undefined;
  #crashed: Promise<void> = Promise.resolve();
  #joins = false;
  #retired = false;
  /** The id of the member; undefined before its first start. */
  memberId: MemberId | undefined;
  /** Whether the removal of the member was requested. */
  leaving = false;

  constructor(world: Surroundings, at: number, random: Random, release: Release, takesTables: boolean) {
    this.release = release;
    this.takesTables = takesTables;
    this.#world = world;
    this.#random = random;
    this.name = `m${at}`;
    this.peerUrl = `http://127.0.0.1:${33_000 + at}`;
    this.#dir = `/sim/${this.name}`;
    this.disk = new SimDisk(random);
    this.#wallSkewMs = random.int(10_000);
  }

  /** The running process; undefined while the member is down. */
  get process(): MemberProcess | undefined {
    return this.#process;
  }

  /** The running server; undefined while the member is down or starts. */
  get server(): EtcdServer | undefined {
    return this.#process?.server;
  }

  /** Starts a process if none runs. */
  start(): void {
    if (this.#process !== undefined || this.#retired) return;
    const { clock: shared, trace } = this.#world;
    const random = seededRandom(this.#random.int(2 ** 32));
    const clock = new ProcessClock(shared, this.#random.int(1_000_000), this.#wallSkewMs);
    const process = new MemberProcess(this, clock, random, this.#world);
    this.#process = process;
    files.delaySyncs(this.#dir, () => this.disk.pass(clock));
    trace.note(`${this.name} starts`);
    this.#crashed
      .then(() => EtcdServer.start(this.#config(), this.#depsOf(process)))
      .then((server) => this.#started(process, server))
      .catch((error: unknown) => {
        if (!clock.dead) this.#notStarted(error);
      });
  }

  /** Starts as a new member, which was added to the cluster before. */
  join(): void {
    this.#joins = true;
    this.start();
  }

  /** Ends the process for good. */
  retire(): void {
    this.#retired = true;
    this.kill();
  }

  /** Ends the process at once, and the machine with it: unsynced data is lost. */
  kill(): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#world.trace.note(`${this.name} dies`);
    process.clock.die();
    this.#process = undefined;
    this.#world.network.leave(this.name);
    files.crash(this.#dir);
    this.#crashed = this.disk.crash();
    for (const listener of process.onDeath) listener();
  }

  /** Lets databases that arrive from other members fail to be written, or be written again. */
  breakArrivals(broken: boolean): void {
    files.break(`${this.#dir}/member/snap`, broken);
  }

  pause(): void {
    if (this.#process === undefined) return;
    this.#world.trace.note(`${this.name} is paused`);
    this.#process.clock.pause();
  }

  resume(): void {
    if (this.#process?.clock.paused !== true) return;
    this.#world.trace.note(`${this.name} goes on`);
    this.#process.clock.resume();
  }

  /** Handles a failed start. A joining member may find no other member, and a removed member cannot start again. */
  #notStarted(error: unknown): void {
    const { trace, fail, clock } = this.#world;
    if (!this.#joins && !this.leaving) fail(new Error(`${this.name} did not start`, { cause: error }));
    trace.note(`${this.name} does not start: ${error instanceof Error ? error.message : error}`);
    this.kill();
    clock.after(500, () => this.start());
  }

  #started(process: MemberProcess, server: EtcdServer): void {
    const { fail, history, trace } = this.#world;
    if (process.clock.dead) return;
    process.server = server;
    this.memberId = server.memberId;
    trace.note(`${this.name} runs`);
    if (this.#world.actors) this.#openFrontEnd(process, server);
    void server.failed.then((error) => {
      if (!process.clock.dead) fail(new Error(`${this.name} cannot go on`, { cause: error }));
    });
    void server.removed.then(() => {
      if (!this.leaving) fail(new Error(`${this.name} believes to be removed`));
      if (!process.clock.dead) this.kill();
    });
    // The watcher gets the member's whole history and all changes that the member applies later.
    const watched = {
      told: (revision: number, facts: Parameters<typeof history.tell>[2]) => {
        try {
          history.tell(this.name, revision, facts);
        } catch (error) {
          fail(error);
        }
      },
      skipped: () => undefined,
    };
    new Watching(server, everything, 1, watched, (run) => process.clock.after(0, run));
  }

  #openFrontEnd(process: MemberProcess, server: EtcdServer): void {
    const delays = seededRandom(this.#random.int(2 ** 32));
    const frontEnd = new FrontEndActor(server, process.clock, delays, this.#world.fail);
    void frontEnd.ready.then(() => {
      process.frontEnd = frontEnd;
    });
  }

  #config(): ServerConfig {
    const { initialCluster, machines } = this.#world;
    const members = machines.map(({ name, peerUrl }) => ({ name, peerUrls: [peerUrl] }));
    return {
      ...serverDefaults,
      ...this.#world.settings,
      apiLevel: this.release.level,
      name: this.name,
      dataDir: this.#dir,
      initialCluster: this.#joins ? members : initialCluster,
      initialClusterState: this.#joins ? "existing" : "new",
      advertisePeerUrls: [this.peerUrl],
      advertiseClientUrls: [this.peerUrl.replace("33", "34")],
    };
  }

  #depsOf(process: MemberProcess): Parameters<typeof EtcdServer.start>[1] {
    const { clock, random } = process;
    const logger = this.#world.logs ? this.#logger() : silentLogger;
    const openStore = (dir: string): ReturnType<SimDisk["open"]> => this.disk.open(dir, clock);
    const peers = this.#world.network.enter(process);
    const alone = { clock, random, logger, openStore, peers };
    if (!this.#world.actors) return alone;
    // A segment of the log is full after some dozens of writes.
    const segmentBytes = 20_000;
    const disk = new FileDisk({ dataDir: this.#dir, unsafeNoSync: false, clock, logger, openStore, segmentBytes });
    const delays = seededRandom(this.#random.int(2 ** 32));
    const openConsensus = consensusActor(
      { connect: peers.connect, disk, clock, random, logger },
      delayed(delays, clock),
    );
    return { ...alone, openConsensus };
  }

  #logger(): Logger {
    const note = (message: string, fields: object = {}): void => {
      this.#world.trace.note(`${this.name} says: ${message} ${JSON.stringify(fields)}`);
    };
    return { debug: note, info: note, warn: note, error: note };
  }
}
