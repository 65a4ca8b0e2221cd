import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seededRandom, silentLogger } from "../../../src/base/index.js";
import { wholeOf } from "../../../src/rpc/grpc/answer.js";
import { clientBindings } from "../../../src/rpc/index.js";
import type { Call } from "../../../src/server/index.js";
import {
  AuthEnableRequest,
  AuthenticateRequest,
  AuthRoleAddRequest,
  AuthRoleGrantPermissionRequest,
  AuthUserAddRequest,
  AuthUserGrantRoleRequest,
  authpb,
  consolepb,
  PutRequest,
  services,
} from "../../../src/wire/index.js";
import { Host, outcome, patient } from "../member.js";
import { VirtualCluster } from "../virtual/cluster.js";

const { InfoRequest, TreeRequest, StatisticsRequest, MayRequest } = consolepb;
const { READ, WRITE, READWRITE } = authpb.PermissionType;

interface Line {
  readonly message: string;
  readonly fields: unknown;
}
const lines: Line[] = [];
const logger = { ...silentLogger, info: (message: string, fields: unknown) => void lines.push({ message, fields }) };

describe("the calls of the console with authentication", () => {
  const host = new Host({ bcryptCost: 4 }, logger);
  /** A call of each user. `nobody` has no token, and `forger` an invalid one. */
  const calls = new Map<string, Call>();
  const as = (name: string): Call => {
    const call = calls.get(name);
    if (call === undefined) throw new Error(`no user ${name}`);
    return call;
  };

  beforeAll(async () => {
    const { auth } = await host.start();
    for (const key of ["app/a", "app/b/c", "other/x", "single", "zoo"]) await host.put(key, "v");
    await auth.roleAdd(AuthRoleAddRequest.create({ name: "app" }), patient);
    for (const [permType, key, rangeEnd] of [
      [READWRITE, "app/", "app0"],
      [READ, "single", ""],
      [WRITE, "zoo", ""],
    ] as const) {
      const perm = { permType, key, rangeEnd };
      await auth.roleGrantPermission(AuthRoleGrantPermissionRequest.create({ name: "app", perm }), patient);
    }
    for (const [name, role] of [["root", "root"], ["user", "app"], ["idle"]] as const) {
      await auth.userAdd(AuthUserAddRequest.create({ name, password: name }), patient);
      if (role !== undefined) await auth.userGrantRole(AuthUserGrantRoleRequest.create({ user: name, role }), patient);
    }
    await auth.enable(AuthEnableRequest.create(), patient);
    for (const name of ["root", "user", "idle"]) {
      const { token } = await auth.authenticate(AuthenticateRequest.create({ name, password: name }), patient);
      calls.set(name, { ...patient, metadata: (wanted) => (wanted === "token" ? token : undefined) });
    }
    calls.set("nobody", patient);
    calls.set("forger", { ...patient, metadata: (wanted) => (wanted === "token" ? "forged.1" : undefined) });
  });
  afterAll(() => host.dispose());

  const questions: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
    info: async () => host.server.console.info(),
    tree: (call) => host.server.console.tree(TreeRequest.create(), call),
    statistics: (call) => host.server.console.statistics(StatisticsRequest.create(), call),
    members: (call) => host.server.console.members(call),
    "may of himself": (call) => host.server.console.may(MayRequest.create({ key: "a" }), "read", call),
    "may of another": (call) => host.server.console.may(MayRequest.create({ user: "user" }), "read", call),
  };
  for (const [question, answers] of [
    ["info", "nobody:done forger:done idle:done root:done"],
    ["tree", "nobody:userEmpty forger:invalidAuthToken idle:done root:done"],
    ["statistics", "nobody:userEmpty forger:invalidAuthToken idle:done root:done"],
    ["members", "nobody:userEmpty forger:invalidAuthToken idle:done root:done"],
    ["may of himself", "nobody:userEmpty forger:invalidAuthToken idle:done root:done"],
    ["may of another", "nobody:userEmpty forger:invalidAuthToken idle:permissionDenied root:done"],
  ] as const) {
    test(`${question} answers ${answers}`, async () => {
      const got = answers.split(" ").map(async (one) => {
        const [name = ""] = one.split(":");
        return `${name}:${await outcome(questions[question]?.(as(name)) ?? Promise.resolve())}`;
      });
      expect((await Promise.all(got)).join(" ")).toBe(answers);
    });
  }

  const namesOf = async (name: string, prefix = ""): Promise<readonly string[]> => {
    const { nodes, count } = await host.server.console.tree(TreeRequest.create({ prefix }), as(name));
    return [...nodes.map((node) => `${node.name} ${node.count}`), `of ${count}`];
  };

  test("a user sees the keys that he may read, and neither names nor counts of others", async () => {
    expect(await namesOf("root")).toEqual(["app/ 2", "other/ 1", "single 1", "zoo 1", "of 5"]);
    expect(await namesOf("user")).toEqual(["app/ 2", "single 1", "of 3"]);
    expect(await namesOf("user", "app/")).toEqual(["a 1", "b/ 1", "of 2"]);
    expect(await namesOf("user", "other/")).toEqual(["of 0"]);
    expect(await namesOf("idle")).toEqual(["of 0"]);
  });

  test("statistics about the data of all users are for root only", async () => {
    const namesFor = async (name: string): Promise<readonly string[]> => {
      const { series } = await host.server.console.statistics(StatisticsRequest.create(), as(name));
      return series.map((one) => one.name);
    };
    expect(await namesFor("user")).toContain("puts");
    expect(await namesFor("user")).not.toContain("keys");
    expect(await namesFor("root")).toEqual(expect.arrayContaining(["puts", "keys", "dbSize"]));
  });

  for (const { user, key, end = "", type, allowed, roles, reason } of [
    { user: "user", key: "app/x", type: "read", allowed: true, roles: "app", reason: "a permission of the user" },
    { user: "user", key: "zoo", type: "read", allowed: false, roles: "", reason: "no role of the user" },
    { user: "user", key: "zoo", type: "write", allowed: true, roles: "app", reason: "a permission of the user" },
    { user: "user", key: "app/", end: "b", type: "read", allowed: false, roles: "app", reason: "may read a part" },
    { user: "idle", key: "app/x", type: "read", allowed: false, roles: "", reason: "no role of the user" },
    { user: "root", key: "\0", end: "\0", type: "write", allowed: true, roles: "root", reason: "the role root" },
    { user: "ghost", key: "a", type: "read", allowed: false, roles: "", reason: 'there is no user "ghost"' },
  ] as const) {
    test(`${user} ${allowed ? "may" : "may not"} ${type} ${JSON.stringify([key, end])}`, async () => {
      const request = MayRequest.create({ user, key, rangeEnd: end });
      const answer = await host.server.console.may(request, type, as("root"));
      expect([answer.allowed, answer.why.map(({ role }) => role).join()]).toEqual([allowed, roles]);
      expect(answer.reason).toContain(reason);
    });
  }

  test("changes that are made in the console are logged with the user's name, without values", async () => {
    const { path, request } = services["etcdserverpb.KV"].Put;
    const binding = clientBindings(host.server, host.clock, seededRandom(1)).find((one) => one.path === path);
    if (binding?.kind !== "unary") throw new Error("no Put");
    const put = async (key: string, name: string, fromConsole: boolean): Promise<void> => {
      const bytes = request.encode(PutRequest.create({ key, value: Buffer.from("secret") }));
      await wholeOf(await binding.run(bytes, { ...as(name), metadata: as(name).metadata, fromConsole }));
    };
    lines.length = 0;
    await put("app/a", "user", false);
    await put("app/a", "user", true);
    await expect(put("other/x", "user", true)).rejects.toThrow("permission denied");
    expect(lines.filter(({ message }) => message.includes("console"))).toEqual([
      {
        message: "change from the console",
        fields: { user: "user", method: "Put", request: 'key:"app/a" value_size:6' },
      },
      {
        message: "refused change from the console",
        fields: {
          ...{ user: "user", method: "Put", request: 'key:"other/x" value_size:6' },
          error: "etcdserver: permission denied",
        },
      },
    ]);
  });
});

test("a client that says it is the console does not fill the log, and its refused changes hide no others", async () => {
  const host = new Host({}, logger);
  try {
    await host.start();
    lines.length = 0;
    const { console } = host.server;
    for (let at = 0; at < 1_000; at++) await console.logChange(patient, "Put", "", "etcdserver: no leader");
    await console.logChange(patient, "Put", 'key:"a"', undefined);
    const logged = lines.filter(({ message }) => message.includes("console"));
    expect(logged.length).toBeLessThan(150);
    expect(logged.at(-1)).toEqual({
      message: "change from the console",
      fields: { method: "Put", request: 'key:"a"' },
    });
    expect(logged.at(-2)?.fields).toMatchObject({ "lines-omitted": 99 });
  } finally {
    await host.dispose();
  }
});

test("without authentication everybody may do everything", async () => {
  const host = new Host({ consoleWrites: true });
  try {
    await host.start();
    await host.put("a", "v");
    expect(host.server.console.info()).toMatchObject({ authEnabled: false, writes: true, separator: "/" });
    expect((await host.server.console.tree(TreeRequest.create(), patient)).nodes).toHaveLength(1);
    expect(await host.server.console.may(MayRequest.create({ key: "a" }), "read", patient)).toMatchObject({
      allowed: true,
      reason: expect.stringContaining("authentication is off"),
    });
    expect(InfoRequest.encode({})).toHaveLength(0);
  } finally {
    await host.dispose();
  }
});

test("the member that serves the console asks the others, and says which it could not reach", async () => {
  const cluster = await VirtualCluster.start(1, 3);
  try {
    const { leader } = cluster;
    const serving = cluster.members.find((member) => member !== leader)?.server;
    const other = cluster.members.find(({ server }) => server !== serving && server !== leader?.server);
    if (serving === undefined || leader === undefined || other === undefined) throw new Error("no such members");
    await cluster.advance(10_000);
    const ask = async () => (await cluster.during(serving.console.members(patient))).members;
    for (const member of await ask()) {
      expect(member).toMatchObject({ reached: true, health: "ok", leader: leader.server.memberId, lag: 0, error: "" });
      expect(member.startedSecondsAgo).toBeGreaterThanOrEqual(10);
    }
    const { memberId } = other.server;
    const statistics = (id: bigint) =>
      cluster.during(serving.console.statistics(StatisticsRequest.create({ memberId: id }), patient));
    expect((await statistics(memberId)).series.find(({ name }) => name === "puts")?.values).toHaveLength(2);
    expect(await cluster.during(outcome(statistics(12345n)))).toBe("memberNotFound");
    other.kill();
    const answered = await ask();
    expect(answered.map(({ id, reached, health }) => [id, reached, health])).toEqual(
      answered.map(({ id }) => [id, id !== memberId, id === memberId ? "not reached" : "ok"]),
    );
    expect(answered.find(({ id }) => id === memberId)?.error).not.toBe("");
    expect(await cluster.during(outcome(statistics(memberId)))).toBe("timeout");
  } finally {
    await cluster.dispose();
  }
});
