import { type Clock, systemClock, type Timer } from "./clock.js";
import { EtcdError } from "./errors.js";
import { FairQueue, type QueuePlace } from "./fair-queue.js";
import { type Logger, silentLogger } from "./logger.js";
import type { SharedBytes } from "./shared-bytes.js";

/**
 * The purposes of counted memory, as named by the metric: open connections, open calls with their metadata, request
 * bytes that no handler has taken, answers that their clients have not read, working memory of reads, and events that
 * wait for watchers.
 */
export const memoryKinds = ["connections", "calls", "requests", "answers", "reads", "watches"] as const;
export type MemoryKind = (typeof memoryKinds)[number];

/** `first` is for leases, elections and health checks, which may use the reserve that ordinary work must not touch. */
export type MemoryPriority = "ordinary" | "first";

export interface MemoryAccountOptions {
  /** The most bytes that may be held, all kinds together. */
  readonly limitBytes: number;
  /** Bytes of open connections that do not count against the limit; 0 by default. */
  readonly connectionBytes?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long work waits for room before it is refused; 5 s by default. */
  readonly waitMsMax?: number;
  /** The bytes of the accounts of other threads, which share the limit; absent when there are none. */
  readonly shared?: SharedBytes;
}

/** A caller that waits for room and may give up. */
export interface MemoryAsker {
  readonly cancelled: boolean;
  readonly signal: AbortSignal;
  /** Object that all work of one client shares; work without it counts as a client of its own. */
  readonly client?: object | undefined;
}

interface Waiter {
  readonly pot: MemoryPot;
  readonly bytes: number;
  readonly grant: () => void;
}

/** Share of the limit that is reserved for work with priority `first`. */
const reserveShare = 1 / 8;
/** When memory is short, work that can be cancelled is, down to this share of the limit for ordinary work. */
const relievedShare = 3 / 4;
/**
 * Memory counts as short from this share of the limit for ordinary work, before any work is refused. Work that can wait
 * for memory gets none of the rest, since it would leave none to work that cannot wait.
 */
const scarceShare = 7 / 8;
const waitMsMaxDefault = 5_000;
/** How often work that waits looks whether other threads have released bytes. */
const lookMs = 20;
/** Least time between two log lines about a full account. */
const logIntervalMs = 10_000;

/**
 * Counts the memory that clients make this process hold, in bytes, over all kinds of connections. Taking and releasing
 * cost one addition each. Work without room is refused, or waits if it can: clients get room in turn, and the work of
 * one client in order of asking.
 */
export class MemoryAccount {
  readonly limitBytes: number;
  readonly #pots: Readonly<Record<MemoryKind, MemoryPot>>;
  readonly #ordinaryBytesMax: number;
  /** The bytes up to which work is admitted that can wait for them. */
  readonly #patientBytesMax: number;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #waitMsMax: number;
  readonly #waiting = new FairQueue<Waiter>();
  readonly #onShortage: (() => void)[] = [];
  readonly #shared: SharedBytes | undefined;
  #heldBytes = 0;
  #peakBytes = 0;
  #saidAt = Number.NEGATIVE_INFINITY;
  #looking = false;

  constructor(options: MemoryAccountOptions) {
    const { limitBytes, clock, logger, shared, connectionBytes = 0, waitMsMax = waitMsMaxDefault } = options;
    this.limitBytes = limitBytes;
    this.#ordinaryBytesMax = limitBytes === Number.POSITIVE_INFINITY ? limitBytes : limitBytes * (1 - reserveShare);
    this.#patientBytesMax = this.#ordinaryBytesMax * scarceShare;
    this.#clock = clock;
    this.#logger = logger;
    this.#waitMsMax = waitMsMax;
    this.#shared = shared;
    const ledger: Ledger = {
      add: (bytes) => this.#add(bytes),
      subtract: (bytes) => this.#subtract(bytes),
      hasRoom: (bytes, priority) => this.#hasRoom(bytes, priority),
      hasPatientRoom: (bytes) => this.#hasPatientRoom(bytes),
      hasSpare: (bytes) => this.#allBytes + bytes <= this.limitBytes / 2,
      refused: (pot) => this.#short(pot),
      wait: (pot, bytes, asker) => this.#wait(pot, bytes, asker),
    };
    const pot = (kind: MemoryKind, ownBytes?: number): MemoryPot => new MemoryPot(kind, ledger, ownBytes);
    this.#pots = {
      connections: pot("connections", connectionBytes),
      calls: pot("calls"),
      requests: pot("requests"),
      answers: pot("answers"),
      reads: pot("reads"),
      watches: pot("watches"),
    };
  }

  /** Bytes held now, all kinds together; without those of other threads, and of connections within their own. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Most bytes held at once since the start, by all threads. */
  get peakBytes(): number {
    return this.#shared?.peakBytes ?? this.#peakBytes;
  }

  /** An account without a limit, for a member with trusted clients: one that runs inside another program. */
  static unlimited(): MemoryAccount {
    return new MemoryAccount({ limitBytes: Number.POSITIVE_INFINITY, clock: systemClock, logger: silentLogger });
  }

  /** There is no room for ordinary work. */
  get full(): boolean {
    return this.#allBytes >= this.#ordinaryBytesMax;
  }

  /** Number of waiting requests for room. */
  get waiters(): number {
    return this.#waiting.size;
  }

  /** Bytes that should be released when memory is short, so that other work finds room for a while. */
  get excessBytes(): number {
    return Math.max(0, this.#allBytes - this.#ordinaryBytesMax * relievedShare);
  }

  /** Calls `listener` whenever work finds no room, or soon will not; the call happens in the middle of that work. */
  onShortage(listener: () => void): void {
    this.#onShortage.push(listener);
  }

  pot(kind: MemoryKind): MemoryPot {
    return this.#pots[kind];
  }

  #hasRoom(bytes: number, priority: MemoryPriority): boolean {
    return this.#allBytes + bytes <= (priority === "first" ? this.limitBytes : this.#ordinaryBytesMax);
  }

  #hasPatientRoom(bytes: number): boolean {
    return this.#allBytes + bytes <= this.#patientBytesMax;
  }

  /** Bytes held by all threads. */
  get #allBytes(): number {
    return this.#shared === undefined ? this.#heldBytes : this.#heldBytes + this.#shared.othersBytes;
  }

  #add(bytes: number): void {
    this.#heldBytes += bytes;
    if (this.#heldBytes > this.#peakBytes) this.#peakBytes = this.#heldBytes;
    this.#shared?.hold(this.#heldBytes);
    if (this.#allBytes > this.#patientBytesMax) this.#tellShortage();
  }

  #subtract(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#shared?.hold(this.#heldBytes);
    if (this.#waiting.size > 0) this.#grantWaiters();
  }

  /** Grants room in order: a large request is not overtaken by smaller ones behind it. */
  #grantWaiters(): void {
    for (let waiter = this.#waiting.peek(); waiter !== undefined; waiter = this.#waiting.peek()) {
      if (!this.#hasPatientRoom(waiter.bytes)) return;
      this.#waiting.take();
      waiter.pot.take(waiter.bytes);
      waiter.grant();
    }
  }

  #wait(pot: MemoryPot, bytes: number, asker: MemoryAsker): Promise<void> {
    if (this.#waiting.size === 0 && pot.takeIfRoom(bytes)) return Promise.resolve();
    if (asker.cancelled) return Promise.reject(new EtcdError("canceled"));
    if (bytes > this.#patientBytesMax) {
      pot.refuse();
      return Promise.reject(new EtcdError("overloaded"));
    }
    return new Promise((resolve, reject) => {
      let timer: Timer | undefined;
      let place: QueuePlace | undefined;
      const leave = (): void => {
        place?.leave();
        timer?.cancel();
        asker.signal.removeEventListener("abort", gone);
      };
      const giveUp = (error: EtcdError): void => {
        leave();
        reject(error);
        // There may be room for smaller requests behind it.
        this.#grantWaiters();
      };
      const gone = (): void => giveUp(new EtcdError("canceled"));
      const waiter: Waiter = {
        pot,
        bytes,
        grant: () => {
          leave();
          resolve();
        },
      };
      timer = this.#clock.after(this.#waitMsMax, () => {
        pot.refuse();
        giveUp(new EtcdError("overloaded"));
      });
      asker.signal.addEventListener("abort", gone, { once: true });
      place = this.#waiting.push(waiter, asker.client ?? waiter);
      this.#lookAtOthers();
      this.#short(pot);
    });
  }

  /** Grants room that other threads have released, since they do not tell. */
  #lookAtOthers(): void {
    if (this.#shared === undefined || this.#looking || this.#waiting.size === 0) return;
    this.#looking = true;
    this.#clock.after(lookMs, () => {
      this.#looking = false;
      this.#grantWaiters();
      this.#lookAtOthers();
    });
  }

  #short(pot: MemoryPot): void {
    this.#tellShortage();
    this.#sayFull(pot);
  }

  #tellShortage(): void {
    for (const listener of this.#onShortage) listener();
  }

  #sayFull(pot: MemoryPot): void {
    const now = this.#clock.now();
    if (now - this.#saidAt < logIntervalMs) return;
    this.#saidAt = now;
    const held = memoryKinds.map((kind) => [`${kind}-bytes`, this.#pots[kind].heldBytes] as const);
    this.#logger.warn("memory for clients is exhausted: new requests wait or are refused with 'too many requests'", {
      refused: pot.kind,
      "limit-bytes": this.limitBytes,
      "held-bytes": this.#allBytes,
      ...Object.fromEntries(held),
    });
  }
}

/** The interface of an account for its pots. */
interface Ledger {
  add(bytes: number): void;
  subtract(bytes: number): void;
  hasRoom(bytes: number, priority: MemoryPriority): boolean;
  hasPatientRoom(bytes: number): boolean;
  hasSpare(bytes: number): boolean;
  refused(pot: MemoryPot): void;
  wait(pot: MemoryPot, bytes: number, asker: MemoryAsker): Promise<void>;
}

/**
 * The part of the account for one kind of memory. Code that takes bytes must release exactly as many, once, on every
 * path.
 */
export class MemoryPot {
  readonly kind: MemoryKind;
  readonly #ledger: Ledger;
  readonly #ownBytes: number;
  #heldBytes = 0;
  #refusals = 0;

  /** @param ownBytes bytes of this kind that do not count against the limit of the account */
  constructor(kind: MemoryKind, ledger: Ledger, ownBytes = 0) {
    this.kind = kind;
    this.#ledger = ledger;
    this.#ownBytes = ownBytes;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Number of refusals for lack of room. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Takes bytes if there is room. @returns false otherwise; nothing is taken then, and the refusal is counted */
  tryTake(bytes: number, priority: MemoryPriority = "ordinary"): boolean {
    if (!this.#ledger.hasRoom(this.#counted(bytes), priority)) {
      this.refuse();
      return false;
    }
    this.take(bytes);
    return true;
  }

  /** Like `takeIfRoom`, for memory that merely saves work: half of the account is left to work that needs memory. */
  takeIfSpare(bytes: number): boolean {
    if (!this.#ledger.hasSpare(bytes)) return false;
    this.take(bytes);
    return true;
  }

  /** Like `tryTake`, for a caller that can wait or do without the bytes: no refusal is counted or logged. */
  takeIfRoom(bytes: number): boolean {
    if (!this.#ledger.hasPatientRoom(bytes)) return false;
    this.take(bytes);
    return true;
  }

  /** Counts bytes that are held already, or bounded elsewhere, whether or not there is room. */
  take(bytes: number): void {
    const counted = this.#counted(bytes);
    this.#heldBytes += bytes;
    this.#ledger.add(counted);
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#ledger.subtract(this.#counted(bytes));
  }

  /**
   * Takes the bytes once there is room and it is this client's turn.
   *
   * @throws EtcdError `overloaded` when that takes too long, `canceled` when the asker gave up first
   */
  admit(bytes: number, asker: MemoryAsker): Promise<void> {
    return this.#ledger.wait(this, bytes, asker);
  }

  /** Counts a refusal, and logs it at intervals. */
  refuse(): void {
    this.#refusals++;
    this.#ledger.refused(this);
  }

  /** Those of the next `bytes` that count against the limit. */
  #counted(bytes: number): number {
    if (this.#ownBytes === 0) return bytes;
    return Math.max(0, this.#heldBytes + bytes - this.#ownBytes) - Math.max(0, this.#heldBytes - this.#ownBytes);
  }
}
