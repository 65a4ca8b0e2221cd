import { randomInt } from "node:crypto";
import { assert, type Clock } from "../base/index.js";
import type { Asker, Found, Tokens } from "./tokens.js";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const prefixLength = 16;
/** How often tokens that have run out are looked for, so that they do not pile up. */
const sweepMs = 1_000;
/** Requests that may wait for the log to say whose their tokens are. */
const waitersMax = 1_000;

export interface SimpleTokensConfig {
  readonly clock: Clock;
  /** How long a token is good for after it was used last. */
  readonly ttlMs: number;
  /** How long a token may be ahead of what this member has applied. */
  readonly waitMs: number;
  /** The last entry of the log that is applied. */
  readonly applied: () => number;
}

interface Login {
  readonly username: string;
  goodUntil: number;
}

/**
 * Random words that members remember, and forget when they restart. All of them know a token, since a login goes
 * through the log: `<16 letters>.<index of the entry before>`.
 */
export class SimpleTokens implements Tokens {
  readonly #config: SimpleTokensConfig;
  readonly #logins = new Map<string, Login>();
  /** Requests that came before their login did, by token. */
  readonly #waiting = new Map<string, Set<() => void>>();
  #waiters = 0;
  #enabled = false;
  #sweptAt = 0;

  constructor(config: SimpleTokensConfig) {
    this.#config = config;
  }

  prefix(): string {
    return Array.from({ length: prefixLength }, () => letters.charAt(randomInt(letters.length))).join("");
  }

  assign(username: string, prefix: string, index: number): string {
    const token = `${prefix}.${index - 1}`;
    if (!this.#enabled) return token;
    assert(!this.#logins.has(token), "no two logins have the same token");
    this.#logins.set(token, { username, goodUntil: this.#config.clock.now() + this.#config.ttlMs });
    for (const wake of this.#waiting.get(token) ?? []) wake();
    this.#sweep();
    return token;
  }

  issue(_username: string, _revision: number, assigned: string): string {
    return assigned;
  }

  identify(token: string, revision: number, asker: Asker): Found | Promise<Found> {
    const login = this.#logins.get(token);
    if (login === undefined) return this.#mayCome(token) ? this.#whenAssigned(token, revision, asker) : undefined;
    const now = this.#config.clock.now();
    if (now > login.goodUntil) {
      this.#logins.delete(token);
      return undefined;
    }
    login.goodUntil = now + this.#config.ttlMs;
    return { username: login.username, authRevision: revision };
  }

  enable(): void {
    this.#enabled = true;
  }

  disable(): void {
    this.#enabled = false;
    this.#logins.clear();
  }

  forget(username: string): void {
    for (const [token, login] of this.#logins) if (login.username === username) this.#logins.delete(token);
  }

  /** Whether its login may lie in a part of the log that this member has not applied. */
  #mayCome(token: string): boolean {
    const index = /^[^.]*\.([0-9]{1,15})$/.exec(token)?.[1];
    return index !== undefined && Number(index) >= this.#config.applied() && this.#waiters < waitersMax;
  }

  /** Waits for a login that another member has seen already; anybody may make such a token up, so not for long. */
  async #whenAssigned(token: string, revision: number, asker: Asker): Promise<Found> {
    const { clock, waitMs } = this.#config;
    const { signal } = asker;
    const wakers = this.#waiting.get(token) ?? new Set();
    this.#waiting.set(token, wakers);
    this.#waiters++;
    await new Promise<void>((resolve) => {
      const timer = clock.after(waitMs, () => done());
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener("abort", done);
        wakers.delete(done);
        resolve();
      };
      wakers.add(done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
    this.#waiters--;
    if (wakers.size === 0) this.#waiting.delete(token);
    return this.#logins.has(token) ? this.identify(token, revision, asker) : undefined;
  }

  #sweep(): void {
    const now = this.#config.clock.now();
    if (now - this.#sweptAt < sweepMs) return;
    this.#sweptAt = now;
    for (const [token, { goodUntil }] of this.#logins) if (now > goodUntil) this.#logins.delete(token);
  }
}
