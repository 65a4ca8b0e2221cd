import { type Random, seededRandom } from "../../src/base/index.js";
import type { RawNode } from "../../src/raft/index.js";
import { InvariantChecker } from "../../src/raft/invariants.js";
import { raftOf } from "../../src/raft/raw-node.js";
import type { ServerConfig } from "../../src/server/index.js";
import { files } from "./files.js";
import { History } from "./history.js";
import { SimNetwork } from "./links.js";
import { Machine, type Surroundings } from "./machine.js";
import { nodeOf } from "./nodes.js";
import { SimClock, settle } from "./time.js";
import { Trace } from "./trace.js";

export interface WorldConfig {
  readonly seed: number;
  readonly members: number;
  readonly settings: Partial<ServerConfig>;
  /** Prints every step, with what the members log. */
  readonly print?: boolean;
}

/** A cluster, its machines and the network between them, on one clock and one source of chance. */
export class World implements Surroundings {
  readonly clock = new SimClock();
  readonly trace: Trace;
  readonly history = new History(() => this.clock.now());
  readonly network: SimNetwork;
  /** Where the members are. */
  readonly machines: Machine[] = [];
  readonly settings: Partial<ServerConfig>;
  readonly initialCluster: ServerConfig["initialCluster"];
  readonly logs: boolean;
  readonly #checker = new InvariantChecker();
  /** State of each member at the last check. */
  readonly #checked = new Map<string, Marks>();
  readonly #random: Random;
  #made = 0;
  #failure: unknown;

  constructor({ seed, members, settings, print = false }: WorldConfig) {
    files.reset();
    this.#random = seededRandom(seed);
    this.logs = print;
    this.trace = new Trace(this.clock, print);
    this.network = new SimNetwork(this.fork(), this.trace);
    this.settings = settings;
    for (let at = 0; at < members; at++) this.machines.push(this.newMachine());
    this.initialCluster = this.machines.map(({ name, peerUrl }) => ({ name, peerUrls: [peerUrl] }));
  }

  /** Chance of its own, so that one part's draws do not shift another's. */
  fork(): Random {
    return seededRandom(this.#random.int(2 ** 32));
  }

  /** One that is not among the members yet. */
  newMachine(): Machine {
    return new Machine(this, this.#made++, this.fork());
  }

  /** It is a member no longer. */
  retire(machine: Machine): void {
    machine.retire();
    this.machines.splice(this.machines.indexOf(machine), 1);
  }

  readonly fail = (error: unknown): void => {
    this.#failure ??= error;
  };

  /** The member that leads as it believes itself; of several, the one of the newest term. */
  get leader(): Machine | undefined {
    const termOf = ({ process }: Machine): number => (process && nodeOf(process.random)?.basicStatus().term) ?? 0;
    const leading = this.machines.filter(({ server }) => server?.leadership.leading);
    return leading.sort((one, other) => termOf(other) - termOf(one))[0];
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.#settled();
    while (this.clock.next(end)) await this.#settled();
  }

  /** Lets time pass until something is so. */
  async until(what: string, condition: () => boolean, msMax = 60_000): Promise<void> {
    const end = this.clock.now() + msMax;
    await this.#settled();
    while (!condition()) {
      if (!this.clock.next(end)) throw new Error(`after ${msMax} ms it is still not so that ${what}`);
      await this.#settled();
    }
  }

  async #settled(): Promise<void> {
    await settle();
    this.#check();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Checks raft's promises after each step that changed something in it. */
  #check(): void {
    const changed = [];
    for (const { name, process } of this.machines) {
      const node = process && nodeOf(process.random);
      if (node === undefined) continue;
      const { term, vote, state, log } = raftOf(node);
      const marks: Marks = [node, term, vote, state, log.committed, log.lastIndex, log.firstIndex, log.applied];
      const before = this.#checked.get(name);
      if (before !== undefined && marks.every((mark, at) => mark === before[at])) continue;
      this.#checked.set(name, marks);
      this.trace.note(`${name} is at ${marks.slice(1).join(" ")}`);
      changed.push(node);
    }
    if (changed.length > 0) this.#checker.check(changed);
  }
}

/** Values that show whether a node has changed. */
type Marks = readonly (RawNode | string | number | bigint)[];
