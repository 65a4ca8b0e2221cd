import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { LevelStore } from "../../../src/backend/index.js";
import {
  type Logger,
  ManualClock,
  type MemberId,
  type Random,
  seededRandom,
  silentLogger,
} from "../../../src/base/index.js";
import { FileDisk } from "../../../src/server/disk/file-disk.js";
import { ReceivedInMemory } from "../../../src/server/disk/received-in-memory.js";
import { EtcdServer, type ServerConfig, serverDefaults } from "../../../src/server/index.js";
import { VirtualNetwork } from "../../../src/testing/network.js";
import { ProcessClock } from "../../../src/testing/process-clock.js";
import { actorsWanted, consensusActor } from "../../support/consensus-actor.js";
import { MemoryDisk } from "../memory-disk.js";
import { settle } from "./settle.js";
import { slowStore } from "./slow-disk.js";

/** The step of the virtual time, in ms. */
const stepMs = 5;
const writeMsMax = 6;
/** Matches the folder of a received database, whose name ends with the index of the snapshot. */
const receivedDatabase = /db-[0-9a-f]+$/;

/** One member: its disk lasts, and its process can end and start again. */
export class VirtualMember {
  readonly name: string;
  readonly peerUrl: string;
  /** A promise that delays the load of a received snapshot until it is resolved. */
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

  /** The server of the current process; undefined while the member is down. */
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
    // The start reads real files. So virtual time must stand still, and the simulated disk must not need any.
    let started = false;
    const around = { clock, random: seededRandom(random.int(2 ** 31)), logger: this.#cluster.logger };
    const openStore = async (dir: string): Promise<LevelStore> => {
      const held = receivedDatabase.test(dir) ? this.loading : undefined;
      return slowStore(await this.#disk.open(dir), clock, () => (started ? disk.int(writeMsMax) : 0), held);
    };
    const peers = network.access(
      clock,
      () => this.#server,
      (url) => this.#cluster.members.find(({ peerUrl }) => peerUrl === url)?.running,
    );
    const storage = { openStore, receivedSnapshots: this.#received };
    const settings = { ...config(this), dataDir: this.#dir, ...overrides };
    const { connect } = peers;
    const fileDisk = new FileDisk({ ...around, ...storage, dataDir: this.#dir, unsafeNoSync: settings.unsafeNoSync });
    this.#server = await EtcdServer.start(settings, {
      ...{ ...around, ...storage, peers },
      ...(actorsWanted && { openConsensus: consensusActor({ ...around, connect, disk: fileDisk }) }),
    });
    started = true;
    await settle();
    return this.#server;
  }

  /** Ends the process at once. Data that it has not written is lost. */
  kill(): void {
    const { server } = this;
    this.#clock?.die();
    this.#disk.crash();
    this.#cluster.network.forget(server.memberId);
    this.#server = undefined;
  }

  /** Pauses the process without its knowledge, like SIGSTOP. Messages to it wait in its sockets. */
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

/** A cluster in one process, on one virtual clock, with random choices from one seed. */
export class VirtualCluster {
  readonly clock = new ManualClock();
  readonly random: Random;
  readonly network: VirtualNetwork;
  readonly members: VirtualMember[] = [];
  /** The number of times that each message has been logged by the members. */
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
    // Request ids contain the time. A fixed time makes them the same in every run.
    this.clock.advance(1_000);
    for (let at = 0; at < size; at++) this.addMember();
  }

  /** Adds a member that is not started yet. */
  addMember(): VirtualMember {
    const at = this.members.length;
    const member = new VirtualMember(this, `m${at}`, `http://127.0.0.1:${33_000 + at}`, join(this.#root, `m${at}`));
    this.members.push(member);
    return member;
  }

  /** Starts all members, and waits for a leader and a cluster version. */
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

  /** The member that regards itself as the leader. If there are several, one with the newest term. */
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

  /** Advances the virtual time until the promise settles, and returns its result. */
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
