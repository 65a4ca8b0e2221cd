import type { Clock } from "./clock.js";
import { FairQueue } from "./fair-queue.js";
import { RecentUse } from "./recent-use.js";

/** The longest that the work of all clients together may hold the event loop. */
const turnMs = 4;
/**
 * The longest that work may hold it while other work needs further turns: long work that says so, or a request of a
 * modest client for which others' work need not wait. Such work waits this long several times.
 */
const hurriedTurnMs = 1;
/** Waiting work is resumed in groups that take about this long, since the output of a group is sent together. */
const groupMs = { short: 1, long: 2 };
const groupMax = 16;

/** `short`: work that ends soon once it has begun. `long`: work that needs several turns, or has had some already. */
export type WorkLength = "short" | "long";

interface Item {
  readonly client: object;
  readonly resume: () => void;
}

interface Waiting {
  readonly queue: FairQueue<Item>;
  /** Number of items resumed before the clock is read. */
  group: number;
}

/**
 * The current turn of the event loop. Work for clients shares it: many small requests that arrive together would delay
 * timers and sockets as much as one large request. Before it begins work, a caller asks whether the turn is `over`, and
 * if so defers the work to a later turn.
 *
 * Waiting work resumes client by client, so that a client with very much work does not block the others. Clients that
 * have used little time of late go first: one request waits for several turns, at each for a place among the others,
 * and twenty clients that flood the server would otherwise make a modest client wait for all of them each time. While
 * such a client's request is under way, the turns are shorter. Short work goes before long work, but some long work
 * resumes in every turn.
 */
export class LoopTurn {
  static readonly #turns = new WeakMap<Clock, LoopTurn>();
  readonly #clock: Clock;
  /** Time at which the turn ends; undefined between turns. */
  #endsAt: number | undefined;
  /** Time at which hurried turns end. */
  #hurriedEndsAt = 0;
  /** The number of requests that are under way and need further turns of the loop before they are answered. */
  #underWay = 0;
  /** Those that were begun by clients that had used little time. */
  #modestUnderWay = 0;
  readonly #use = new RecentUse();
  readonly #short: Waiting;
  readonly #long: Waiting;
  /** The kind of work of which a group was resumed last. */
  #resumed: Waiting;
  #groupBeganAt = 0;
  /** The clients of the last group, whose promises use time after the work has returned. */
  readonly #groupClients: object[] = [];
  #groupReturnedAt = 0;
  /** Runs after the resumed work is done, including the promises that it settled. */
  readonly #afterPromises = (): void => process.nextTick(this.#groupIsDone);
  readonly #groupIsDone = (): void => this.#goOn();
  readonly #beginTurn = (): void => this.#begin();

  private constructor(clock: Clock) {
    this.#clock = clock;
    const isModest = (client: object): boolean => this.#use.isLittle(client, clock.now());
    this.#short = { queue: new FairQueue(isModest), group: 1 };
    this.#long = { queue: new FairQueue(isModest), group: 1 };
    this.#resumed = this.#short;
  }

  /** The turn of the event loop of a clock; all code with one clock runs on one loop. */
  static of(clock: Clock): LoopTurn {
    let turn = LoopTurn.#turns.get(clock);
    if (turn === undefined) {
      turn = new LoopTurn(clock);
      LoopTurn.#turns.set(clock, turn);
    }
    return turn;
  }

  /**
   * Whether deferrable work should wait, since the turn has lasted long enough. A turn begins with the work that waits
   * already.
   */
  get over(): boolean {
    if (this.#endsAt !== undefined) return this.#isOver(this.#clock.now(), this.#endsAt);
    this.#start();
    return false;
  }

  /** Whether long work should wait. It ends early in a turn while a request that needs several turns is under way. */
  get longOver(): boolean {
    return this.over || (this.#underWay > 0 && this.#clock.now() >= this.#hurriedEndsAt);
  }

  /**
   * A request has begun that will need further turns. `requestEnded` must be called when it is answered.
   *
   * @param client its client; undefined for a request of the server itself
   * @param now the time
   * @returns whether the client has used little time of late; `requestEnded` must be told so
   */
  requestBegun(client: object | undefined, now: number): boolean {
    this.#underWay++;
    const modest = client !== undefined && this.#use.isLittle(client, now);
    if (modest) this.#modestUnderWay++;
    return modest;
  }

  requestEnded(modest: boolean): void {
    this.#underWay--;
    if (modest) this.#modestUnderWay--;
  }

  /**
   * Shortens the turn by time that work takes outside of it. Node reads from a socket as soon as its reader has room,
   * between two turns, where no clock is asked.
   */
  charge(ms: number): void {
    if (this.#endsAt === undefined) this.#start();
    this.#endsAt = (this.#endsAt ?? 0) - ms;
  }

  /** Whether resumed work should leave the rest of the turn to other waiting work. */
  get shareOver(): boolean {
    return this.#clock.now() - this.#groupBeganAt > groupMs.long || this.over;
  }

  /**
   * Calls `resume` in a later turn that has time for it.
   *
   * @param client object that all work for one client shares, such as its connection. Work of the server itself omits
   * it, and counts as that of one client.
   */
  defer(resume: () => void, client: object = this, length: WorkLength = "short"): void {
    (length === "short" ? this.#short : this.#long).queue.push({ client, resume }, client);
    if (this.#endsAt === undefined) this.#start();
  }

  /** Resolves in a later turn that has time; the parameters are those of `defer`. */
  pause(client?: object, length?: WorkLength): Promise<void> {
    return new Promise((resolve) => this.defer(resolve, client, length));
  }

  #start(): void {
    const now = this.#clock.now();
    this.#endsAt = now + turnMs;
    this.#hurriedEndsAt = now + hurriedTurnMs;
    setImmediate(this.#beginTurn);
  }

  #isOver(now: number, endsAt: number): boolean {
    if (now >= endsAt) return true;
    if (this.#modestUnderWay === 0 || now < this.#hurriedEndsAt) return false;
    return this.#short.queue.othersWait || this.#long.queue.othersWait;
  }

  #begin(): void {
    if (this.#short.queue.size + this.#long.queue.size === 0) {
      this.#endsAt = undefined;
      return;
    }
    this.#start();
    // Some work resumes in every turn, however late it is. It is long work, however much short work waits, unless long
    // work came last: on a busy machine a single group may outlast its turn, and then the two take turns.
    const longFirst = this.#short.queue.size === 0 || this.#resumed === this.#short;
    this.#resumeGroup(longFirst && this.#long.queue.size > 0 ? this.#long : this.#short);
  }

  /** A group is done: adapts the size of the next one to its time, and runs it if the turn has time left. */
  #goOn(): void {
    const now = this.#clock.now();
    const tookMs = now - this.#groupBeganAt;
    const share = (now - this.#groupReturnedAt) / this.#groupClients.length;
    for (const client of this.#groupClients) this.#use.add(client, share, now);
    const { group } = this.#resumed;
    if (tookMs < groupMs.short) this.#resumed.group = Math.min(groupMax, group * 2);
    else if (tookMs > groupMs.long) this.#resumed.group = Math.max(1, Math.floor(group / 2));
    if (this.#endsAt === undefined || this.#isOver(now, this.#endsAt)) return;
    if (this.#short.queue.size > 0) this.#resumeGroup(this.#short);
    else if (!this.longOver) this.#resumeGroup(this.#long);
  }

  #resumeGroup(waiting: Waiting): void {
    const { queue, group } = waiting;
    if (queue.size === 0) return;
    this.#resumed = waiting;
    this.#groupClients.length = 0;
    this.#groupBeganAt = this.#clock.now();
    this.#groupReturnedAt = this.#groupBeganAt;
    for (let left = group; left > 0; left--) {
      const item = queue.take();
      if (item === undefined) break;
      item.resume();
      const now = this.#clock.now();
      this.#use.add(item.client, now - this.#groupReturnedAt, now);
      this.#groupClients.push(item.client);
      this.#groupReturnedAt = now;
      if (now - this.#groupBeganAt > groupMs.long) break;
    }
    queueMicrotask(this.#afterPromises);
  }
}
