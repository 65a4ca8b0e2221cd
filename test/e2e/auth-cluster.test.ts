import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import {
  AuthenticateRequest,
  AuthUserGrantRoleRequest,
  AuthUserRevokeRoleRequest,
  HashRequest,
  PutRequest,
  RangeRequest,
  services,
} from "../../src/wire/index.js";
import { GrpcAsking } from "../auth/grpc-asking.js";
import { type Asking, must, type Outcome, prepare } from "../auth/matrix.js";
import { haveReference } from "../support/reference.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

// Tests users and roles in clusters of our members, and of ours and a real etcd. A change at one member holds at all of
// them, and they store the same bytes.

const ready = haveReference(["etcd", "3.5"]);
const folder = mkdtempSync(join(tmpdir(), "etcd-auth-"));
afterAll(() => rmSync(folder, { recursive: true }));
const { Authenticate, UserGrantRole, UserRevokeRole } = services["etcdserverpb.Auth"];
const { Range, Put } = services["etcdserverpb.KV"];
const { Hash } = services["etcdserverpb.Maintenance"];

const denied = "PermissionDenied etcdserver: permission denied";
const flags = ["--bcrypt-cost", "4", "--snapshot-count", "100", "--experimental-snapshot-catchup-entries", "10"];

function jwt(): readonly string[] {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const path = join(folder, "jwt.key");
  writeFileSync(path, privateKey.export({ type: "pkcs8", format: "pem" }));
  return ["--auth-token", `jwt,sign-method=RS256,priv-key=${path},ttl=60s`];
}

for (const { name, kinds, more } of [
  { name: "three of ours", kinds: ["ours", "ours", "ours"], more: () => [] },
  { name: "one of etcd 3.5 and two of ours", kinds: ["etcd 3.5", "ours", "ours"], more: () => [] },
  { name: "one of etcd 3.5 and two of ours, with JWT", kinds: ["etcd 3.5", "ours", "ours"], more: jwt },
] as const) {
  const possible = ready || kinds.every((kind) => kind === "ours");
  test.runIf(possible)(`users and roles of ${name}`, { concurrent: true }, async () => {
    const started = [...flags, ...more()];
    const members = await Members.startWith(() => started, kinds);
    const clients = members.all.map(({ endpoint }) => new GrpcAsking(endpoint));
    const askings = clients.map((client, at) => patient(client, kinds[at] !== "ours"));
    try {
      await prepare(inTurn(askings));
      await tokensHoldEverywhere(askings);
      await changesHoldEverywhere(askings);
      const [, , last] = members.all as [Member, Member, Member];
      await last.kill();
      await missMuch(askings.slice(0, 2));
      await last.start(...started);
      await logInAgain(askings);
      await sameBytes(askings);
    } finally {
      for (const client of clients) client.close();
      await members.stop();
    }
  });
}

/**
 * Retries while there is no leader, since the killed member may have been the leader. With a real etcd it also retries
 * if a token is unknown: etcd waits for the entry that the token names, which is the one before the login.
 */
function patient(asking: Asking, etcd: boolean): Asking {
  const passes = (outcome: Outcome): boolean =>
    "code" in outcome && (outcome.code === "Unavailable" || (etcd && outcome.code === "Unauthenticated"));
  return {
    async call(...request) {
      let outcome = await asking.call(...request);
      await until(async () => {
        if (!passes(outcome)) return true;
        outcome = await asking.call(...request);
        return false;
      });
      return outcome;
    },
  };
}

/** Uses the members in turn. */
function inTurn(askings: readonly Asking[]): Asking {
  let next = 0;
  return {
    call(...request) {
      const asking = askings[next++ % askings.length];
      if (asking === undefined) throw new Error("there is nobody to ask");
      return asking.call(...request);
    },
  };
}

async function logIn(asking: Asking, name: string): Promise<string> {
  return (await must(asking, Authenticate, AuthenticateRequest.create({ name, password: name }))).token;
}

const get = (asking: Asking, key: string, token: string): Promise<Outcome> =>
  asking.call(Range.path, false, Range.request.encode(RangeRequest.create({ key })), token);
const put = (asking: Asking, key: string, token: string): Promise<Outcome> =>
  asking.call(Put.path, false, Put.request.encode(PutRequest.create({ key, value: Buffer.from("v") })), token);

function said(outcome: Outcome): string {
  return "code" in outcome ? `${outcome.code} ${outcome.text}` : "ok";
}

/** Checks that tokens are valid at all members, also at one that has not applied the login yet. */
async function tokensHoldEverywhere(askings: readonly Asking[]): Promise<void> {
  for (const asking of askings) {
    const [reader, writer] = [await logIn(asking, "reader"), await logIn(asking, "writer")];
    for (const other of askings) {
      expect(said(await get(other, "c", reader))).toBe("ok");
      expect(said(await get(other, "a", reader))).toBe(denied);
      expect(said(await get(other, "c", writer))).toBe(denied);
      expect(said(await put(other, "c", reader))).toBe(denied);
      expect(said(await put(other, "c", writer))).toBe("ok");
    }
  }
}

async function changesHoldEverywhere(askings: readonly Asking[]): Promise<void> {
  for (const [at, asking] of askings.entries()) {
    const root = await logIn(asking, "root");
    await must(asking, UserGrantRole, AuthUserGrantRoleRequest.create({ user: "idle", role: "reads" }), root);
    const idle = await logIn(asking, "idle");
    const other = askings[(at + 1) % askings.length] ?? asking;
    expect(said(await get(other, "c", idle))).toBe("ok");
    const again = await logIn(asking, "root");
    await must(asking, UserRevokeRole, AuthUserRevokeRoleRequest.create({ name: "idle", role: "reads" }), again);
    // The read is linearizable, so the member has applied the change.
    expect(said(await get(other, "c", await logIn(asking, "idle")))).toBe(denied);
  }
}

/** Makes more writes than the others keep entries for, so that an absent member needs a snapshot. */
async function missMuch(askings: readonly Asking[]): Promise<void> {
  const asking = inTurn(askings);
  await until(async () => said(await put(asking, "c", await logIn(asking, "root"))) === "ok");
  for (let round = 0; round < 30; round++) {
    const root = await logIn(asking, "root");
    const change = AuthUserGrantRoleRequest.create({ user: "idle", role: round % 2 === 0 ? "opens" : "writes" });
    await must(asking, UserGrantRole, change, root);
    const now = await logIn(asking, "root");
    for (let at = 0; at < 4; at++) expect(said(await put(asking, `k${at}`, now))).toBe("ok");
  }
}

/** Checks that the restarted member knows all users and their rights. */
async function logInAgain(askings: readonly Asking[]): Promise<void> {
  const last = askings.at(-1);
  if (last === undefined) return;
  await until(async () => said(await get(last, "x", await logIn(last, "root"))) === "ok");
  const idle = await logIn(last, "idle");
  expect(said(await put(last, "x", idle))).toBe("ok");
  expect(said(await put(last, "c", idle))).toBe("ok");
  expect(said(await get(last, "c", idle))).toBe(denied);
}

/** Compares the results of Maintenance.Hash, which covers all stored data, with users and roles. */
async function sameBytes(askings: readonly Asking[]): Promise<void> {
  await until(async () => {
    const hashes = new Set<number>();
    for (const asking of askings) {
      hashes.add((await must(asking, Hash, HashRequest.create(), await logIn(asking, "root"))).hash);
    }
    return hashes.size === 1;
  });
}
