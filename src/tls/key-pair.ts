import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { errorCode, errorText } from "../base/index.js";
import { TlsConfigError } from "./config.js";

/** A certificate with its chain, and its private key, in PEM. */
export interface Pem {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A certificate file and a key file, reloaded when they change, since certificates are renewed while a member runs. */
export class KeyPair {
  readonly certFile: string;
  readonly keyFile: string;
  #pem: Pem;
  #stamp: string;

  /** @throws TlsConfigError when the files cannot be used */
  constructor(certFile: string, keyFile: string) {
    this.certFile = certFile;
    this.keyFile = keyFile;
    this.#stamp = this.#stampNow();
    this.#pem = this.#read();
  }

  /** The contents as last read; the same object until they change. */
  get pem(): Pem {
    return this.#pem;
  }

  /**
   * Reloads the files if they have changed; costs two `stat` calls.
   *
   * @returns why the changed files cannot be used, once for each change; the previous contents stay in use then
   */
  refresh(): string | undefined {
    const stamp = this.#stampNow();
    if (stamp === this.#stamp) return undefined;
    try {
      this.#pem = this.#read();
      return undefined;
    } catch (error) {
      return errorText(error);
    } finally {
      this.#stamp = stamp;
    }
  }

  #stampNow(): string {
    return [this.certFile, this.keyFile].map(stampOf).join(" ");
  }

  #read(): Pem {
    const pem = { cert: readPem(this.certFile), key: readPem(this.keyFile) };
    const files = `(cert = ${this.certFile}, key = ${this.keyFile})`;
    const certificate = parse(() => new X509Certificate(pem.cert), `tls: no certificate can be read ${files}`);
    const key = parse(() => createPrivateKey(pem.key), `tls: no private key can be read ${files}`);
    if (!certificate.checkPrivateKey(key)) {
      throw new TlsConfigError(`tls: private key does not match public key ${files}`);
    }
    return pem;
  }
}

/** A text that changes whenever the file does. */
function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "none" : `${stat.ino}:${stat.size}:${stat.mtimeMs}`;
}

function parse<Value>(read: () => Value, fault: string): Value {
  try {
    return read();
  } catch (error) {
    throw new TlsConfigError(`${fault}: ${errorText(error)}`);
  }
}

/** @throws TlsConfigError with Go's text for a file that cannot be read */
function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new TlsConfigError(fileFault(path, error));
  }
}

/** Reads a file of trusted authorities. @throws TlsConfigError when it holds no certificate */
export function readAuthorities(path: string): Buffer {
  const pem = readPem(path);
  const blocks = pem.toString("latin1").match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0) throw new TlsConfigError(`${path} holds no certificate of an authority (PEM)`);
  for (const block of blocks) parse(() => new X509Certificate(block), `a certificate in ${path} cannot be read`);
  return pem;
}

export function fileFault(path: string, error: unknown): string {
  switch (errorCode(error)) {
    case "ENOENT":
      return `open ${path}: no such file or directory`;
    case "EACCES":
      return `open ${path}: permission denied`;
    case "EISDIR":
      return `read ${path}: is a directory`;
    default:
      return `open ${path}: ${errorText(error)}`;
  }
}
