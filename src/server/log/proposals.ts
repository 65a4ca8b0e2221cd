import { type Clock, type ErrorKind, EtcdError, LoopTurn, type RequestId } from "../../base/index.js";
import type { Call } from "../calls/call.js";
import type { ServerCounters } from "../counters.js";

interface Waiter<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  readonly call: Call | undefined;
  askedAt: number;
  /** The request waits for room in the proposal window and has not been proposed. */
  waits: boolean;
}

/**
 * The map's entry of a waiter, which is emptied when the waiter is answered. V8 copies a map with much traffic to a new
 * table every hundred requests or so. Once the map is old, its former tables stay until the whole heap is collected,
 * and would keep every request alive with its call and its stream.
 */
interface Place<Result> {
  waiter: Waiter<Result> | undefined;
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
  readonly #places = new Map<RequestId, Place<Result>>();
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
    return this.#places.size;
  }

  /**
   * Waits for the result of a request.
   *
   * @param waits the request waits for room in the proposal window, until `proposed` is called. It is not late while
   *   other requests are answered: with very many large requests, the wait for room alone may exceed the timeout.
   * @throws EtcdError the error of `refuse` or `close`
   */
  wait(id: RequestId, call: Call | undefined, waits = false): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    this.#turn.requestBegun();
    return new Promise((resolve, reject) => {
      this.#places.set(id, { waiter: { resolve, reject, call, askedAt: this.#config.clock.now(), waits } });
    });
  }

  /** A request that waited for room is proposed now. Its timeout begins anew. */
  proposed(id: RequestId): void {
    const waiter = this.#places.get(id)?.waiter;
    if (waiter === undefined) return;
    waiter.waits = false;
    waiter.askedAt = this.#config.clock.now();
  }

  isWaiting(id: RequestId): boolean {
    return this.#places.has(id);
  }

  /** Delivers the result of a request, if there still is a waiter. */
  settle(id: RequestId, result: Result): void {
    const waiter = this.#take(id);
    if (waiter === undefined) return;
    this.#settledLately = true;
    waiter.resolve(result);
  }

  fail(id: RequestId, error: Error): void {
    const waiter = this.#take(id);
    if (waiter === undefined) return;
    this.#config.counters.proposalsFailed++;
    waiter.reject(error);
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
    for (const [id, { waiter }] of this.#places) {
      if (waiter === undefined) continue;
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
    if (this.#places.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Refuses new waiters with `error`. The present ones go on waiting. */
  refuse(error: EtcdError): void {
    this.#closed ??= error;
  }

  /** Refuses all present and new waiters with `error`. */
  close(error: EtcdError): void {
    this.refuse(error);
    for (const id of [...this.#places.keys()]) this.fail(id, error);
  }

  #take(id: RequestId): Waiter<Result> | undefined {
    const place = this.#places.get(id);
    if (place === undefined) return undefined;
    const { waiter } = place;
    place.waiter = undefined;
    this.#places.delete(id);
    this.#turn.requestEnded();
    if (this.#places.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    return waiter;
  }
}
