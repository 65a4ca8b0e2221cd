import { type Clock, EtcdError, errorText, type Logger } from "../base/index.js";
import type { Identity } from "./identity.js";
import type { JwtOptions } from "./jwt-options.js";
import type { Found, Tokens } from "./tokens.js";

/** The most verified tokens that are remembered; the oldest is dropped for a new one. */
const checkedMax = 1_024;

type Jose = typeof import("jose");

interface Checked {
  readonly identity: Identity;
  /** Seconds since 1970, as in the claims of a token. */
  readonly expires: number;
}

/**
 * Signed tokens, which members need not store: anyone with the key can verify them, other programs included. A token
 * holds the revision of users and roles at its login, and becomes invalid when these change.
 */
export class JwtTokens implements Tokens {
  readonly #options: JwtOptions;
  readonly #jose: Jose;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #checked = new Map<string, Checked>();
  /** Verifications under way, by token: requests with the same token share one. */
  readonly #checking = new Map<string, Promise<Found>>();

  /** Loads the library that signs and verifies; only members with `--auth-token=jwt` load it. */
  static load(): Promise<Jose> {
    return import("jose");
  }

  constructor(options: JwtOptions, jose: Jose, clock: Clock, logger: Logger) {
    this.#options = options;
    this.#jose = jose;
    this.#clock = clock;
    this.#logger = logger;
  }

  prefix(): string {
    return "";
  }

  assign(): string {
    return "";
  }

  async issue(username: string, revision: number): Promise<string> {
    const { algorithm, signKey, ttlMs } = this.#options;
    if (signKey === undefined) throw new EtcdError("verifyOnlyTokens");
    const expires = Math.floor((this.#clock.wallTime() + ttlMs) / 1000);
    return await new this.#jose.SignJWT({ username, revision, exp: expires })
      .setProtectedHeader({ alg: algorithm, typ: "JWT" })
      .sign(signKey);
  }

  identify(token: string): Found | Promise<Found> {
    const checked = this.#checked.get(token);
    if (checked === undefined) return this.#whenChecked(token);
    if (this.#clock.wallTime() / 1000 < checked.expires) return checked.identity;
    this.#checked.delete(token);
    return undefined;
  }

  enable(): void {}

  disable(): void {}

  forget(): void {}

  #whenChecked(token: string): Promise<Found> {
    const known = this.#checking.get(token);
    if (known !== undefined) return known;
    const checking = this.#check(token).finally(() => this.#checking.delete(token));
    this.#checking.set(token, checking);
    return checking;
  }

  async #check(token: string): Promise<Found> {
    const { algorithm, verifyKey } = this.#options;
    const now = this.#clock.wallTime();
    try {
      const options = { algorithms: [algorithm], currentDate: new Date(now) };
      const { payload } = await this.#jose.jwtVerify(token, verifyKey, options);
      const identity = identityOf(payload);
      if (identity === undefined) throw new Error("the token names no user or no revision");
      if (payload.iat !== undefined && payload.iat > now / 1000) throw new Error("the token was issued in the future");
      this.#remember(token, { identity, expires: payload.exp ?? Number.POSITIVE_INFINITY });
      return identity;
    } catch (error) {
      this.#logger.warn("failed to parse a JWT token", {
        error: errorText(error),
      });
      return undefined;
    }
  }

  #remember(token: string, checked: Checked): void {
    if (this.#checked.size >= checkedMax) {
      for (const oldest of this.#checked.keys()) {
        this.#checked.delete(oldest);
        break;
      }
    }
    this.#checked.set(token, checked);
  }
}

/** Reads user and revision. A token with an empty name is refused: it would be neither a user's nor anonymous. */
function identityOf({ username, revision }: Readonly<Record<string, unknown>>): Identity | undefined {
  if (typeof username !== "string" || username === "") return undefined;
  if (typeof revision !== "number" || !(revision >= 0)) return undefined;
  return { username, authRevision: Math.min(Math.trunc(revision), Number.MAX_SAFE_INTEGER) };
}
