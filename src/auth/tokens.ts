import { EtcdError } from "../base/index.js";
import type { Identity } from "./identity.js";

/** A caller that waits for an answer and may give up. */
export interface Asker {
  readonly signal: AbortSignal;
}

/** Tokens identify users who have logged in. A token is sent with every request; it is never logged. */
export interface Tokens {
  /** The first part of a new token, which a login's log entry carries. */
  prefix(): string;
  /** Called when a login is applied, on every member, with the same arguments. @returns the token, for `issue` */
  assign(username: string, prefix: string, index: number): string;
  /**
   * The token for the client that logged in, on the member that got the request.
   *
   * @param revision revision of users and roles at which the password was compared
   * @param assigned what `assign` returned
   * @throws EtcdError when this member cannot make tokens
   */
  issue(username: string, revision: number, assigned: string): string | Promise<string>;
  /**
   * The user that a token identifies; undefined when the token is invalid or has expired.
   *
   * @param revision the current revision of users and roles
   */
  identify(token: string, revision: number, asker: Asker): Found | Promise<Found>;
  /** Authentication was enabled: tokens are kept from now on. */
  enable(): void;
  /** Authentication was disabled: drops all tokens. */
  disable(): void;
  /** Drops all tokens of one user, if tokens are kept at all. */
  forget(username: string): void;
}

export type Found = Identity | undefined;

/** No tokens at all, for members whose users are identified by certificates only. */
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
