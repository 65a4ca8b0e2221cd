import "reflect-metadata";
import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as x509 from "@peculiar/x509";

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const dayMs = 86_400_000;

/** A certificate and its key, as PEM texts and as files. */
export interface TestCertificate {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
  /** The serial number in hex. */
  readonly serial: string;
}

export interface CertificateOptions {
  /** The common name; an empty one is omitted. */
  readonly name: string;
  /** Alternative names: host names and addresses. */
  readonly hosts?: readonly string[];
  /** The validity, in days from now. */
  readonly days?: readonly [from: number, to: number];
  readonly usage?: readonly ("server" | "client")[];
  readonly serial?: string;
}

/** A certificate authority with a folder for its files. */
export class TestAuthority {
  readonly folder: string;
  readonly certFile: string;
  readonly cert: string;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly #name: string;

  private constructor(folder: string, name: string, keys: webcrypto.CryptoKeyPair, cert: string) {
    this.folder = folder;
    this.#name = name;
    this.#keys = keys;
    this.cert = cert;
    this.certFile = join(folder, "ca.pem");
    writeFileSync(this.certFile, cert);
  }

  static async create(name = "test authority"): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.createSelfSigned(
      {
        name: `CN=${name}`,
        keys,
        notBefore: daysFromNow(-30),
        notAfter: daysFromNow(30),
        signingAlgorithm: algorithm,
        extensions: [
          new x509.BasicConstraintsExtension(true, undefined, true),
          new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        ],
      },
      webcrypto,
    );
    return new TestAuthority(mkdtempSync(join(tmpdir(), "etcd-ca-")), name, keys, pemOf(certificate));
  }

  /** An intermediate authority that is signed by this one. */
  async subordinate(name: string, serialNumber: string): Promise<TestAuthority> {
    const keys = await newKeys();
    const certificate = await x509.X509CertificateGenerator.create(
      {
        ...{ serialNumber, subject: `CN=${name}`, issuer: `CN=${this.#name}`, signingAlgorithm: algorithm },
        ...{ publicKey: keys.publicKey, signingKey: this.#keys.privateKey },
        ...{ notBefore: daysFromNow(-30), notAfter: daysFromNow(30) },
        extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
      },
      webcrypto,
    );
    return new TestAuthority(mkdtempSync(join(tmpdir(), "etcd-ca-")), name, keys, pemOf(certificate));
  }

  /** Signs a certificate, and writes its files with the name `file`. */
  async issue(file: string, options: CertificateOptions): Promise<TestCertificate> {
    const { name, hosts = [], days: [from, to] = [-1, 1], usage = ["server", "client"] } = options;
    const keys = await newKeys();
    const serial = options.serial ?? `0${randomBytes(8).toString("hex").slice(1)}`;
    const usages = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth };
    const names = hosts.map((host) => ({ type: isIP(host) === 0 ? "dns" : "ip", value: host }) as const);
    const certificate = await x509.X509CertificateGenerator.create(
      {
        serialNumber: serial,
        subject: name === "" ? "O=test" : `CN=${name},O=test`,
        issuer: `CN=${this.#name}`,
        publicKey: keys.publicKey,
        signingKey: this.#keys.privateKey,
        notBefore: daysFromNow(from),
        notAfter: daysFromNow(to),
        signingAlgorithm: algorithm,
        extensions: [
          new x509.ExtendedKeyUsageExtension(usage.map((each) => usages[each])),
          ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
        ],
      },
      webcrypto,
    );
    const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
    const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ format: "pem", type: "pkcs8" });
    const paths = { certFile: join(this.folder, `${file}.pem`), keyFile: join(this.folder, `${file}.key`) };
    const pair = { cert: pemOf(certificate), key: key.toString() };
    writeFileSync(paths.certFile, pair.cert);
    writeFileSync(paths.keyFile, pair.key);
    return { ...pair, ...paths, serial };
  }

  /** Writes a list of revoked serial numbers. @param days the time until the list expires */
  async revoke(file: string, serials: readonly string[], days = 1, form: "pem" | "der" = "pem"): Promise<string> {
    const list = await x509.X509CrlGenerator.create(
      {
        issuer: `CN=${this.#name}`,
        thisUpdate: daysFromNow(Math.min(days, 0) - 1),
        nextUpdate: daysFromNow(days),
        signingAlgorithm: algorithm,
        signingKey: this.#keys.privateKey,
        entries: serials.map((serialNumber) => ({ serialNumber, revocationDate: daysFromNow(-1) })),
      },
      webcrypto,
    );
    const path = join(this.folder, file);
    writeFileSync(path, form === "pem" ? list.toString("pem") : Buffer.from(list.rawData));
    return path;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

function daysFromNow(days: number): Date {
  return new Date(Date.now() + days * dayMs);
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}
