import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Logger,
  ManualClock,
  type MemberId,
  type Random,
  seededRandom,
  silentLogger,
} from "../../../src/base/index.js";
import { EtcdServer, type ServerConfig, serverDefaults } from "../../../src/server/index.js";
import { MemoryDisk } from "../memory-disk.js";
import { ProcessClock, settle } from "./clock.js";
import { VirtualNetwork } from "./network.js";
import { ReceivedInMemory } from "./received.js";
import { slowStore } from "./slow-disk.js";

/** Time moves in steps of so much. */
const stepMs = 5;
const writeMsMax = 6;
/** The folder of a database that came with a snapshot ends with the snapshot's index. */
const receivedDatabase = /db-[0-9a-f]+$/;

/** One member: its disk stays, its processes come and go. */
export class VirtualMember {
  readonly name: string;
  readonly peerUrl: string;
  /** While it is pending, the state of a received snapshot is not loaded. */
  loading: Promise<void> | undefined;
  readonly #cluster: VirtualCluster;
  readonly #disk = new MemoryDisk();
  readonly #received = new ReceivedInMemory();
  readonly #dir: string;
  #server: EtcdServer | undefined;
  #clock: ProcessClock | undefined;

  constructor(cluster: VirtualCluster, name: string, peerUrl: string, dir: string) {
    this.#cluster = cluster;
    this.name = name;
    this.peerUrl = peerUrl;
    this.#dir = dir;
  }

  /** Undefined while it is down. */
  get running(): EtcdServer | undefined {
    return this.#server;
  }

  get server(): EtcdServer {
    if (this.#server === undefined) throw new Error(`${this.name} is down`);
    return this.#server;
  }

  async start(overrides: Partial<ServerConfig> = {}): Promise<EtcdServer> {
    const { clock: shared, network, random, config } = this.#cluster;
    await settle();
    const clock = new ProcessClock(shared);
    this.#clock = clock;
    const disk = seededRandom(random.int(2 ** 31));
    // Real files are read meanwhile, so time must stand still, and the disk take none.
    let started = false;
    this.#server = await EtcdServer.start(
      { ...config(this), dataDir: this.#dir, ...overrides },
      {
        clock,
        random: seededRandom(random.int(2 ** 31)),
        logger: this.#cluster.logger,
        openStore: async (dir) => {
          const held = receivedDatabase.test(dir) ? this.loading : undefined;
          return slowStore(await this.#disk.open(dir), clock, () => (started ? disk.int(writeMsMax) : 0), held);
        },
        receivedSnapshots: this.#received,
        peers: network.access(
          clock,
          () => this.#server,
          (url) => this.#cluster.members.find(({ peerUrl }) => peerUrl === url)?.running,
        ),
      },
    );
    started = true;
    await settle();
    return this.#server;
  }

  /** The process is gone from one moment to the next, with whatever it had not written. */
  kill(): void {
    const { server } = this;
    this.#clock?.die();
    this.#disk.crash();
    this.#cluster.network.forget(server.memberId);
    this.#server = undefined;
  }

  /** The process is stopped, and knows nothing of it: what comes for it waits in its sockets. */
  pause(): void {
    this.#clock?.pause();
  }

  resume(): void {
    this.#clock?.resume();
  }

  async stop(): Promise<void> {
    const { server } = this;
    await this.#cluster.during(server.stop());
    this.#clock?.die();
    this.#server = undefined;
  }
}

/** A cluster in one process, on one clock, from one seed. */
export class VirtualCluster {
  readonly clock = new ManualClock();
  readonly random: Random;
  readonly network: VirtualNetwork;
  readonly members: VirtualMember[] = [];
  /** How often members have said what, in their logs. */
  readonly said = new Map<string, number>();
  readonly logger: Logger;
  readonly #root = mkdtempSync(join(tmpdir(), "etcd-sim-"));
  readonly #overrides: Partial<ServerConfig>;

  constructor(seed: number, size: number, overrides: Partial<ServerConfig> = {}) {
    this.random = seededRandom(seed);
    this.network = new VirtualNetwork(this.clock, this.random);
    this.#overrides = overrides;
    const count = (message: string): void => void this.said.set(message, (this.said.get(message) ?? 0) + 1);
    this.logger = { ...silentLogger, info: count, warn: count, error: count };
    // Ids of requests begin with the time, which is the same in every run.
    this.clock.advance(1_000);
    for (let at = 0; at < size; at++) this.addMember();
  }

  /** A member that was not started yet. */
  addMember(): VirtualMember {
    const at = this.members.length;
    const member = new VirtualMember(this, `m${at}`, `http://127.0.0.1:${33_000 + at}`, join(this.#root, `m${at}`));
    this.members.push(member);
    return member;
  }

  /** Starts all members, and waits for a leader and a version. */
  static async start(seed: number, size: number, overrides: Partial<ServerConfig> = {}): Promise<VirtualCluster> {
    const cluster = new VirtualCluster(seed, size, overrides);
    const initialCluster = cluster.members.map(({ name, peerUrl }) => ({ name, peerUrls: [peerUrl] }));
    for (const member of cluster.members) await member.start({ initialCluster });
    await cluster.until(() => cluster.members.every(({ server }) => server.clusterVersion() !== undefined));
    return cluster;
  }

  readonly config = ({ name, peerUrl }: VirtualMember): Omit<ServerConfig, "dataDir"> => ({
    ...serverDefaults,
    name,
    initialCluster: [],
    advertisePeerUrls: [peerUrl],
    advertiseClientUrls: [peerUrl.replace("33", "34")],
    ...this.#overrides,
  });

  get running(): EtcdServer[] {
    return this.members.flatMap(({ running }) => (running === undefined ? [] : [running]));
  }

  get ids(): MemberId[] {
    return this.running.map(({ memberId }) => memberId);
  }

  /** The member that leads, as it believes itself; of several, one of the newest term. */
  get leader(): VirtualMember | undefined {
    const leading = this.members.filter(({ running }) => running?.leadership.leading);
    return leading.sort((one, other) => other.server.headers.at().raftTerm - one.server.headers.at().raftTerm)[0];
  }

  async advance(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.clock.advance(stepMs);
      await settle();
    }
  }

  async until(condition: () => boolean, msMax = 60_000): Promise<void> {
    for (let passed = 0; !condition(); passed += stepMs) {
      if (passed > msMax) throw new Error(`not within ${msMax} ms: ${condition}`);
      await this.advance(stepMs);
    }
  }

  /** Lets time pass until the promise is settled, and gives what it gave. */
  async during<Result>(promise: Promise<Result>, msMax = 60_000): Promise<Result> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    promise.then(end, end);
    await settle();
    await this.until(() => over, msMax);
    return await promise;
  }

  async dispose(): Promise<void> {
    for (const member of this.members) if (member.running !== undefined) member.kill();
    await settle();
    rmSync(this.#root, { recursive: true, force: true });
  }
}
