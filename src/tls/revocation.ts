import type { X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { errorText } from "../base/index.js";
import { fileFault } from "./key-pair.js";

/** Reads the revoked serial numbers of a list, in upper-case hex without leading zeros. @throws Error */
type ReadSerials = (list: Buffer) => readonly string[];

/**
 * A certificate revocation list in a file, PEM or DER, used as in etcd: a certificate whose serial number it contains
 * is refused. The list's age and signature are not checked. It is reloaded when the file changes.
 */
export class Revocations {
  readonly #path: string;
  readonly #readSerials: ReadSerials;
  #stamp = "";
  #serials: ReadonlySet<string> = new Set();
  #fault: string | undefined;

  private constructor(path: string, readSerials: ReadSerials) {
    this.#path = path;
    this.#readSerials = readSerials;
  }

  /**
   * Opens a list. A file that cannot be read is not an error here: until it can, every connection is refused with the
   * reason.
   */
  static async open(path: string): Promise<Revocations> {
    // The library loads slowly, and most members have no revocation list.
    await import("reflect-metadata");
    const { X509Crl } = await import("@peculiar/x509");
    return new Revocations(path, (list) => {
      const text = list.toString("latin1");
      const { entries } = new X509Crl(text.includes("-----BEGIN") ? text : list);
      return entries.map(({ serialNumber }) => canonical(serialNumber));
    });
  }

  /** @param chain certificates that a peer has presented. @returns why they are refused; undefined when they are not */
  faultOf(chain: readonly X509Certificate[]): string | undefined {
    this.#refresh();
    if (this.#fault !== undefined) return this.#fault;
    const revoked = chain.find(({ serialNumber }) => this.#serials.has(canonical(serialNumber)));
    if (revoked === undefined) return undefined;
    const serial = canonical(revoked.serialNumber).toLowerCase();
    return `transport: certificate serial ${serial.length % 2 === 0 ? serial : `0${serial}`} revoked`;
  }

  #refresh(): void {
    const stat = statSync(this.#path, { throwIfNoEntry: false });
    const stamp = stat === undefined ? "none" : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    let list: Buffer;
    try {
      list = readFileSync(this.#path);
    } catch (error) {
      this.#fault = fileFault(this.#path, error);
      return;
    }
    try {
      this.#serials = new Set(this.#readSerials(list));
      this.#fault = undefined;
    } catch (error) {
      const reason = errorText(error);
      this.#fault = `${this.#path} is not a certificate revocation list: ${reason}`;
    }
  }
}

function canonical(serial: string): string {
  return serial.replace(/^0+/, "").toUpperCase();
}
