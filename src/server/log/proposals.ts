import { type Clock, type ErrorKind, EtcdError, type RequestId } from "../../base/index.js";
import type { Call } from "../calls/call.js";
import type { ServerCounters } from "../counters.js";

interface Waiter<Result> {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
  readonly call: Call | undefined;
  readonly askedAt: number;
}

/**
 * Where a waiter stands until it is answered. A map that much comes into and goes out of is copied to a new table every
 * hundred requests or so; the old ones, once the map itself is old, wait for a collection of the whole heap, and what
 * they point to with them. That would be every request with its call and its stream: so the place is emptied.
 */
interface Place<Result> {
  waiter: Waiter<Result> | undefined;
}

export interface ProposalsConfig {
  readonly counters: ServerCounters;
  readonly clock: Clock;
  /** How long a proposal is waited for. */
  readonly timeoutMs: number;
  /** Which refusal tells best what happened to a proposal that was not answered in time. */
  readonly timeoutKind: (askedAt: number) => ErrorKind;
}

/**
 * Who waits for which request: the bridge between a proposal and its result, which comes out of the apply loop.
 * A request whose client gave up is no longer waited for, but it stays proposed.
 *
 * There is no timer and no abort listener per request: a request is answered within milliseconds, and those that are
 * not are found by `sweep`, in the order they were made.
 */
export class Proposals<Result> {
  readonly #config: ProposalsConfig;
  /** In the order they were made, hence by their end of patience. */
  readonly #places = new Map<RequestId, Place<Result>>();
  #closed: EtcdError | undefined;
  #idle: (() => void)[] = [];

  constructor(config: ProposalsConfig) {
    this.#config = config;
  }

  get pending(): number {
    return this.#places.size;
  }

  /** @throws EtcdError the reason of `refuse` or `close` */
  wait(id: RequestId, call: Call | undefined): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => {
      this.#places.set(id, { waiter: { resolve, reject, call, askedAt: this.#config.clock.now() } });
    });
  }

  isWaiting(id: RequestId): boolean {
    return this.#places.has(id);
  }

  /** Answers whoever waits for `id`, if anybody still does. */
  settle(id: RequestId, result: Result): void {
    const waiter = this.#take(id);
    waiter?.resolve(result);
  }

  fail(id: RequestId, error: Error): void {
    const waiter = this.#take(id);
    if (waiter === undefined) return;
    this.#config.counters.proposalsFailed++;
    waiter.reject(error);
  }

  /** To be called every tick: lets go of those whose client is gone, or who waited long enough. */
  sweep(): void {
    const end = this.#config.clock.now() - this.#config.timeoutMs;
    for (const [id, { waiter }] of this.#places) {
      if (waiter === undefined) continue;
      if (waiter.askedAt <= end) this.fail(id, new EtcdError(this.#config.timeoutKind(waiter.askedAt)));
      else if (waiter.call?.cancelled) this.fail(id, new EtcdError("canceled"));
    }
  }

  /** Resolves when nobody waits any more. */
  whenIdle(): Promise<void> {
    if (this.#places.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  /** Nobody is let in any more; those who wait go on waiting. */
  refuse(error: EtcdError): void {
    this.#closed ??= error;
  }

  /** Everybody who waits, and everybody who comes, gets `error`. */
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
    if (this.#places.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
    return waiter;
  }
}
