import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { readFile } from "node:fs/promises";
import { errorText, parseDuration } from "../base/index.js";

const defaultTtlMs = 300_000;
/** Least size of an RSA key that the signing library accepts. */
const rsaBitsMin = 2_048;

/** How JSON web tokens are signed and verified. */
export interface JwtOptions {
  readonly algorithm: string;
  /** Time from its login until a token expires; 5 minutes by default. */
  readonly ttlMs: number;
  readonly verifyKey: KeyObject;
  /** Undefined when this member only verifies tokens. */
  readonly signKey: KeyObject | undefined;
  /** Names of options that are unknown and ignored. */
  readonly unknown: readonly string[];
}

interface Algorithm {
  readonly type: "secret" | "rsa" | "ec" | "ed25519";
  /** OpenSSL's name of the elliptic curve; set for type `ec` only. */
  readonly curve?: string;
}

const rsa: Algorithm = { type: "rsa" };
const secret: Algorithm = { type: "secret" };
const algorithms: Readonly<Record<string, Algorithm>> = {
  ...{ RS256: rsa, RS384: rsa, RS512: rsa, PS256: rsa, PS384: rsa, PS512: rsa },
  ES256: { type: "ec", curve: "prime256v1" },
  ES384: { type: "ec", curve: "secp384r1" },
  ES512: { type: "ec", curve: "secp521r1" },
  ...{ HS256: secret, HS384: secret, HS512: secret },
  EdDSA: { type: "ed25519" },
};
const known: ReadonlySet<string> = new Set(["sign-method", "pub-key", "priv-key", "ttl"]);

/**
 * Reads the options of `--auth-token=jwt,...` and the key files.
 *
 * @throws Error with etcd's text and the reason
 */
export async function readJwtOptions(given: ReadonlyMap<string, string>): Promise<JwtOptions> {
  const name = given.get("sign-method") ?? "";
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (algorithm === undefined) {
    throw invalid(`sign-method "${name}": auth: invalid auth signature method, not one of ${Object.keys(algorithms)}`);
  }
  const ttl = given.get("ttl") || undefined;
  const ttlMs = ttl === undefined ? defaultTtlMs : parseDuration(ttl);
  if (ttlMs === undefined) throw invalid(`ttl: time: invalid duration "${ttl}"`);
  const publicPem = await contents("pub-key", given);
  const privatePem = await contents("priv-key", given);
  const keys = algorithm.type === "secret" ? secretKeys(privatePem) : keyPair(publicPem, privatePem);
  if (algorithm.type !== "secret") checkKey(name, algorithm, keys.verifyKey);
  return { algorithm: name, ttlMs, ...keys, unknown: [...given.keys()].filter((each) => !known.has(each)) };
}

type Keys = Pick<JwtOptions, "verifyKey" | "signKey">;

function secretKeys(bytes: Buffer | undefined): Keys {
  if (bytes === undefined) throw new Error("auth: missing key data: priv-key names a file with a secret");
  const key = createSecretKey(bytes);
  return { verifyKey: key, signKey: key };
}

function keyPair(publicPem: Buffer | undefined, privatePem: Buffer | undefined): Keys {
  const signKey = privatePem && parsed("priv-key", () => createPrivateKey(privatePem));
  const given = publicPem && parsed("pub-key", () => createPublicKey(publicPem));
  const own = signKey && createPublicKey(signKey);
  if (own !== undefined && given !== undefined && !own.equals(given)) {
    throw new Error("auth: public and private keys don't match");
  }
  const verifyKey = own ?? given;
  if (verifyKey === undefined) throw new Error("auth: missing key data: pub-key or priv-key names a file with a key");
  return { verifyKey, signKey };
}

function checkKey(
  name: string,
  { type, curve }: Algorithm,
  { asymmetricKeyType, asymmetricKeyDetails }: KeyObject,
): void {
  const { namedCurve, modulusLength = 0 } = asymmetricKeyDetails ?? {};
  if (asymmetricKeyType !== type) throw invalid(`${name} needs a key of type ${type}, not ${asymmetricKeyType}`);
  if (namedCurve !== curve) throw invalid(`${name} needs a key on the curve ${curve}, not ${namedCurve}`);
  if (type === "rsa" && modulusLength < rsaBitsMin) {
    throw invalid(`${name} needs a key of ${rsaBitsMin} bits or more, not ${modulusLength}`);
  }
}

/** Contents of the file that `option` names; undefined when the option is absent or empty. */
async function contents(option: string, given: ReadonlyMap<string, string>): Promise<Buffer | undefined> {
  const path = given.get(option);
  if (!path) return undefined;
  try {
    const bytes = await readFile(path);
    return bytes.length === 0 ? undefined : bytes;
  } catch (error) {
    throw invalid(`${option}: ${errorText(error)}`);
  }
}

function parsed(option: string, parse: () => KeyObject): KeyObject {
  try {
    return parse();
  } catch (error) {
    throw invalid(`${option} is not a PEM encoded key: ${errorText(error)}`);
  }
}

function invalid(why: string): Error {
  return new Error(`auth: invalid auth options: ${why}`);
}
