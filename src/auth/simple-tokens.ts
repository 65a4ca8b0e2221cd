import { randomInt } from "node:crypto";
import { assert, type Clock, pause } from "../base/index.js";
import type { Asker, Found, Tokens } from "./tokens.js";

const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const prefixLength = 16;
/** Least time between two removals of expired tokens, which keep the table from growing. */
const sweepMs = 1_000;
/** The most requests that wait for the log entry of their token's login. */
const waitersMax = 1_000;

export interface SimpleTokensConfig {
  readonly clock: Clock;
  /** Time from its last use until a token expires. */
  readonly ttlMs: number;
  /** How long a request waits for the login of its token to be applied on this member. */
  readonly waitMs: number;
  /** Index of the last applied log entry. */
  readonly applied: () => number;
}

interface Login {
  readonly username: string;
  goodUntil: number;
}

/**
 * Random tokens that members keep in memory and lose on a restart. Every member knows a token, since a login goes
 * through the log. Its form is `<16 letters>.<index of the entry before the login's>`.
 */
export class SimpleTokens implements Tokens {
  readonly #config: SimpleTokensConfig;
  readonly #logins = new Map<string, Login>();
  /** Requests whose login has not been applied yet, by token. */
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

  /** Whether the token's login may be in a part of the log that this member has not applied. */
  #mayCome(token: string): boolean {
    const index = /^[^.]*\.([0-9]{1,15})$/.exec(token)?.[1];
    return index !== undefined && Number(index) >= this.#config.applied() && this.#waiters < waitersMax;
  }

  /**
   * Waits for a login that another member has applied already. The wait is short, since anybody can make up such a
   * token.
   */
  async #whenAssigned(token: string, revision: number, asker: Asker): Promise<Found> {
    const { clock, waitMs } = this.#config;
    const { signal } = asker;
    const wakers = this.#waiting.get(token) ?? new Set();
    this.#waiting.set(token, wakers);
    this.#waiters++;
    const assigned = new AbortController();
    const wake = (): void => assigned.abort();
    wakers.add(wake);
    await pause(clock, waitMs, AbortSignal.any([signal, assigned.signal]));
    wakers.delete(wake);
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
