import { GrpcCode, type Logger, seededRandom, silentLogger } from "../base/index.js";
import {
  AttemptError,
  Client,
  type CommonOptions,
  type Link,
  type LinkCall,
  type RpcMethod,
  type StreamListener,
} from "../client/index.js";
import type { EtcdOptions } from "../embed/index.js";
import { ClusterMember } from "./cluster-member.js";
import { VirtualNetwork } from "./network.js";
import type { SimulatedDisk } from "./simulated-disk.js";
import { TestClock } from "./test-clock.js";
import type { TestEtcd } from "./test-etcd.js";

/** Options of `startCluster`. */
export interface ClusterOptions {
  /** The number of members, named a, b, c and so on; 3 by default, at most 9. */
  readonly members?: number;
  /** Whether the members listen on real ports, for programs in other processes and languages; false by default. */
  readonly listen?: boolean;
  /** The source of all chances, such as the delay of a message; 1 by default. */
  readonly seed?: number;
  /** Settings of every member. */
  readonly settings?: Omit<EtcdOptions, "name" | "dataDir" | "clientUrl" | "listen" | "initialCluster">;
  /** Receives the log lines of all members; by default they are dropped. */
  readonly logger?: Logger;
}

/** Delay and loss of a member's messages. */
export interface SlowOptions {
  readonly latencyMs?: number;
  readonly lossPercent?: number;
}

const names = "abcdefghi";
/** The most time, on the clock of the cluster, that a change of its leader may take. */
const leaderMsMax = 60_000;
const lookMs = 10;

/**
 * A cluster in one process: real members on a simulated network and simulated disks. Its clock goes with real time, and
 * `clock.advance` moves it, so that a test waits for nothing.
 */
export class TestCluster implements AsyncDisposable {
  readonly clock: TestClock;
  readonly #network: VirtualNetwork;
  readonly #members: ReadonlyMap<string, ClusterMember>;
  /** The clients that are not closed. */
  readonly #clients = new Set<Client>();

  private constructor(clock: TestClock, network: VirtualNetwork, members: ReadonlyMap<string, ClusterMember>) {
    this.clock = clock;
    this.#network = network;
    this.#members = members;
  }

  /** Starts a cluster, and waits until it has a leader. @throws StartError when a setting cannot be used */
  static async start(options: ClusterOptions = {}): Promise<TestCluster> {
    const { members: count = 3, seed = 1, settings = {}, logger = silentLogger, listen = false } = options;
    if (!Number.isInteger(count) || count < 1 || count > names.length) {
      throw new RangeError(`a cluster has 1 to ${names.length} members, not ${count}`);
    }
    const clock = new TestClock();
    const random = seededRandom(seed);
    const network = new VirtualNetwork(clock, random);
    const members = new Map<string, ClusterMember>();
    for (const name of names.slice(0, count)) {
      const find = (url: string): ClusterMember | undefined => [...members.values()].find((one) => one.peerUrl === url);
      members.set(name, new ClusterMember(name, { clock, random, network, settings, logger, listen, find }));
    }
    const initialCluster = [...members.values()].map(({ name, peerUrl }) => `${name}=${peerUrl}`).join(",");
    const cluster = new TestCluster(clock, network, members);
    try {
      await Promise.all([...members.values()].map((member) => member.start(initialCluster)));
      await cluster.#until(() => cluster.#leader !== undefined);
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** The names of the members: a, b, c and so on. */
  get names(): readonly string[] {
    return [...this.#members.keys()];
  }

  /** The client URLs of the members that run and listen. */
  get endpoints(): readonly string[] {
    return [...this.#members.values()].flatMap(({ running }) => running?.endpoints ?? []);
  }

  /** The name of the leader that knows the newest term; undefined while there is none. */
  get leader(): string | undefined {
    return this.#leader?.name;
  }

  /** A member. @throws Error when there is none of this name, or it does not run */
  member(name: string): TestEtcd {
    const { running } = this.#find(name);
    if (running === undefined) throw new Error(`${name} does not run`);
    return running;
  }

  /** A client of all members, or of those named. It outlives their restarts; a member that does not run is skipped. */
  client({ members = this.names, ...options }: CommonOptions & { readonly members?: readonly string[] } = {}): Client {
    const closed = (): void => void this.#clients.delete(client);
    const links = members.map((name) => lastingLink(this.#find(name), closed));
    const client = new Client({ clock: this.clock, ...options, transport: { links } });
    this.#clients.add(client);
    return client;
  }

  /**
   * Cuts the network into groups: no message passes from one to another, and all do within one. Members that are not
   * named form a group. It replaces an earlier partition.
   */
  async partition(...groups: readonly (readonly string[])[]): Promise<void> {
    const groupOf = new Map(groups.flatMap((group, at) => group.map((name) => [this.#find(name), at] as const)));
    for (const from of this.#members.values()) {
      for (const to of this.#members.values()) {
        if (groupOf.get(from) === groupOf.get(to)) this.#network.join(from.id, to.id);
        else this.#network.cut(from.id, to.id);
      }
    }
  }

  /** Lets all messages pass again, without delay and loss. */
  async heal(): Promise<void> {
    this.#network.heal();
  }

  /** Delays and loses the messages of a member, both ways, until `heal`. */
  slow(name: string, { latencyMs = 0, lossPercent = 0 }: SlowOptions): void {
    this.#network.slow(this.#find(name).id, { latencyMs, lossPerMille: lossPercent * 10 });
  }

  /** The disk of a member, which can fill up and fail. */
  disk(name: string): Pick<SimulatedDisk, "fill" | "fail" | "repair"> {
    return this.#find(name).disk;
  }

  /** Ends a member at once, as `kill -9` does. What it has not written is lost. */
  async kill(name: string): Promise<void> {
    await this.#find(name).kill();
  }

  /** Starts a member that was killed, stopped or has failed, with the data of its disk. */
  async restart(name: string): Promise<void> {
    const member = this.#find(name);
    await member.kill();
    await member.start();
  }

  /** Stops a member in an orderly way. */
  async stopMember(name: string): Promise<void> {
    await this.#find(name).stop();
  }

  /** Pauses a member without its knowledge, as SIGSTOP does: it neither answers nor sends. */
  async pause(name: string): Promise<void> {
    this.#find(name).pause();
  }

  async resume(name: string): Promise<void> {
    this.#find(name).resume();
  }

  /** Hands the leadership to a member. @throws Error when there is no leader, or the member does not take it in time */
  async moveLeader(name: string): Promise<void> {
    const target = this.#find(name);
    const leader = this.#leader;
    if (leader === undefined) throw new Error("the cluster has no leader");
    if (leader === target) return;
    await leader.moveLeader(target.id);
    await this.#until(() => this.#leader === target);
  }

  /** Stops all members and closes the cluster's clients. */
  async stop(): Promise<void> {
    for (const client of this.#clients) client.close();
    this.heal();
    await Promise.all([...this.#members.values()].map((member) => member.kill()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  get #leader(): ClusterMember | undefined {
    const leading = [...this.#members.values()].filter((member) => member.leads);
    return leading.sort((one, other) => other.term - one.term)[0];
  }

  #find(name: string): ClusterMember {
    const member = this.#members.get(name);
    if (member === undefined) throw new Error(`the cluster has the members ${this.names.join(", ")}, and no ${name}`);
    return member;
  }

  /** Waits on the clock of the cluster. @throws Error when the condition does not hold in time */
  async #until(condition: () => boolean): Promise<void> {
    const end = this.clock.now() + leaderMsMax;
    while (!condition()) {
      if (this.clock.now() > end) throw new Error(`the cluster has not settled within ${leaderMsMax} ms of its clock`);
      await this.clock.advance(lookMs);
    }
  }
}

/** Starts a cluster in this process, for tests. @throws StartError when a setting cannot be used */
export function startCluster(options: ClusterOptions = {}): Promise<TestCluster> {
  return TestCluster.start(options);
}

/** A link to whatever process of the member runs at the moment of a call. @param onClosed called when it is closed */
function lastingLink(member: ClusterMember, onClosed: () => void): Link {
  const endpoint = `direct:${member.name}`;
  let current: { readonly of: TestEtcd; readonly link: Link } | undefined;
  let closed = false;
  const link = (): Link | undefined => {
    const { running } = member;
    if (running === undefined || closed) return undefined;
    if (current?.of !== running) current = { of: running, link: running.link() };
    return current.link;
  };
  const down = (): AttemptError => {
    if (closed) return new AttemptError(GrpcCode.Canceled, "the client is closed", endpoint, true);
    return new AttemptError(GrpcCode.Unavailable, `connection error: ${member.name} does not run`, endpoint, true);
  };
  return {
    endpoint,
    get state() {
      return member.running === undefined ? "failed" : "connected";
    },
    unary: async (method, request, call) => {
      const to = link();
      if (to === undefined) throw down();
      return await to.unary(method, request, call);
    },
    stream<Request, Response>(
      method: RpcMethod<Request, Response>,
      call: LinkCall,
      listener: StreamListener<Response>,
    ) {
      const to = link();
      if (to !== undefined) return to.stream(method, call, listener);
      let cancelled = false;
      setImmediate(() => {
        if (!cancelled) listener.closed(down());
      });
      const nothing = (): void => undefined;
      const cancel = (): void => {
        cancelled = true;
      };
      return { send: nothing, finish: nothing, cancel, pause: nothing, resume: nothing };
    },
    close() {
      closed = true;
      onClosed();
      current?.link.close();
    },
  };
}
