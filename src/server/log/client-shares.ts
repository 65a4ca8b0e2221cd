import { type Clock, EtcdError, FairQueue } from "../../base/index.js";

/**
 * The most short proposals of one client that are under way while other clients propose, too. A proposal of another
 * client waits for them in the write of the log and before the stores, a few milliseconds. While they are under way,
 * they still share a sync of the disk.
 */
const openBesideOthers = 64;
/**
 * The same while a modest client's proposal is under way: only a few new ones start behind it, each of which would take
 * time from it in the next writes and messages.
 */
const openBesideModest = 16;
/** A client is modest while it has at most this many proposals under way. */
const modestOpenMax = 2;
/** The most for a client that proposes alone. The first proposal of another client waits for these. */
const openAlone = 1_024;
/** How long a client counts after its last proposal. */
const othersMs = 1_000;
/**
 * The most proposals that start when one ends. More than one, since the share grows when the other clients fall silent;
 * but not all that wait, which would hold the event loop.
 */
const startsPerEnd = 2;
const mebibyte = 1024 * 1024;
/** The most memory of proposals that wait for the shares of their clients. Further ones are refused. */
const waitingBytesMax = 256 * mebibyte;
/** The memory of a waiting proposal beside the bytes of its request. */
const waitingBytes = 1024;

interface Waiting {
  readonly bytes: number;
  readonly start: () => void;
}

/**
 * Bounds the number of short proposals that each client has under way, from the proposal to its result. Entries are
 * stored and applied in the order of their proposals, so a client that proposes thousands at once would delay everybody
 * else by the time that all of them take. Its further proposals wait here, and the proposals of others pass them.
 */
export class ClientShares {
  readonly #state: SharedState;
  readonly #shares = new WeakMap<object, ClientShare>();

  constructor(clock: Clock) {
    this.#state = new SharedState(clock);
  }

  /** @param client an object that all requests of a client share */
  of(client: object): ClientShare {
    // Requests of one client often follow each other.
    const { latest } = this.#state;
    if (latest?.client === client) return latest;
    let share = this.#shares.get(client);
    if (share === undefined) {
      share = new ClientShare(client, this.#state);
      this.#shares.set(client, share);
    }
    return share;
  }
}

/** State that the shares of all clients have in common. */
class SharedState {
  readonly clock: Clock;
  readonly waiting = new FairQueue<Waiting>();
  waitingBytes = 0;
  /** The client of the last proposal. */
  latest: ClientShare | undefined;
  /** The number of clients that have a few proposals under way, and not more. */
  #modestClients = 0;
  /** When the client of a proposal last differed from that of the proposal before it. */
  #changedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get openMax(): number {
    if (this.#modestClients > 0) return openBesideModest;
    return this.clock.now() - this.#changedAt < othersMs ? openBesideOthers : openAlone;
  }

  /** A client has `open` proposals under way now, and had `before`. */
  moved(before: number, open: number): void {
    this.#modestClients += Number(isModest(open)) - Number(isModest(before));
  }

  proposes(share: ClientShare): void {
    if (share === this.latest) return;
    if (this.latest !== undefined) this.#changedAt = this.clock.now();
    this.latest = share;
  }
}

/** The short proposals of one client. */
export class ClientShare {
  readonly client: object;
  readonly #all: SharedState;
  #open = 0;
  #waiting = 0;

  constructor(client: object, all: SharedState) {
    this.client = client;
    this.#all = all;
  }

  /** Whether a new proposal has to wait. */
  get full(): boolean {
    return this.#waiting > 0 || !this.#hasRoom;
  }

  /** Whether proposals wait. */
  get awaited(): boolean {
    return this.#waiting > 0;
  }

  /** Counts a proposal that starts now. */
  enter(): void {
    this.#count(1);
    this.#all.proposes(this);
  }

  /** A proposal that was counted has ended. Starts waiting ones. */
  leave(): void {
    this.#count(-1);
    for (let starts = 0; starts < startsPerEnd && this.#waiting > 0 && this.#hasRoom; starts++) this.#startNext();
  }

  /**
   * Calls `start`, which must call `enter`, when there is room.
   *
   * @param bytes length of the encoded request
   * @returns a function that gives up waiting; it does nothing after the start
   * @throws EtcdError `tooManyRequests`
   */
  wait(bytes: number, start: () => void): () => void {
    const all = this.#all;
    const item = { bytes: bytes + waitingBytes, start };
    if (all.waitingBytes + item.bytes > waitingBytesMax) throw new EtcdError("tooManyRequests");
    // A client counts as one that proposes, although its proposal waits.
    all.proposes(this);
    const place = all.waiting.push(item, this);
    this.#countWaiting(item, 1);
    return () => {
      if (place.leave()) this.#countWaiting(item, -1);
    };
  }

  get #hasRoom(): boolean {
    return this.#open < openBesideModest || this.#open < this.#all.openMax;
  }

  #startNext(): void {
    const next = this.#all.waiting.takeOf(this);
    if (next === undefined) return;
    this.#countWaiting(next, -1);
    next.start();
  }

  #count(sign: 1 | -1): void {
    const before = this.#open;
    this.#open += sign;
    this.#all.moved(before, this.#open);
  }

  #countWaiting({ bytes }: Waiting, sign: 1 | -1): void {
    this.#waiting += sign;
    this.#all.waitingBytes += sign * bytes;
  }
}

function isModest(open: number): boolean {
  return open > 0 && open <= modestOpenMax;
}
