import { afterEach, describe, expect, test } from "vitest";
import { demandOfEntry } from "../../src/apply/index.js";
import { type ApiLevel, apiLevels, EtcdError, GrpcCode, ManualClock, silentLogger } from "../../src/base/index.js";
import { Gate } from "../../src/rpc/grpc/gate.js";
import { FileDisk } from "../../src/server/disk/file-disk.js";
import type { Call, ServerConfig } from "../../src/server/index.js";
import {
  AuthEnableRequest,
  AuthenticateRequest,
  AuthStatusRequest,
  AuthUserAddRequest,
  AuthUserGrantRoleRequest,
  DowngradeAction,
  DowngradeRequest,
  services,
} from "../../src/wire/index.js";
import { Host, patient } from "./member.js";

// One table for each row of the differences between etcd 3.5, 3.6 and 3.7 that a single member shows.

const hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.dispose();
});

async function started(apiLevel: ApiLevel, overrides: Partial<ServerConfig> = {}): Promise<Host> {
  const host = new Host({ apiLevel, bcryptCost: 4, ...overrides });
  hosts.push(host);
  await host.start();
  await settled(host);
  return host;
}

/** Lets the member migrate its database, which takes some turns after the cluster has its version. */
async function settled(host: Host): Promise<void> {
  await host.until(() => [undefined, host.server.clusterVersion()].includes(host.server.storageVersion()));
}

function bearing(token?: string): Call {
  return {
    cancelled: false,
    signal: new AbortController().signal,
    metadata: (name) => (name === "token" ? token : undefined),
  };
}

/** A member with authentication, and the calls of a user without roles and of a client without a token. */
async function secured(level: ApiLevel): Promise<{ host: Host; user: Call; nobody: Call }> {
  const host = await started(level);
  const { auth } = host.server;
  for (const name of ["root", "user"]) {
    await auth.userAdd(AuthUserAddRequest.create({ name, password: name }), patient);
  }
  await auth.userGrantRole(AuthUserGrantRoleRequest.create({ user: "root", role: "root" }), patient);
  await auth.enable(AuthEnableRequest.create(), patient);
  const { token } = await auth.authenticate(AuthenticateRequest.create({ name: "user", password: "user" }), patient);
  return { host, user: bearing(token), nobody: bearing() };
}

/** Code and text of a refusal, as they leave the server; `answered` when there is none. */
function saying(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => "answered",
    (error: unknown) => (error instanceof EtcdError ? [error.code, error.message] : error),
  );
}

const denied = [GrpcCode.PermissionDenied, "etcdserver: permission denied"];
const noName = [GrpcCode.InvalidArgument, "etcdserver: user name is empty"];
const deniedInOwnWords = [GrpcCode.Unknown, "auth: permission denied"];

test("the levels of this file are all levels", () => expect(apiLevels).toEqual(["3.5", "3.6", "3.7"]));

describe.each([
  { level: "3.5", version: "3.5.30", storage: undefined },
  { level: "3.6", version: "3.6.14", storage: "3.6.0" },
  { level: "3.7", version: "3.7.1", storage: "3.7.0" },
] as const)("level $level", ({ level, version, storage }) => {
  const since36 = level !== "3.5";

  test("Status: version, storageVersion, dbSizeQuota, downgradeInfo", async () => {
    const { server } = await started(level);
    const status = await server.maintenance.status(patient);
    const none = { storageVersion: "", dbSizeQuota: 0, downgradeInfo: undefined };
    const since = {
      storageVersion: storage,
      dbSizeQuota: 2 * 1024 ** 3,
      downgradeInfo: { enabled: false, targetVersion: "" },
    };
    expect(status).toMatchObject({ version, ...(since36 ? since : none) });
    expect(server.clusterVersion()).toBe(`${level}.0`);
  });

  test("Status: the quota of the settings, negative for no limit", async () => {
    const { server } = await started(level, { quotaBackendBytes: -1 });
    expect((await server.maintenance.status(patient)).dbSizeQuota).toBe(since36 ? -1 : 0);
  });

  test("HashKV: hash_revision", async () => {
    const host = await started(level);
    await host.put("a", "1");
    await host.put("a", "2");
    const revisions = [0, 2].map(async (at) => (await host.server.maintenance.hashKv(at, patient)).hashRevision);
    expect(await Promise.all(revisions)).toEqual(since36 ? [3, 2] : [0, 0]);
  });

  test("Snapshot: version; GET /version and its form for members: storage", async () => {
    const { server } = await started(level);
    expect(server.maintenance.storageVersion).toBe(storage);
    expect(server.storageVersion()).toBe(storage);
    expect(server.peerService.storageVersion()).toBe(storage);
    expect(server.peerService.serverVersion).toBe(version);
  });

  test("Status for a user who is not root, and without a token", async () => {
    const { host, user, nobody } = await secured(level);
    const { maintenance } = host.server;
    expect(await saying(maintenance.status(user))).toEqual(since36 ? "answered" : denied);
    expect(await saying(maintenance.status(nobody))).toEqual(noName);
  });

  test("Defragment, Hash, HashKV, Snapshot refused to a user who is not root", async () => {
    const { host, user } = await secured(level);
    const { maintenance } = host.server;
    const asked = [
      maintenance.defragment(user),
      maintenance.hash(user),
      maintenance.hashKv(0, user),
      maintenance.snapshot(user),
    ];
    const want = since36 ? denied : deniedInOwnWords;
    expect(await Promise.all(asked.map(saying))).toEqual(asked.map(() => want));
  });

  test("AuthStatus for a user who is not root, and without a token", async () => {
    const { host, user, nobody } = await secured(level);
    const status = (call: Call) => saying(host.server.auth.status(AuthStatusRequest.create(), call));
    const open = level === "3.7";
    expect(await status(user)).toEqual(open ? "answered" : denied);
    expect(await status(nobody)).toEqual(open ? "answered" : noName);
  });

  test("codes of `not capable`, `rpc not supported for learner`, `invalid client api version`", () => {
    const view = { clusterVersion: () => "3.5.0", isLearner: () => false, leadership: { hasLeader: true } };
    const binding = { kind: "unary", path: services["etcdserverpb.KV"].Put.path, run: async () => [] } as never;
    const refusal = (changed: Partial<typeof view> | { clusterVersion: () => undefined }, clientVersion?: string) => {
      const call: Call = {
        ...patient,
        metadata: (name) => (name === "client-api-version" ? clientVersion : undefined),
      };
      try {
        new Gate({ ...view, ...changed }, level).admit(call, binding, new Uint8Array(0));
        return "admitted";
      } catch (error) {
        return error instanceof EtcdError ? [error.code, error.message] : error;
      }
    };
    const code = since36 ? GrpcCode.FailedPrecondition : GrpcCode.Unavailable;
    expect(refusal({ clusterVersion: () => undefined })).toEqual([code, "etcdserver: not capable"]);
    expect(refusal({ isLearner: () => true })).toEqual([code, "etcdserver: rpc not supported for learner"]);
    const invalid = [GrpcCode.InvalidArgument, "etcdserver: invalid client api version"];
    expect(refusal({}, "3\xff")).toEqual(since36 ? invalid : "admitted");
    for (const fine of ["3.7", Buffer.from("3.7\u20ac").toString("latin1")]) expect(refusal({}, fine)).toBe("admitted");
  });

  test("Downgrade: checks, their order and their answers", async () => {
    const host = await started(level);
    const [older, own] = level === "3.5" ? ["3.4", "3.5.0"] : level === "3.6" ? ["3.5", "3.6"] : ["3.6", "3.7"];
    const { VALIDATE, ENABLE, CANCEL } = DowngradeAction;
    const ask = (action: number, target = ""): Promise<unknown> =>
      host.server.downgrades.run(DowngradeRequest.create({ action, version: target }), patient).then(
        (answer) => answer.version,
        (error: EtcdError) => [error.code, error.message],
      );
    const wrong = [GrpcCode.InvalidArgument, "etcdserver: wrong downgrade target version format"];
    const invalid = [GrpcCode.InvalidArgument, "etcdserver: invalid downgrade target version"];
    const inProgress = [GrpcCode.FailedPrecondition, "etcdserver: cluster has a downgrade job in progress"];
    const none = [GrpcCode.FailedPrecondition, "etcdserver: no inflight downgrade job"];
    expect(await ask(VALIDATE, "x")).toEqual(wrong);
    expect(await ask(VALIDATE, `${level}.0`)).toEqual(invalid);
    expect(await ask(VALIDATE, "3.3")).toEqual(invalid);
    expect(await ask(VALIDATE, older)).toBe(own);
    expect(await ask(VALIDATE, `${older}.9`)).toBe(own);
    expect(await ask(CANCEL)).toEqual(since36 ? own : none);
    expect(await ask(ENABLE, older)).toBe(own);
    expect(await ask(VALIDATE, older)).toEqual(inProgress);
    expect(await ask(ENABLE, older)).toEqual(inProgress);
    expect((await host.server.maintenance.status(patient)).downgradeInfo).toEqual(
      since36 ? { enabled: true, targetVersion: `${older}.0` } : undefined,
    );
    expect(await ask(CANCEL)).toBe(own);
    expect((await host.server.maintenance.status(patient)).downgradeInfo).toEqual(
      since36 ? { enabled: false, targetVersion: "" } : undefined,
    );
  });

  test("the log of a new member: its first put has index 5, and no request is one of the v2 store", async () => {
    const host = await started(level);
    await host.put("a", "1");
    expect((await host.server.maintenance.status(patient)).raftIndex).toBe(5);
    await host.server.stop();
    const { dir } = host;
    const disk = new FileDisk({
      ...{ dataDir: dir, unsafeNoSync: false, clock: new ManualClock(), logger: silentLogger },
      openStore: (path) => host.disk.open(path),
    });
    const opened = await disk.openLog();
    await opened?.wal.close();
    expect(opened?.entries.map(({ data }) => demandOfEntry(data))).toEqual([
      undefined,
      undefined,
      undefined,
      `${level}.0`,
      undefined,
    ]);
  });

  test("the database has the storage version of the cluster, which a later start keeps", async () => {
    const host = await started(level);
    await host.restart();
    await settled(host);
    expect(host.server.storageVersion()).toBe(storage);
  });
});

test("a data directory of an earlier release is taken up without a word, and migrated", async () => {
  const lines: string[] = [];
  const note = (message: string): number => lines.push(message);
  const logger = { ...silentLogger, warn: note, error: note };
  const host = new Host({ apiLevel: "3.5" }, logger);
  hosts.push(host);
  await host.start();
  await host.put("a", "1");
  await host.restartAt("3.7");
  await host.until(() => host.server.storageVersion() === "3.7.0");
  expect(await host.get("a")).toBe("1");
  expect(host.server.clusterVersion()).toBe("3.7.0");
  expect(lines).toEqual([]);
});

for (const { from, to } of [
  { from: "3.7", to: "3.6" },
  { from: "3.7", to: "3.5" },
  { from: "3.6", to: "3.5" },
] as const) {
  test(`a data directory of level ${from} is refused at level ${to}, with etcd's text`, async () => {
    const host = await started(from);
    await expect(host.restartAt(to)).rejects.toThrow(`version "${from}.0" is not supported`);
    await host.restartAt(from);
  });
}
