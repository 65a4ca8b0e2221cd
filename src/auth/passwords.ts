import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { EtcdError } from "../base/index.js";
import { HashThreads } from "./hash-threads.js";

/** bcrypt looks at no more of a password. */
const passwordBytesMax = 72;
const saltBytes = 16;
const bcryptPath = createRequire(import.meta.url).resolve("bcryptjs");

/** The part of bcryptjs that is called here. */
interface Bcrypt {
  hashSync(password: string, salt: string): string;
  encodeBase64(bytes: Uint8Array, length: number): string;
}

/** What etcd does with a cost that bcrypt does not know: it takes the usual one. */
export function bcryptCost(asked: number): number {
  return asked >= 4 && asked <= 31 ? asked : 10;
}

/** Turns passwords into bcrypt hashes, and compares them, on other threads. It keeps neither. */
export class Passwords {
  readonly #cost: number;
  readonly #threads = new HashThreads(bcryptPath);
  /**
   * A hash that no password has. The login of a user that does not exist is compared with it, so that it takes as long
   * as any other.
   */
  readonly #nobodysHash: string;

  /** @param cost of a new hash: each step doubles the time; 4 to 31 */
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
   * Whether this is the password of that hash; never, when there is none or it is not one.
   *
   * @throws EtcdError `tooManyRequests` when too many wait already
   */
  async matches(password: string, hash: string | undefined): Promise<boolean> {
    const equal = await this.#threads.compare(password, hash ?? this.#nobodysHash);
    return equal && hash !== undefined;
  }

  /**
   * A hash at once, for a password that an older release put into the log as it was. It blocks for as long as it takes,
   * but such entries are rare, and all members of this release must store the same.
   *
   * @param unique tells the entry from all others
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

/** As Go writes it. */
function prefixOf(cost: number): string {
  return `$2a$${String(cost).padStart(2, "0")}$`;
}
