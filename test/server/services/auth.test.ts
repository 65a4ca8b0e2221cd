import { readdirSync } from "node:fs";
import { afterEach, expect, test, vi } from "vitest";
import {
  type Key,
  type LogFields,
  type Logger,
  type MemberId,
  seededRandom,
  silentLogger,
} from "../../../src/base/index.js";
import { clientBindings } from "../../../src/rpc/index.js";
import type { Call, ServerConfig } from "../../../src/server/index.js";
import {
  AuthDisableRequest,
  AuthEnableRequest,
  AuthenticateRequest,
  AuthRoleAddRequest,
  AuthRoleGrantPermissionRequest,
  AuthRoleRevokePermissionRequest,
  AuthStatusRequest,
  AuthUserAddRequest,
  AuthUserChangePasswordRequest,
  AuthUserDeleteRequest,
  AuthUserGrantRoleRequest,
  AuthUserRevokeRoleRequest,
  authpb,
  LeaseGrantRequest,
  lockpb,
  PutRequest,
  RangeRequest,
  WatchCreateRequest,
  WatchRequest,
  WatchResponse,
} from "../../../src/wire/index.js";
import { Host, outcome, patient, turns } from "../member.js";

let hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts) await host.dispose();
  hosts = [];
});

/** Starts a member with authentication, root, and alice, who may read and write [a, d). */
async function secured(overrides: Partial<ServerConfig> = {}): Promise<Host> {
  const host = new Host({ bcryptCost: 4, ...overrides });
  hosts.push(host);
  const { auth } = await host.start();
  for (const name of ["root", "alice"]) {
    await auth.userAdd(AuthUserAddRequest.create({ name, password: name }), patient);
  }
  await auth.userGrantRole(AuthUserGrantRoleRequest.create({ user: "root", role: "root" }), patient);
  await auth.roleAdd(AuthRoleAddRequest.create({ name: "app" }), patient);
  const perm = { permType: authpb.PermissionType.READWRITE, key: "a", rangeEnd: "d" };
  await auth.roleGrantPermission(AuthRoleGrantPermissionRequest.create({ name: "app", perm }), patient);
  await auth.userGrantRole(AuthUserGrantRoleRequest.create({ user: "alice", role: "app" }), patient);
  await auth.enable(AuthEnableRequest.create(), patient);
  return host;
}

function callWith(metadata: Readonly<Record<string, string>>, commonName?: string): Call {
  return {
    cancelled: false,
    signal: new AbortController().signal,
    metadata: (name) => metadata[name],
    ...(commonName !== undefined && { commonName }),
  };
}

async function logIn({ server }: Host, name: string): Promise<Call> {
  const { token } = await server.auth.authenticate(AuthenticateRequest.create({ name, password: name }), patient);
  return callWith({ token });
}

const put = ({ server }: Host, key: Key, call: Call, more: Partial<PutRequest> = {}): Promise<string> =>
  outcome(server.kv.put(PutRequest.create({ key, value: Buffer.from("v"), ...more }), call));
const get = ({ server }: Host, key: Key, call: Call): Promise<string> =>
  outcome(server.kv.range(RangeRequest.create({ key }), call));

test("a token is accepted from either metadata key, with or without `Bearer`", async () => {
  const host = await secured();
  const token = (await logIn(host, "alice")).metadata("token") ?? "";
  for (const metadata of [{ token }, { authorization: token }, { authorization: `Bearer ${token}` }]) {
    expect(await get(host, "a", callWith(metadata))).toBe("done");
  }
  expect(await get(host, "a", callWith({ token: "", authorization: token }))).toBe("invalidAuthToken");
  expect(await get(host, "a", patient)).toBe("userEmpty");
});

test("users, roles and enabled authentication survive a restart and a crash; simple tokens do not", async () => {
  const host = await secured();
  const alice = await logIn(host, "alice");
  for (const again of ["restart", "crash"] as const) {
    await host[again]();
    expect(await get(host, "a", alice)).toBe("invalidAuthToken");
    expect(await get(host, "a", await logIn(host, "alice"))).toBe("done");
    expect(await get(host, "x", await logIn(host, "alice"))).toBe("permissionDenied");
    const status = await host.server.auth.status(AuthStatusRequest.create(), await logIn(host, "root"));
    expect(status).toMatchObject({ enabled: true, authRevision: 7 });
  }
});

test("a put is checked against the users and roles at the time of its application", async () => {
  const host = await secured();
  const [root, alice] = [await logIn(host, "root"), await logIn(host, "alice")];
  const change = host.server.auth.roleAdd(AuthRoleAddRequest.create({ name: "other" }), root);
  expect(await put(host, "a", alice)).toBe("authOldRevision");
  await change;
  expect(await put(host, "a", alice)).toBe("done");
});

test("a read is refused at its end if users or roles changed during it", async () => {
  const host = await secured();
  const [root, alice] = [await logIn(host, "root"), await logIn(host, "alice")];
  await host.server.kv.put(PutRequest.create({ key: "b" }), root);
  // The read waits for memory, which it gets after the role has been added.
  const change = host.server.auth.roleAdd(AuthRoleAddRequest.create({ name: "other" }), root);
  const reads = host.server.memory.pot("reads");
  vi.spyOn(reads, "takeIfRoom").mockReturnValue(false);
  const waiting = vi.spyOn(reads, "admit").mockImplementation(async (bytes) => {
    await change;
    reads.take(bytes);
  });
  const read = outcome(
    host.server.kv.range(RangeRequest.create({ key: "b", rangeEnd: "c", serializable: true }), alice),
  );
  expect(await read).toBe("authOldRevision");
  expect(waiting).toHaveBeenCalledOnce();
  expect(reads.heldBytes).toBe(0);
});

/** A bcrypt cost at which the comparison takes longer than the change made during it. */
const slow = { bcryptCost: 9 };

test("a login is retried if users or roles changed while the password was compared", async () => {
  const host = await secured(slow);
  const root = await logIn(host, "root");
  const { proposalsApplied: before } = host.server.metrics;
  const alice = logIn(host, "alice");
  await turns(3);
  await host.server.auth.roleAdd(AuthRoleAddRequest.create({ name: "other" }), root);
  const call = await alice;
  expect(host.server.metrics.proposalsApplied - before).toBe(3);
  expect(await get(host, "a", call)).toBe("done");
});

test("a login is refused if the password changed while it was compared", async () => {
  const host = await secured(slow);
  const root = await logIn(host, "root");
  const alice = outcome(logIn(host, "alice"));
  const request = AuthUserChangePasswordRequest.create({ name: "alice", hashedPassword: "eA==" });
  await turns(1);
  await host.server.auth.userChangePassword(request, root);
  expect(await alice).toBe("authFailed");
});

for (const { change, ends } of [
  { change: "password", ends: true },
  { change: "role", ends: false },
] as const) {
  test(`tokens ${ends ? "end" : "stay"} with a change of the ${change}`, async () => {
    const host = await secured();
    const [root, alice] = [await logIn(host, "root"), await logIn(host, "alice")];
    const { auth } = host.server;
    if (change === "password") {
      await auth.userChangePassword(AuthUserChangePasswordRequest.create({ name: "alice", password: "x" }), root);
    } else await auth.userGrantRole(AuthUserGrantRoleRequest.create({ user: "alice", role: "root" }), root);
    expect(await get(host, "x", alice)).toBe(ends ? "invalidAuthToken" : "done");
  });
}

test("a lease that expires deletes also keys that only root may write", async () => {
  const host = await secured();
  const root = await logIn(host, "root");
  const { id } = await host.server.leases.grant(LeaseGrantRequest.create({ ttl: 2 }), root);
  expect(await put(host, "x", root, { lease: id })).toBe("done");
  await host.advance(4_000);
  await host.until(() => host.server.metrics.keys === 0);
});

test("a login that cannot get a token is refused before anything is written", async () => {
  const host = new Host({ authToken: "jwt,sign-method=HS256" });
  hosts.push(host);
  await expect(host.start()).rejects.toThrow("auth: missing key data");
  expect(readdirSync(host.dir)).toEqual([]);
});

test("a member that promotes another one for a user checks the user's token", async () => {
  const host = await secured();
  const { peerService } = host.server;
  const tokenOf = async (name: string): Promise<string> => (await logIn(host, name)).metadata("token") ?? "";
  const id = 1n as MemberId;
  expect(await outcome(peerService.promote(id, ""))).toBe("userEmpty");
  expect(await outcome(peerService.promote(id, "x"))).toBe("invalidAuthToken");
  expect(await outcome(peerService.promote(id, await tokenOf("alice")))).toBe("permissionDenied");
  expect(await outcome(peerService.promote(id, await tokenOf("root")))).toBe("memberNotFound");
});

test("health checks of the local member need no user", async () => {
  const host = await secured();
  expect(await outcome(host.server.kv.probe(true, patient))).toBe("done");
  expect(await outcome(host.server.kv.probe(false, patient))).toBe("done");
});

for (const { name, call, want, trusts = true } of [
  { name: "is a user's name", call: callWith({}, "alice"), want: ["done", "permissionDenied"] },
  {
    name: "has no rights if there is no such user",
    call: callWith({}, "bob"),
    want: ["permissionDenied", "permissionDenied"],
  },
  {
    name: "is ignored beside a token",
    call: callWith({ token: "x" }, "alice"),
    want: ["invalidAuthToken", "invalidAuthToken"],
  },
  {
    name: "is ignored for calls through a gateway",
    call: callWith({ "grpcgateway-accept": "x" }, "alice"),
    want: ["userEmpty", "userEmpty"],
  },
  {
    name: "is ignored unless the setting enables it",
    call: callWith({}, "root"),
    want: ["userEmpty", "userEmpty"],
    trusts: false,
  },
] as const) {
  test(`the name in a certificate ${name}`, async () => {
    const host = await secured({ clientCertAuth: trusts });
    expect([await put(host, "a", call), await put(host, "x", call)]).toEqual(want);
    expect([await get(host, "a", call), await get(host, "x", call)]).toEqual(want);
  });
}

/** Starts a watch of a range. The result gives its responses. */
async function watch(host: Host, call: Call, key: Key, rangeEnd: Key): Promise<{ readonly heard: WatchResponse[] }> {
  const { server, clock } = host;
  const binding = clientBindings(server, clock, seededRandom(1)).find(({ path }) => path.endsWith("/Watch"));
  if (binding?.kind !== "stream") throw new Error("Watch is a stream");
  const request = WatchRequest.create({
    requestUnion: { case: "createRequest", value: WatchCreateRequest.create({ key, rangeEnd }) },
  });
  const heard: WatchResponse[] = [];
  void binding
    .run({
      call,
      async *read() {
        yield WatchRequest.encode(request);
        await new Promise(() => undefined);
      },
      write: (bytes) => heard.push(WatchResponse.decode(bytes)) > 0,
      writePieces: ({ pieces }) => heard.push(WatchResponse.decode(Buffer.concat(pieces))) > 0,
      drained: async () => undefined,
      end: () => undefined,
    })
    .catch(() => undefined);
  await host.until(() => heard.length > 0);
  return { heard };
}

const denied = "rpc error: code = PermissionDenied desc = etcdserver: permission denied";
for (const { name, change, want } of [
  {
    name: "whose role is revoked",
    change: ({ server }: Host, root: Call) =>
      server.auth.userRevokeRole(AuthUserRevokeRoleRequest.create({ name: "alice", role: "app" }), root),
    want: denied,
  },
  {
    name: "whose permission is revoked",
    change: ({ server }: Host, root: Call) =>
      server.auth.roleRevokePermission(
        AuthRoleRevokePermissionRequest.create({ role: "app", key: "a", rangeEnd: "d" }),
        root,
      ),
    want: denied,
  },
  {
    name: "whose user is deleted",
    change: ({ server }: Host, root: Call) =>
      server.auth.userDelete(AuthUserDeleteRequest.create({ name: "alice" }), root),
    want: denied,
  },
  {
    name: "who is granted more",
    change: ({ server }: Host, root: Call) =>
      server.auth.userGrantRole(AuthUserGrantRoleRequest.create({ user: "alice", role: "root" }), root),
    want: undefined,
  },
  {
    name: "whose password changes",
    change: ({ server }: Host, root: Call) =>
      server.auth.userChangePassword(AuthUserChangePasswordRequest.create({ name: "alice", password: "x" }), root),
    want: undefined,
  },
  {
    name: "when authentication is disabled",
    change: ({ server }: Host, root: Call) => server.auth.disable(AuthDisableRequest.create(), root),
    want: undefined,
  },
] as const) {
  test(`the watch of a user ${name} ${want === undefined ? "goes on" : "ends"}`, async () => {
    const host = await secured();
    const [root, alice] = [await logIn(host, "root"), await logIn(host, "alice")];
    const { heard } = await watch(host, alice, "a", "d");
    expect(heard[0]).toMatchObject({ created: true, canceled: false });
    await change(host, root);
    const now = want === undefined && name.includes("is disabled") ? patient : await logIn(host, "root");
    expect(await put(host, "b", now)).toBe("done");
    await host.until(() => heard.length > 1);
    await turns(5);
    if (want === undefined) expect(heard.slice(1)).toMatchObject([{ canceled: false, events: [{ type: 0 }] }]);
    else expect(heard.slice(1)).toMatchObject([{ canceled: true, cancelReason: want, events: [] }]);
  });
}

test("a watch without a user ends when authentication is enabled", async () => {
  const host = await secured();
  const root = await logIn(host, "root");
  await host.server.auth.disable(AuthDisableRequest.create(), root);
  const { heard } = await watch(host, patient, "x", "");
  await host.server.auth.enable(AuthEnableRequest.create(), patient);
  await host.until(() => heard.length > 1);
  const reason = "rpc error: code = InvalidArgument desc = etcdserver: user name is empty";
  expect(heard[1]).toMatchObject({ canceled: true, cancelReason: reason });
});

test("a waiter for a lock and an observer of an election lose their rights as a watch does", async () => {
  const host = await secured();
  const [root, alice] = [await logIn(host, "root"), await logIn(host, "alice")];
  const bound = clientBindings(host.server, host.clock, seededRandom(1));
  const lock = (name: string, call: Call): Promise<string> => {
    const binding = bound.find(({ path }) => path.endsWith("/Lock"));
    if (binding?.kind !== "unary") throw new Error("Lock has one answer");
    return outcome(binding.run(lockpb.LockRequest.encode({ name: Buffer.from(name), lease: 0n }), call));
  };
  expect(await lock("x", alice)).toContain("permission denied");
  expect(await lock("a", root)).toBe("done");
  const waiting = lock("a", alice);
  await host.until(() => host.server.metrics.keys === 2);
  await turns(5);
  await host.server.auth.userRevokeRole(AuthUserRevokeRoleRequest.create({ name: "alice", role: "app" }), root);
  expect(await waiting).toContain("permission denied");
});

test("no password, hash or token is ever logged", async () => {
  let said = "";
  const hear = (text: string, fields?: LogFields): void => {
    said += `${text} ${JSON.stringify(fields)}\n`;
  };
  const logger: Logger = { ...silentLogger, debug: hear, info: hear, warn: hear, error: hear };
  const host = new Host({ bcryptCost: 4 }, logger);
  hosts.push(host);
  const { auth } = await host.start();
  await auth.userAdd(AuthUserAddRequest.create({ name: "root", password: "opensesame" }), patient);
  await auth.userGrantRole(AuthUserGrantRoleRequest.create({ user: "root", role: "root" }), patient);
  await auth.enable(AuthEnableRequest.create(), patient);
  const request = AuthenticateRequest.create({ name: "root", password: "opensesame" });
  const { token } = await auth.authenticate(request, patient);
  await outcome(auth.authenticate({ ...request, password: "opensesame2" }, patient));
  const root = callWith({ token });
  await auth.userChangePassword(AuthUserChangePasswordRequest.create({ name: "root", password: "opensesame3" }), root);
  await get(host, "a", root);
  expect(said).toContain("added a user");
  expect(said).toContain("invalid authentication was requested");
  expect(said).not.toContain("opensesame");
  expect(said).not.toContain("$2a$");
  expect(said).not.toContain(token);
});
