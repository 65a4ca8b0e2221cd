import { type Random, seededRandom } from "../../src/base/index.js";
import type { RawNode } from "../../src/raft/index.js";
import { InvariantChecker } from "../../src/raft/invariants.js";
import { raftOf } from "../../src/raft/raw-node.js";
import type { ServerConfig } from "../../src/server/index.js";
import { files } from "./files.js";
import { History } from "./history.js";
import { SimNetwork } from "./links.js";
import { Machine, type Surroundings } from "./machine.js";
import { joiningRelease, mixedReleases, newest, type Release } from "./newer-member.js";
import { nodeOf } from "./nodes.js";
import { SimClock, settle } from "./time.js";
import { Trace } from "./trace.js";

/** Which members take databases as tables: all, all but the first, or none, as in earlier releases. */
export type TableTakers = "all" | "all but one" | "none";

export interface WorldConfig {
  readonly seed: number;
  readonly members: number;
  readonly settings: Partial<ServerConfig>;
  readonly tables: TableTakers;
  /** Consensus, keys and the front end of a member are separate actors, with messages between them. */
  readonly actors?: boolean;
  /** Whether the members are of several releases, doubles of etcd 3.7 and 3.8 among them. */
  readonly mixed?: boolean;
  /** Whether to print all steps and the members' log lines. */
  readonly print?: boolean;
}

/** A cluster with its machines and its network, on one clock and one random source. */
export class World implements Surroundings {
  readonly clock = new SimClock();
  readonly trace: Trace;
  readonly history = new History(() => this.clock.now());
  readonly network: SimNetwork;
  /** The machines of the members. */
  readonly machines: Machine[] = [];
  readonly settings: Partial<ServerConfig>;
  readonly initialCluster: ServerConfig["initialCluster"];
  readonly logs: boolean;
  readonly actors: boolean;
  readonly #tables: TableTakers;
  readonly #checker = new InvariantChecker();
  /** The state of each member at the last check. */
  readonly #checked = new Map<string, Marks>();
  readonly #random: Random;
  /** Decides the releases of the members of a mixed cluster. */
  readonly #releases: Random | undefined;
  #made = 0;
  #failure: unknown;

  constructor({ seed, members, settings, tables, actors = false, mixed = false, print = false }: WorldConfig) {
    files.reset();
    this.#random = seededRandom(seed);
    this.logs = print;
    this.actors = actors;
    this.trace = new Trace(this.clock, print);
    this.network = new SimNetwork(this.fork(), this.trace);
    this.settings = settings;
    this.#tables = tables;
    if (mixed) this.#releases = this.fork();
    const releases = this.#releases && mixedReleases(this.#releases, members);
    for (let at = 0; at < members; at++) this.machines.push(this.#newMachine(releases?.[at] ?? newest));
    this.initialCluster = this.machines.map(({ name, peerUrl }) => ({ name, peerUrls: [peerUrl] }));
  }

  /** A separate random source, so that the choices of one part do not change those of another. */
  fork(): Random {
    return seededRandom(this.#random.int(2 ** 32));
  }

  /** A machine that is not a member yet. */
  newMachine(): Machine {
    return this.#newMachine(this.#releases === undefined ? newest : joiningRelease(this.#releases));
  }

  #newMachine(release: Release): Machine {
    const at = this.#made++;
    const takesTables = release.tables && (this.#tables === "all" || (this.#tables === "all but one" && at > 0));
    return new Machine(this, at, this.fork(), release, takesTables);
  }

  /** Removes a machine whose member was removed. */
  retire(machine: Machine): void {
    machine.retire();
    this.machines.splice(this.machines.indexOf(machine), 1);
  }

  readonly fail = (error: unknown): void => {
    this.#failure ??= error;
  };

  /** The member that regards itself as the leader. If there are several, the one with the newest term. */
  get leader(): Machine | undefined {
    const termOf = ({ process }: Machine): number => (process && nodeOf(process.random)?.basicStatus().term) ?? 0;
    const leading = this.machines.filter(({ server }) => server?.leadership.leading);
    return leading.sort((one, other) => termOf(other) - termOf(one))[0];
  }

  /** Lets virtual time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.clock.now() + ms;
    await this.#settled();
    while (this.clock.next(end)) await this.#settled();
  }

  /** Lets virtual time pass until the condition holds. */
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

  /** Checks the invariants of raft after each step that changed a node. */
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

/** Values of a node that show whether it has changed. */
type Marks = readonly (RawNode | string | number | bigint)[];
