import { type Clock, type ErrorKind, EtcdError, LoopTurn, type RequestId } from "../../base/index.js";
import type { Call } from "../calls/call.js";
import type { ServerCounters } from "../counters.js";

/** Gets the outcome of a request, once and at once, in the middle of the work that leads to it. It must not throw. */
export interface Asker<Result> {
  settled(result: Result): void;
  /** The request failed, or the wait for its result is over. */
  failed(error: Error): void;
}

/**
 * The map's entry of a waiter, which loses its asker when the request is answered. V8 copies a map with much traffic to
 * a new table every hundred requests or so. Once the map is old, its former tables stay until the whole heap is
 * collected, and would keep every request alive with its call and its stream.
 */
interface Waiter<Result> {
  asker: Asker<Result> | undefined;
  call: Call | undefined;
  askedAt: number;
  /** The request waits for room in the proposal window and has not been proposed. */
  waits: boolean;
  /** Whether the client had used little time of the event loop when the request began. */
  readonly modest: boolean;
}

export interface ProposalsConfig {
  readonly counters: ServerCounters;
  readonly clock: Clock;
  /** How long to wait for a proposal's result. */
  readonly timeoutMs: number;
  /** The error for a proposal that was not answered in time. */
  readonly timeoutKind: (askedAt: number) => ErrorKind;
  /** Called when a client has given up, or the time for an answer is over. */
  readonly onGivenUp: (id: RequestId) => void;
}

/**
 * The most waiters that one sweep ends. Very many may have to end together, when a connection closes or a majority is
 * lost, and each of them then answers its client in the same turn of the event loop.
 */
const endedPerSweep = 250;

/**
 * The waiters for the results of proposals, which the apply loop delivers. When a client gives up, its waiter is
 * removed, but the request stays proposed.
 *
 * Requests have no timers and no abort listeners of their own. Most are answered within milliseconds, and `sweep` finds
 * the others, in the order in which they were made.
 */
export class Proposals<Result> {
  readonly #config: ProposalsConfig;
  /** The waiters in the order of their proposals, which is also the order of their timeouts. */
  readonly #waiters = new Map<RequestId, Waiter<Result>>();
  readonly #turn: LoopTurn;
  /** Whether a sweep goes on in a later turn of the event loop. */
  #sweeping = false;
  /** Whether a result has been delivered since the last sweep, and when a sweep last found that. */
  #settledLately = false;
  #settledAt = Number.NEGATIVE_INFINITY;
  #closed: EtcdError | undefined;
  #idle: (() => void)[] = [];

  constructor(config: ProposalsConfig) {
    this.#config = config;
    this.#turn = LoopTurn.of(config.clock);
  }

  get pending(): number {
    return this.#waiters.size;
  }

  /** Waits for the result of a request. @throws EtcdError as `expect` */
  wait(id: RequestId, call: Call | undefined): Promise<Result> {
    const askedAt = this.#config.clock.now();
    return new Promise((settled, failed) => this.expect(id, { settled, failed }, call, askedAt));
  }

  /**
   * Keeps `asker` for the outcome of a request.
   *
   * @param askedAt the time from which the wait is counted
   * @param waits the request waits for room in the proposal window, until `proposed` is called. It is not late while
   *   other requests are answered: with very many large requests, the wait for room alone may exceed the timeout.
   * @throws EtcdError the error of `refuse` or `close`; the asker hears nothing then
   */
  expect(id: RequestId, asker: Asker<Result>, call: Call | undefined, askedAt: number, waits = false): void {
    if (this.#closed !== undefined) throw this.#closed;
    const modest = this.#turn.requestBegun(call?.client, askedAt);
    this.#waiters.set(id, { asker, call, askedAt, waits, modest });
  }

  /** A request that waited for room is proposed now. Its timeout begins anew. */
  proposed(id: RequestId): void {
    const waiter = this.#waiters.get(id);
    if (waiter === undefined) return;
    waiter.waits = false;
    waiter.askedAt = this.#config.clock.now();
  }

  isWaiting(id: RequestId): boolean {
    return this.#waiters.has(id);
  }

  /** Delivers the result of a request, if there still is a waiter. */
  settle(id: RequestId, result: Result): void {
    const asker = this.#take(id);
    if (asker === undefined) return;
    this.#settledLately = true;
    asker.settled(result);
  }

  fail(id: RequestId, error: Error): void {
    const asker = this.#take(id);
    if (asker === undefined) return;
    this.#config.counters.proposalsFailed++;
    asker.failed(error);
  }

  /**
   * Ends the waiters whose client has given up or whose time is over, in several turns when there are very many. Must
   * be called every tick.
   */
  sweep(): void {
    if (this.#sweeping) return;
    const now = this.#config.clock.now();
    if (this.#settledLately) this.#settledAt = now;
    this.#settledLately = false;
    const end = now - this.#config.timeoutMs;
    let left = endedPerSweep;
    for (const [id, waiter] of this.#waiters) {
      const late = waiter.askedAt <= end && (!waiter.waits || this.#settledAt <= end);
      if (!late && !waiter.call?.cancelled) continue;
      if (left-- === 0) {
        this.#sweepLater();
        return;
      }
      this.#giveUp(id, late ? this.#config.timeoutKind(waiter.askedAt) : "canceled");
    }
  }

  #sweepLater(): void {
    this.#sweeping = true;
    this.#turn.defer(() => {
      this.#sweeping = false;
      this.sweep();
    });
  }

  #giveUp(id: RequestId, kind: ErrorKind): void {
    this.fail(id, new EtcdError(kind));
    this.#config.onGivenUp(id);
  }

  /** Resolves when there are no waiters. */
  whenIdle(): Promise<void> {
    if (this.#waiters.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Refuses new waiters with `error`. The present ones go on waiting. */
  refuse(error: EtcdError): void {
    this.#closed ??= error;
  }

  /** Refuses all present and new waiters with `error`. */
  close(error: EtcdError): void {
    this.refuse(error);
    for (const id of [...this.#waiters.keys()]) this.fail(id, error);
  }

  #take(id: RequestId): Asker<Result> | undefined {
    const waiter = this.#waiters.get(id);
    if (waiter === undefined) return undefined;
    const { asker } = waiter;
    waiter.asker = undefined;
    waiter.call = undefined;
    this.#waiters.delete(id);
    this.#turn.requestEnded(waiter.modest);
    if (this.#waiters.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    return asker;
  }
}
