/** The part of a clock that a `RefusalPace` needs. */
export interface PaceClock {
  now(): number;
  after(delayMs: number, run: () => void): unknown;
}

const kibibyte = 1024;
/** The least cost of a refused request, which stands for its frames and objects. */
const refusedBytesMin = 4 * kibibyte;
/** Refused bytes of all connections together, at once and each second after it: 4,096 small requests. */
const all = { bytesMax: 16 * 1024 * kibibyte, bytesPerSecond: 16 * 1024 * kibibyte };
/** Refused bytes of one connection that never slow it, at once and each second after it: 128 small requests, and 16. */
const own = { bytesMax: 512 * kibibyte, bytesPerSecond: 64 * kibibyte };
/** Refused bytes that one turn of a slowed connection is good for. */
const turnBytes = 128 * kibibyte;
/** The interval in which turns are given. */
const roundMs = 10;
/** A debt stops growing at this many times its bound, so that it is forgotten soon. */
const debtFactorMax = 2;

/** Refused bytes that are forgotten at a constant rate. */
class Debt {
  readonly #bytesMax: number;
  readonly #bytesPerSecond: number;
  #bytes = 0;
  #countedAt = 0;

  constructor({ bytesMax, bytesPerSecond }: { readonly bytesMax: number; readonly bytesPerSecond: number }) {
    this.#bytesMax = bytesMax;
    this.#bytesPerSecond = bytesPerSecond;
  }

  add(bytes: number, now: number): void {
    this.#forget(now);
    this.#bytes = Math.min(this.#bytesMax * debtFactorMax, this.#bytes + bytes);
  }

  isOver(now: number): boolean {
    // Most connections owe nothing, and are asked before each frame.
    if (this.#bytes <= this.#bytesMax) return false;
    this.#forget(now);
    return this.#bytes > this.#bytesMax;
  }

  /** Like `isOver`, but may still be true for a debt that has been forgotten meanwhile. Needs no time. */
  get mayBeOver(): boolean {
    return this.#bytes > this.#bytesMax;
  }

  #forget(now: number): void {
    this.#bytes = Math.max(0, this.#bytes - ((now - this.#countedAt) / 1_000) * this.#bytesPerSecond);
    this.#countedAt = now;
  }
}

/**
 * Slows the reading of connections whose requests are refused. To refuse a request costs the server nearly as much as
 * to serve a small one, and costs the client nothing: read at full speed, a client whose requests are all refused keeps
 * the event loop and the garbage collector busy.
 *
 * All connections together may have a number of bytes refused each second, however many connections there are. Beyond
 * that rate, the connections with more than a few refusals of their own wait for turns, one after the other, before
 * more of their frames are taken. A connection with few refusals never waits.
 */
export class RefusalPace {
  readonly #clock: PaceClock;
  readonly #debt = new Debt(all);
  /** Connections that wait for a turn, in the order of their turns. */
  readonly #waiting = new Map<Refusals, () => void>();
  readonly #shared: SharedPace;
  #running = false;

  constructor(clock: PaceClock) {
    this.#clock = clock;
    this.#shared = {
      now: () => clock.now(),
      debt: this.#debt,
      wait: (refusals, resume) => {
        this.#waiting.set(refusals, resume);
        this.#schedule();
      },
      leave: (refusals) => this.#waiting.delete(refusals),
    };
  }

  /** The refusals of a new connection. */
  connection(): Refusals {
    return new Refusals(this.#shared);
  }

  #schedule(): void {
    if (this.#running || this.#waiting.size === 0) return;
    this.#running = true;
    this.#clock.after(roundMs, () => {
      this.#running = false;
      this.#giveTurns(this.#clock.now());
      this.#schedule();
    });
  }

  #giveTurns(now: number): void {
    for (const [refusals, resume] of this.#waiting) {
      if (this.#debt.isOver(now)) return;
      // The turn is paid for now, since the connection uses it later, when the event loop has time for it.
      this.#debt.add(turnBytes, now);
      this.#waiting.delete(refusals);
      refusals.pay(turnBytes);
      resume();
    }
  }
}

/** The state that the connections of a pace share. */
interface SharedPace {
  /** The refusals of all connections. */
  readonly debt: Debt;
  now(): number;
  wait(refusals: Refusals, resume: () => void): void;
  leave(refusals: Refusals): void;
}

/** The refused requests of one connection. */
export class Refusals {
  readonly #pace: SharedPace;
  readonly #debt = new Debt(own);
  /** Refused bytes that the connection's last turn is still good for. */
  #paidBytes = 0;

  constructor(pace: SharedPace) {
    this.#pace = pace;
  }

  /** Counts a refused request that has cost so many bytes of memory. */
  count(requestBytes = 0): void {
    const now = this.#pace.now();
    const bytes = Math.max(refusedBytesMin, requestBytes);
    const paid = Math.min(this.#paidBytes, bytes);
    this.#paidBytes -= paid;
    this.#debt.add(bytes, now);
    this.#pace.debt.add(bytes - paid, now);
  }

  pay(bytes: number): void {
    this.#paidBytes = bytes;
  }

  /** Whether no more frames of the connection should be taken before its next turn. */
  get mustWait(): boolean {
    if (!this.#debt.mayBeOver || this.#paidBytes > 0) return false;
    const now = this.#pace.now();
    return this.#debt.isOver(now) && this.#pace.debt.isOver(now);
  }

  /** Calls `resume` at the connection's next turn. */
  wait(resume: () => void): void {
    this.#pace.wait(this, resume);
  }

  /** The connection is gone: it gets no turn any more. */
  leave(): void {
    this.#pace.leave(this);
  }
}
