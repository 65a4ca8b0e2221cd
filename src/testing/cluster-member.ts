import { type Logger, type MemberId, type Random, seededRandom } from "../base/index.js";
import { type EtcdOptions, type EtcdPlace, startAmong } from "../embed/index.js";
import type { RunningMember } from "../main/index.js";
import { type Binding, runningBy } from "../rpc/index.js";
import type { EtcdServer } from "../server/index.js";
import { Faults } from "./faults.js";
import type { VirtualNetwork } from "./network.js";
import { ProcessClock } from "./process-clock.js";
import { SimulatedDisk } from "./simulated-disk.js";
import type { TestClock } from "./test-clock.js";
import { TestEtcd } from "./test-etcd.js";

/** The parts that all members of a cluster share. */
export interface ClusterWorld {
  readonly clock: TestClock;
  readonly random: Random;
  readonly network: VirtualNetwork;
  readonly settings: EtcdOptions;
  readonly logger: Logger;
  /** Whether members listen on real ports. */
  readonly listen: boolean;
  /** The member with a peer URL. */
  readonly find: (peerUrl: string) => ClusterMember | undefined;
}

/** One member of a cluster in this process. Its disk lasts, and its process can end and start again. */
export class ClusterMember {
  readonly name: string;
  readonly peerUrl: string;
  readonly disk: SimulatedDisk;
  readonly faults: Faults;
  readonly #world: ClusterWorld;
  #initialCluster = "";
  #clock: ProcessClock | undefined;
  #server: EtcdServer | undefined;
  #etcd: TestEtcd | undefined;
  #id: MemberId | undefined;
  /** The port of its clients, which a restarted member keeps. */
  #clientUrl = "http://127.0.0.1:0";

  constructor(name: string, world: ClusterWorld) {
    this.name = name;
    this.peerUrl = `http://${name}.test:2380`;
    this.#world = world;
    this.disk = new SimulatedDisk(name, world.logger);
    this.faults = new Faults(world.clock);
  }

  /** The process; undefined while the member is down. */
  get running(): TestEtcd | undefined {
    return this.#etcd;
  }

  /** @throws Error before the first start */
  get id(): MemberId {
    if (this.#id === undefined) throw new Error(`${this.name} has not been started`);
    return this.#id;
  }

  get leads(): boolean {
    return this.#etcd !== undefined && this.#clock?.paused !== true && this.#server?.leadership.leading === true;
  }

  get term(): number {
    return this.#server?.headers.at().raftTerm ?? 0;
  }

  /** @param initialCluster the members, for the first start */
  async start(initialCluster = this.#initialCluster): Promise<void> {
    const { clock: shared, random, network, settings, logger, listen, find } = this.#world;
    this.#initialCluster = initialCluster;
    const clock = new ProcessClock(shared);
    this.#clock = clock;
    const peers = network.access(
      clock,
      () => this.#server,
      (url) => find(url)?.current,
    );
    const around = {
      ...{ clock, peers, random: seededRandom(random.int(2 ** 31)), disk: this.disk },
      bindings: (bindings: readonly Binding[]) => heldWhilePaused(this.faults.around(bindings), clock),
      onServer: (server: EtcdServer) => {
        this.#server = server;
        this.#id = server.memberId;
      },
    };
    const options = {
      ...settings,
      ...{ name: this.name, logger, initialCluster, initialAdvertisePeerUrls: this.peerUrl, listenPeerUrls: "" },
      ...(listen ? { clientUrl: this.#clientUrl } : { listen: false }),
    };
    const make = (member: RunningMember, place: EtcdPlace): TestEtcd =>
      new TestEtcd(member, place, shared, this.faults);
    this.#etcd = await startAmong(options, around, make);
    this.#clientUrl = this.#etcd.endpoints[0] ?? this.#clientUrl;
    // A member whose disk has failed ends, as its process would.
    void this.#etcd.failed.then(() => (this.#clock === clock ? this.kill() : undefined));
  }

  /** The server as other members reach it; undefined while the process is down. */
  get current(): EtcdServer | undefined {
    return this.#server;
  }

  async moveLeader(target: MemberId): Promise<void> {
    await this.#etcd?.moveLeader(target);
  }

  async kill(): Promise<void> {
    const etcd = this.#etcd;
    const server = this.#server;
    const clock = this.#clock;
    this.#etcd = undefined;
    this.#server = undefined;
    this.disk.crash();
    if (server !== undefined) this.#world.network.forget(server.memberId);
    clock?.resume();
    await etcd?.abandon();
    clock?.die();
  }

  async stop(): Promise<void> {
    const etcd = this.#etcd;
    await etcd?.stop();
    this.#clock?.die();
    this.#etcd = undefined;
    this.#server = undefined;
  }

  pause(): void {
    this.#clock?.pause();
  }

  resume(): void {
    this.#clock?.resume();
  }
}

/** The methods of a process that may be paused: a call waits, and so does its answer. */
function heldWhilePaused(bindings: readonly Binding[], clock: ProcessClock): readonly Binding[] {
  return bindings.map((binding): Binding => {
    if (binding.kind === "stream") {
      return runningBy(binding, async (stream) => {
        await clock.running();
        await binding.run(stream);
      });
    }
    return {
      ...binding,
      run: async (request, call, log) => {
        await clock.running();
        const answer = await binding.run(request, call, log);
        await clock.running();
        return answer;
      },
    };
  });
}
