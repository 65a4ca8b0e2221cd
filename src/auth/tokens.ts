import { EtcdError } from "../base/index.js";
import type { Identity } from "./identity.js";

/** A caller that waits for an answer and may give up. */
export interface Asker {
  readonly signal: AbortSignal;
}

/** How those who have logged in are known again. A token goes with every request; it is never logged. */
export interface Tokens {
  /** What a login takes with it through the log. */
  prefix(): string;
  /** A login is applied; called on every member, with the same arguments. @returns what `issue` needs of it */
  assign(username: string, prefix: string, index: number): string;
  /**
   * The token for whoever logged in, on the member that was asked.
   *
   * @param revision of users and roles at which the password was right
   * @param assigned what `assign` returned
   * @throws EtcdError when this member cannot make tokens
   */
  issue(username: string, revision: number, assigned: string): string | Promise<string>;
  /**
   * Whom a token names; undefined when it is not one, or not any more.
   *
   * @param revision the current one of users and roles
   */
  identify(token: string, revision: number, asker: Asker): Found | Promise<Found>;
  /** Tokens mean something from now on. */
  enable(): void;
  /** All are forgotten. */
  disable(): void;
  /** Those of one user are forgotten, where they are remembered at all. */
  forget(username: string): void;
}

export type Found = Identity | undefined;

/** Nobody is known again: for members whose users come with certificates only. */
export const noTokens: Tokens = {
  prefix: () => "",
  assign: () => "",
  issue() {
    throw new EtcdError("authFailed");
  },
  identify: () => undefined,
  enable: () => undefined,
  disable: () => undefined,
  forget: () => undefined,
};
