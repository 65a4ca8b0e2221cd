import { createPrivateKey, X509Certificate } from "node:crypto";
import { errorText } from "../base/index.js";
import { badArgs, bytesOf } from "../cli/index.js";

/** A certificate and its key, as PEM texts. */
export interface KeyPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Checks that certificate and key are valid and match. @throws Failure with Go's text */
export function keyPairOf(cert: Buffer, key: Buffer): KeyPair {
  if (!/^-----BEGIN CERTIFICATE-----/m.test(cert.toString("latin1"))) {
    throw badArgs("tls: failed to find any PEM data in certificate input");
  }
  if (!/^-----BEGIN (.* )?PRIVATE KEY-----/m.test(key.toString("latin1"))) {
    throw badArgs("tls: failed to find any PEM data in key input");
  }
  let belongs: boolean;
  try {
    belongs = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw badArgs(bytesOf(`tls: failed to parse certificate or key: ${errorText(error)}`));
  }
  if (!belongs) throw badArgs("tls: private key does not match public key");
  return { cert, key };
}
