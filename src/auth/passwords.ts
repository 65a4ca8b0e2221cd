import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { EtcdError } from "../base/index.js";
import { HashThreads } from "./hash-threads.js";

/** bcrypt ignores the bytes of a password behind this many. */
const passwordBytesMax = 72;
const saltBytes = 16;
const bcryptPath = createRequire(import.meta.url).resolve("bcryptjs");

/** The part of bcryptjs that this file calls. */
interface Bcrypt {
  hashSync(password: string, salt: string): string;
  encodeBase64(bytes: Uint8Array, length: number): string;
}

/** The cost that etcd uses for a given one: bcrypt's default when bcrypt does not support the given cost. */
export function bcryptCost(asked: number): number {
  return asked >= 4 && asked <= 31 ? asked : 10;
}

/** Hashes and compares passwords with bcrypt on other threads. It keeps neither passwords nor hashes. */
export class Passwords {
  readonly #cost: number;
  readonly #threads = new HashThreads(bcryptPath);
  /**
   * A hash that no password has. The login of a user that does not exist is compared with it, so that it takes as long
   * as any other.
   */
  readonly #nobodysHash: string;

  /** @param cost bcrypt cost of new hashes, 4 to 31; each step doubles the time */
  constructor(cost: number) {
    this.#cost = cost;
    this.#nobodysHash = `${prefixOf(cost)}${".".repeat(53)}`;
  }

  /** @throws EtcdError `passwordTooLong`; `tooManyRequests` when too many wait already */
  async hash(password: string): Promise<string> {
    if (Buffer.byteLength(password, "utf8") > passwordBytesMax) throw new EtcdError("passwordTooLong");
    return await this.#threads.hash(password, this.#cost);
  }

  /**
   * Whether `hash` is that of `password`; false when it is undefined or not a hash.
   *
   * @throws EtcdError `tooManyRequests` when too many passwords are waiting already
   */
  async matches(password: string, hash: string | undefined): Promise<boolean> {
    const equal = await this.#threads.compare(password, hash ?? this.#nobodysHash);
    return equal && hash !== undefined;
  }

  /**
   * Hashes in this turn a password that an older release put into the log as plain text. This blocks the event loop,
   * but such entries are rare, and all members of this release must store the same hash.
   *
   * @param unique text that no other entry has; it determines the salt
   */
  hashNow(password: string, unique: string): string {
    const bcrypt: Bcrypt = createRequire(import.meta.url)(bcryptPath);
    const salt = bcrypt.encodeBase64(createHash("sha256").update(unique).digest(), saltBytes);
    return bcrypt.hashSync(password, prefixOf(this.#cost) + salt);
  }

  async close(): Promise<void> {
    await this.#threads.close();
  }
}

/** The prefix of a hash, as Go writes it. */
function prefixOf(cost: number): string {
  return `$2a$${String(cost).padStart(2, "0")}$`;
}
