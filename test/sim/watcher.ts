import type { Random } from "../../src/base/index.js";
import { type Fact, type History, showFact } from "./history.js";
import type { MemberProcess } from "./machine.js";
import { everything, type KeyRange, type Watcher } from "./watching.js";
import type { World } from "./world.js";

const ranges: readonly KeyRange[] = [everything, { key: "key ", end: "key!" }, { key: "key 3", end: "" }];

/** A client that watches at changing members, and continues each time after the last revision it received. */
export class WatchingClient {
  readonly #world: World;
  readonly #random: Random;
  readonly #range: KeyRange;
  readonly #firstRevision: number;
  readonly #told: { readonly revision: number; readonly facts: readonly Fact[] }[] = [];
  /** The revisions that were compacted before the client received them, as pairs of first and last. */
  readonly #gaps: (readonly [number, number])[] = [];
  /** The revision up to which the client has received all events. */
  #last: number;
  #watching: Watcher | undefined;
  #calm = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.fork();
    this.#range = ranges[this.#random.int(ranges.length)] ?? everything;
    const { latest } = world.history;
    this.#firstRevision = Math.max(1, latest - 20 + this.#random.int(30));
    this.#last = this.#firstRevision - 1;
  }

  /** Changes from member to member until `rest` is called. */
  start(): void {
    if (!this.#calm) this.#wander();
    this.#world.clock.after(this.#random.int(4_000), () => {
      if (!this.#calm) this.start();
    });
  }

  /** Stays with one member, which is no learner since these serve no watches, and reads all events. */
  rest(): void {
    this.#calm = true;
    this.#move();
  }

  /** Compares the events with the history. @throws Error if an event is missing, repeated or out of order */
  check(history: History): void {
    const [got, wanted] = [this.#text(this.#told), this.#text(this.#wanted(history))];
    if (got === wanted) return;
    const { key, end } = this.#range;
    throw new Error(`a watcher of ${key}..${end} from ${this.#firstRevision} on heard\n${got}\ninstead of\n${wanted}`);
  }

  #wander(): void {
    const dice = this.#random.int(4);
    if (dice === 0 && this.#watching !== undefined) this.#watching.stuck = true;
    else if (dice === 1) this.#watching?.resume();
    else this.#move();
  }

  #move(): void {
    this.#watching?.close();
    this.#watching = undefined;
    const running = this.#world.machines.filter(
      ({ server }) => server !== undefined && !(this.#calm && server.isLearner()),
    );
    const process = running[this.#random.int(Math.max(1, running.length))]?.process;
    if (process === undefined) return;
    process.clock.after(0, () => this.#watchAt(process));
  }

  #watchAt(process: MemberProcess): void {
    if (this.#watching !== undefined) return;
    const watched = {
      told: (revision: number, facts: readonly Fact[]) => {
        if (process.clock.dead) return;
        this.#last = revision;
        this.#told.push({ revision, facts });
      },
      skipped: (through: number) => {
        this.#gaps.push([this.#last + 1, through]);
        this.#last = Math.max(this.#last, through);
      },
    };
    this.#watching = process.watch(this.#range, this.#last + 1, watched);
  }

  #wanted(history: History) {
    const all = [];
    for (let revision = this.#firstRevision; revision <= history.latest; revision++) {
      if (this.#gaps.some(([from, through]) => revision >= from && revision <= through)) continue;
      const facts = history.factsAt(revision).filter(({ key }) => this.#covers(key));
      if (facts.length > 0) all.push({ revision, facts });
    }
    return all;
  }

  #covers(key: string): boolean {
    const { key: low, end } = this.#range;
    if (end === "") return key === low;
    return key >= low && (end === "\0" || key < end);
  }

  #text(events: readonly { readonly revision: number; readonly facts: readonly Fact[] }[]): string {
    return events.map(({ revision, facts }) => `${revision}: ${facts.map(showFact).join(" ")}`).join("\n");
  }
}
