import { createPrivateKey, randomBytes, webcrypto } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { join, resolve } from "node:path";
import { errorText, type Logger } from "../base/index.js";
import { TlsConfigError } from "./config.js";

const dayMs = 86_400_000;
const algorithm = { name: "ECDSA", namedCurve: "P-521", hash: "SHA-512" };

/**
 * Returns a self-signed certificate for these hosts. Files from an earlier start are reused, however old they are;
 * remove them to get a new certificate.
 *
 * @param years validity of a new certificate
 * @throws TlsConfigError when none can be made
 */
export async function selfSignedCertificate(
  folder: string,
  hosts: readonly string[],
  years: number,
  logger: Logger,
): Promise<{ readonly certFile: string; readonly keyFile: string }> {
  if (years === 0) throw new TlsConfigError("selfSignedCertValidity is invalid,it should be greater than 0");
  const [certFile, keyFile] = [resolve(join(folder, "cert.pem")), resolve(join(folder, "key.pem"))];
  if (existsSync(certFile) && existsSync(keyFile)) return { certFile, keyFile };
  const notAfter = new Date(Date.now() + years * 365 * dayMs);
  if (Number.isNaN(notAfter.getTime()) || notAfter.getUTCFullYear() > 9999) {
    throw new TlsConfigError(`--self-signed-cert-validity=${years} ends after the year 9999`);
  }
  const { cert, key } = await generate(hosts, notAfter);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key, { mode: 0o600 });
  } catch (error) {
    throw new TlsConfigError(errorText(error));
  }
  const fields = { "cert-file": certFile, "key-file": keyFile, "certificate-validity-bound-not-after": notAfter };
  logger.warn("automatically generate certificates", fields);
  return { certFile, keyFile };
}

async function generate(hosts: readonly string[], notAfter: Date) {
  // The library loads slowly, and only a first start needs it.
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const { ExtendedKeyUsage, KeyUsageFlags } = x509;
  const names = [...new Set(hosts)].map((host) => ({ type: isIP(host) === 0 ? "dns" : "ip", value: host }) as const);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      serialNumber: randomBytes(15).toString("hex"),
      name: "O=etcd",
      notBefore: new Date(),
      notAfter,
      keys,
      signingAlgorithm: algorithm,
      extensions: [
        new x509.KeyUsagesExtension(KeyUsageFlags.keyEncipherment | KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
        new x509.BasicConstraintsExtension(false, undefined, true),
        ...(names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)]),
      ],
    },
    webcrypto,
  );
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey));
  const key = createPrivateKey({ key: der, format: "der", type: "pkcs8" }).export({ format: "pem", type: "sec1" });
  return { cert: `${certificate.toString("pem")}\n`, key };
}
