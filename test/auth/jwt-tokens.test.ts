import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openTokens, type Tokens } from "../../src/auth/index.js";
import { ManualClock, silentLogger } from "../../src/base/index.js";

const folder = mkdtempSync(join(tmpdir(), "etcd-jwt-"));
afterAll(() => rmSync(folder, { recursive: true }));

const asker = new AbortController();
const alice = { username: "alice", authRevision: 7 };
const secret = "a secret that both sides know";
const now = Math.floor(new ManualClock().wallTime() / 1000);

function file(name: string, contents: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, contents);
  return path;
}

const secretFile = file("secret", secret);
const pairs = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  small: generateKeyPairSync("rsa", { modulusLength: 1024 }),
  p256: generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
  p384: generateKeyPairSync("ec", { namedCurve: "secp384r1" }),
  p521: generateKeyPairSync("ec", { namedCurve: "secp521r1" }),
  ed: generateKeyPairSync("ed25519"),
  other: generateKeyPairSync("ec", { namedCurve: "prime256v1" }),
} satisfies Record<string, { publicKey: KeyObject; privateKey: KeyObject }>;
const publicFile = (name: keyof typeof pairs): string =>
  file(`${name}.pub`, pairs[name].publicKey.export({ type: "spki", format: "pem" }));
const privateFile = (name: keyof typeof pairs): string =>
  file(`${name}.key`, pairs[name].privateKey.export({ type: "pkcs8", format: "pem" }));

async function open(options: string, clock = new ManualClock()): Promise<Tokens> {
  return (await openTokens(options, silentLogger))({ clock, ttlMs: 1, waitMs: 1, applied: () => 0 });
}

for (const [key, methods] of [
  ["rsa", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]],
  ["p256", ["ES256"]],
  ["p384", ["ES384"]],
  ["p521", ["ES512"]],
  ["ed", ["EdDSA"]],
] as const) {
  for (const method of methods) {
    test(`${method}: another member verifies a token with the public key, but not with another method`, async () => {
      const signer = await open(`jwt,sign-method=${method},priv-key=${privateFile(key)},pub-key=${publicFile(key)}`);
      const token = await signer.issue("alice", 7, "");
      const checker = await open(`jwt,sign-method=${method},pub-key=${publicFile(key)}`);
      expect(await checker.identify(token, 9, asker)).toEqual(alice);
      await expect(async () => checker.issue("alice", 7, "")).rejects.toThrow(
        "auth: token signing attempted with verify-only key",
      );
      const other = await open(`jwt,sign-method=HS256,priv-key=${publicFile(key)}`);
      expect(await other.identify(token, 9, asker)).toBeUndefined();
    });
  }
}

test("keys in PKCS#1 are accepted as well", async () => {
  const pem = pairs.rsa.privateKey.export({ type: "pkcs1", format: "pem" });
  const tokens = await open(`jwt,sign-method=RS256,priv-key=${file("pkcs1.key", pem)}`);
  expect(await tokens.identify(await tokens.issue("alice", 7, ""), 9, asker)).toEqual(alice);
});

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

function signed(claims: object, header: object = { alg: "HS256", typ: "JWT" }, key = secret): string {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;
}

for (const { name, token, want } of [
  { name: "without an expiry is always valid", token: signed({ username: "alice", revision: 7 }), want: alice },
  {
    name: "that is valid from now on",
    token: signed({ username: "alice", revision: 7, nbf: now, iat: now }),
    want: alice,
  },
  { name: "that has expired", token: signed({ username: "alice", revision: 7, exp: now }) },
  { name: "that is not valid yet", token: signed({ username: "alice", revision: 7, nbf: now + 5 }) },
  { name: "issued in the future", token: signed({ username: "alice", revision: 7, iat: now + 5 }) },
  { name: "without a name", token: signed({ revision: 7 }) },
  { name: "with an empty name", token: signed({ username: "", revision: 7 }) },
  { name: "with a name that is a number", token: signed({ username: 1, revision: 7 }) },
  { name: "without a revision", token: signed({ username: "alice" }) },
  { name: "with a revision as a string", token: signed({ username: "alice", revision: "7" }) },
  { name: "with a negative revision", token: signed({ username: "alice", revision: -7 }) },
  { name: "signed with another key", token: signed({ username: "alice", revision: 7 }, undefined, "x") },
  { name: "signed with another method", token: signed({ username: "alice", revision: 7 }, { alg: "HS512" }) },
  { name: "without a signature", token: `${encode({ alg: "none" })}.${encode({ username: "alice", revision: 7 })}.` },
  { name: "that is malformed", token: "abc.def.ghi" },
  { name: "of the simple kind", token: "abcdefghijklmnop.17" },
  { name: "that is empty", token: "" },
] as const) {
  test(`a token ${name}${want === undefined ? " is refused" : ""}`, async () => {
    const tokens = await open(`jwt,sign-method=HS256,priv-key=${secretFile}`);
    expect(await tokens.identify(token, 9, asker)).toEqual(want);
  });
}

test("a token is valid until its expiry, whether it was verified before or not", async () => {
  const clock = new ManualClock();
  const tokens = await open(`jwt,sign-method=HS256,priv-key=${secretFile},ttl=10s`, clock);
  const [seen, unseen] = [await tokens.issue("alice", 7, ""), await tokens.issue("bob", 7, "")];
  expect(await tokens.identify(seen, 9, asker)).toEqual(alice);
  clock.advance(9_900);
  expect(tokens.identify(seen, 9, asker)).toEqual(alice);
  clock.advance(100);
  expect(await tokens.identify(seen, 9, asker)).toBeUndefined();
  expect(await tokens.identify(unseen, 9, asker)).toBeUndefined();
});

test("a token is verified once, also when it arrives twice at a time, and a bounded number is remembered", async () => {
  const tokens = await open(`jwt,sign-method=HS256,priv-key=${secretFile}`);
  const first = signed({ username: "alice", revision: 7 });
  const [one, two] = [tokens.identify(first, 9, asker), tokens.identify(first, 9, asker)];
  expect(one).toBe(two);
  expect(await one).toEqual(alice);
  expect(tokens.identify(first, 9, asker)).toEqual(alice);
  for (let at = 0; at < 1_024; at++) await tokens.identify(signed({ username: `u${at}`, revision: 7 }), 9, asker);
  expect(tokens.identify(first, 9, asker)).toBeInstanceOf(Promise);
});

const missing = join(folder, "missing");
for (const { options, want } of [
  { options: "bad", want: 'unknown kind of token "bad"; the kinds are simple and jwt' },
  { options: "simple,a", want: '"a" is not name=value' },
  { options: "simple,a=b=c", want: '"a=b=c" is not name=value' },
  { options: "jwt,ttl=1s,ttl=2s", want: "ttl is given twice" },
  { options: "jwt", want: 'sign-method "": auth: invalid auth signature method' },
  { options: "jwt,sign-method=none", want: 'sign-method "none": auth: invalid auth signature method' },
  { options: "jwt,sign-method=toString", want: 'sign-method "toString": auth: invalid auth signature method' },
  { options: "jwt,sign-method=HS256,ttl=x", want: 'ttl: time: invalid duration "x"' },
  { options: `jwt,sign-method=HS256,priv-key=${missing}`, want: `priv-key: ENOENT: no such file or directory` },
  { options: `jwt,sign-method=RS256,pub-key=${missing}`, want: `pub-key: ENOENT: no such file or directory` },
  { options: `jwt,sign-method=RS256,pub-key=${secretFile}`, want: "pub-key is not a PEM encoded key" },
  { options: `jwt,sign-method=RS256,priv-key=${secretFile}`, want: "priv-key is not a PEM encoded key" },
  { options: `jwt,sign-method=RS256,pub-key=${publicFile("p256")}`, want: "RS256 needs a key of type rsa, not ec" },
  { options: `jwt,sign-method=RS256,pub-key=${publicFile("small")}`, want: "of 2048 bits or more, not 1024" },
  { options: `jwt,sign-method=ES256,pub-key=${publicFile("p384")}`, want: "on the curve prime256v1, not secp384r1" },
] as const) {
  test(`--auth-token=${options.replace(`${folder}/`, "")} is refused`, async () => {
    await expect(open(options)).rejects.toThrow("auth: invalid auth options: ");
    await expect(open(options)).rejects.toThrow(want);
  });
}

for (const { options, want } of [
  { options: "jwt,sign-method=HS256", want: "auth: missing key data" },
  { options: `jwt,sign-method=HS256,pub-key=${secretFile}`, want: "auth: missing key data" },
  { options: `jwt,sign-method=HS256,priv-key=${file("empty", "")}`, want: "auth: missing key data" },
  { options: "jwt,sign-method=ES256", want: "auth: missing key data" },
  {
    options: `jwt,sign-method=ES256,priv-key=${privateFile("p256")},pub-key=${publicFile("other")}`,
    want: "auth: public and private keys don't match",
  },
] as const) {
  test(`--auth-token=${options.replaceAll(`${folder}/`, "")} is refused in etcd's words`, async () => {
    await expect(open(options)).rejects.toThrow(want);
  });
}

test("without tokens only certificates identify users", async () => {
  const tokens = await open("");
  expect(tokens.identify("x", 9, asker)).toBeUndefined();
  expect(() => tokens.issue("alice", 7, "")).toThrow("authentication failed");
});
