import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GrpcCode, keyFromText, prefixEnd } from "../../src/base/index.js";
import type { electionpb, KeyValue, lockpb, ResponseHeader } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import { type ServerKind, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";

// Makes the same calls of v3lockpb.Lock and v3electionpb.Election to real etcd 3.5 and to our server. Keys, revisions,
// codes and texts must be equal. The test chooses the ids of leases, so that keys can be compared.

const bytes = (text: string) => Buffer.from(text, "latin1");

/** The answer of a call, without the parts that differ between two servers. */
type Heard = Readonly<Record<string, unknown>>;

class Caller {
  readonly client: TestClient;
  /** A client whose calls time out, late enough that even a busy server has begun them. */
  readonly hasty: TestClient;
  readonly server: ServerProcess;

  constructor(server: ServerProcess, token?: string) {
    this.server = server;
    this.client = new TestClient(server.endpoint, undefined, undefined, token);
    this.hasty = new TestClient(server.endpoint, 2_000, undefined, token);
  }

  async grant(...ids: readonly bigint[]): Promise<void> {
    for (const id of ids) await this.client.unary("etcdserverpb.Lease", "LeaseGrant", { id, ttl: 60 });
  }

  async revoke(id: bigint): Promise<void> {
    await this.client.unary("etcdserverpb.Lease", "LeaseRevoke", { id });
  }

  lock(name: string, lease: bigint, client = this.client): Promise<Heard> {
    return heard(client.unary("v3lockpb.Lock", "Lock", { name: bytes(name), lease }));
  }

  unlock(key: string): Promise<Heard> {
    return heard(this.client.unary("v3lockpb.Lock", "Unlock", { key }));
  }

  campaign(name: string, lease: bigint, value: string, client = this.client): Promise<Heard> {
    const request = { name: bytes(name), lease, value: bytes(value) };
    return heard(client.unary("v3electionpb.Election", "Campaign", request));
  }

  proclaim(leader: electionpb.LeaderKey | undefined, value: string): Promise<Heard> {
    return heard(this.client.unary("v3electionpb.Election", "Proclaim", { leader, value: bytes(value) }));
  }

  resign(leader: electionpb.LeaderKey | undefined): Promise<Heard> {
    return heard(this.client.unary("v3electionpb.Election", "Resign", { leader }));
  }

  leader(name: string): Promise<Heard> {
    return heard(this.client.unary("v3electionpb.Election", "Leader", { name: bytes(name) }));
  }

  observe(name: string) {
    const stream = this.client.stream("v3electionpb.Election", "Observe");
    stream.on("error", () => undefined);
    stream.end({ name: bytes(name) });
    const answers = stream[Symbol.asyncIterator]();
    return {
      next: () => heard(answers.next().then(({ value }) => value)),
      stop: () => stream.cancel(),
    };
  }

  /** The key, creation revision and value of each key under a name, the oldest first. */
  async line(name: string): Promise<readonly string[]> {
    const key = keyFromText(`${name}/`);
    const request = { key, rangeEnd: prefixEnd(key), sortTarget: 2 };
    const { kvs } = await this.client.unary("etcdserverpb.KV", "Range", request);
    return kvs.map((kv) => {
      const { key: found, value, createRevision, lease } = decoded(kv);
      return `${found}@${createRevision}=${Buffer.from(value).toString()} (${lease})`;
    });
  }

  /** Resolves when there are `count` keys under a name. */
  async standing(name: string, count: number): Promise<void> {
    await until(async () => (await this.line(name)).length === count);
  }

  async stop(): Promise<void> {
    this.client.close();
    this.hasty.close();
    await this.server.stop();
  }
}

function decoded(kv: unknown): KeyValue {
  return kv as KeyValue;
}

async function heard(answer: Promise<unknown>): Promise<Heard> {
  try {
    return plain(await answer);
  } catch (error) {
    const { code, details } = error as { code: number; details: string };
    return { code, details };
  }
}

/** An answer without the ids and the term of the server. */
function plain(answer: unknown): Heard {
  if (answer === undefined) return { over: true };
  const { header, ...rest } = answer as { header?: ResponseHeader } & lockpb.LockResponse;
  return { revision: header?.revision, ids: header !== undefined && header.memberId !== 0n, ...rest };
}

const prefixOf = (key: string) => ({ key, rangeEnd: prefixEnd(key), permType: 2 });

/** Enables authentication with root and a user who may use names that begin with `l`. @returns that user's token */
async function beginAuth({ client }: Caller): Promise<string> {
  await client.unary("etcdserverpb.Auth", "UserAdd", { name: "root", password: "r" });
  await client.unary("etcdserverpb.Auth", "UserGrantRole", { user: "root", role: "root" });
  await client.unary("etcdserverpb.Auth", "RoleAdd", { name: "r" });
  await client.unary("etcdserverpb.Auth", "RoleGrantPermission", { name: "r", perm: prefixOf("l") });
  await client.unary("etcdserverpb.Auth", "UserAdd", { name: "u", password: "p" });
  await client.unary("etcdserverpb.Auth", "UserGrantRole", { user: "u", role: "r" });
  await client.unary("etcdserverpb.Auth", "AuthEnable", {});
  return (await client.unary("etcdserverpb.Auth", "Authenticate", { name: "u", password: "p" })).token;
}

type Script = (caller: Caller, say: (...answers: unknown[]) => void) => Promise<void>;

const locks: Readonly<Record<string, Script>> = {
  async "one after the other, in the order of asking"(caller, say) {
    await caller.grant(0x101n, 0x102n, 0x103n);
    say(await caller.lock("l", 0x101n), await caller.lock("l", 0x101n));
    const second = caller.lock("l", 0x102n);
    await caller.standing("l", 2);
    const third = caller.lock("l", 0x103n);
    await caller.standing("l", 3);
    say(await caller.line("l"));
    say(await caller.unlock("l/101"), await second, await caller.line("l"));
    say(await caller.unlock("l/102"), await third, await caller.unlock("l/103"), await caller.line("l"));
  },
  async "a waiter that gives up frees the next one, not itself"(caller, say) {
    await caller.grant(0x111n, 0x112n, 0x113n);
    await caller.lock("m", 0x111n);
    const leaves = caller.lock("m", 0x112n, caller.hasty);
    await caller.standing("m", 2);
    const stays = caller.lock("m", 0x113n);
    say(gaveUp((await leaves).code));
    await caller.standing("m", 2);
    say(await caller.line("m"), await caller.unlock("m/111"), await stays, await caller.line("m"));
  },
  async "a session that ended while it waited does not get the lock"(caller, say) {
    await caller.grant(0x121n, 0x122n);
    await caller.lock("n", 0x121n);
    const waits = caller.lock("n", 0x122n);
    await caller.standing("n", 2);
    await caller.revoke(0x122n);
    await caller.unlock("n/121");
    say(await waits, await caller.line("n"));
  },
  async "a holder whose lease ends makes room"(caller, say) {
    await caller.grant(0x131n, 0x132n);
    await caller.lock("o", 0x131n);
    const waits = caller.lock("o", 0x132n);
    await caller.standing("o", 2);
    await caller.revoke(0x131n);
    say(await waits, await caller.line("o"));
  },
  async "odd names and leases"(caller, say) {
    await caller.grant(0x141n, -5n);
    say(await caller.lock("", 0x141n), await caller.lock("\xff\0", 0x141n), await caller.lock("p", -5n));
    say(await caller.lock("nobody", 0x999n), await caller.line("nobody"), await caller.line("p"));
  },
  async "a session of the server's making"(caller, say) {
    const { key } = (await caller.lock("own", 0n)) as { key?: string };
    const id = BigInt(`0x${key?.slice("own/".length)}`);
    const { grantedTtl } = await caller.client.unary("etcdserverpb.Lease", "LeaseTimeToLive", { id });
    say(grantedTtl, (await caller.line("own")).length, await caller.unlock(key ?? ""));
  },
  async "unlocking what is not locked"(caller, say) {
    say(await caller.unlock("q/1"), await caller.unlock("q/1"), await caller.unlock(""));
  },
};

const elections: Readonly<Record<string, Script>> = {
  async "leads, says, resigns"(caller, say) {
    await caller.grant(0x201n, 0x202n);
    say(await caller.leader("e"));
    const won = await caller.campaign("e", 0x201n, "one");
    const leader = won.leader as electionpb.LeaderKey;
    say(won, await caller.campaign("e", 0x201n, "one"), await caller.campaign("e", 0x201n, "uno"));
    say(await caller.leader("e"));
    const next = caller.campaign("e", 0x202n, "two");
    await caller.standing("e", 2);
    say(await caller.proclaim(leader, "eins"), await caller.leader("e"), await caller.line("e"));
    say(await caller.resign(leader), await next, await caller.leader("e"));
    say(await caller.resign(leader), await caller.proclaim(leader, "still I"), await caller.line("e"));
    await caller.revoke(0x202n);
    say(await caller.leader("e"));
  },
  async refusals(caller, say) {
    await caller.grant(0x211n);
    const nobody = { name: bytes("f"), key: "f/211", rev: 1_000_000, lease: 0x211n };
    say(await caller.campaign("f", 0x999n, "no lease"));
    say(await caller.proclaim(undefined, ""), await caller.resign(undefined));
    say(await caller.proclaim({ ...nobody, key: "" }, "x"), await caller.resign({ ...nobody, key: "" }));
    say(await caller.proclaim(nobody, "x"), await caller.resign(nobody), await caller.line("f"));
    // With revision 0 the comparison holds if the key does not exist, so the key is created.
    say(await caller.proclaim({ ...nobody, rev: 0 }, "usurper"), await caller.line("f"));
    say(await caller.proclaim({ ...nobody, rev: 0, key: "f/999", lease: 0x999n }, "x"));
  },
  async "a candidate that gives up is none"(caller, say) {
    await caller.grant(0x221n, 0x222n, 0x223n);
    await caller.campaign("g", 0x221n, "one");
    const leaves = caller.campaign("g", 0x222n, "two", caller.hasty);
    await caller.standing("g", 2);
    const stays = caller.campaign("g", 0x223n, "three");
    say(gaveUp((await leaves).code));
    await caller.standing("g", 2);
    await caller.revoke(0x221n);
    say(await stays, await caller.leader("g"), await caller.line("g"));
  },
  async "an observer hears every leader"(caller, say) {
    await caller.grant(0x231n, 0x232n);
    const early = caller.observe("h");
    const won = await caller.campaign("h", 0x231n, "one");
    say(await early.next());
    const late = caller.observe("h");
    say(await late.next());
    await caller.proclaim(won.leader as electionpb.LeaderKey, "uno");
    say(await early.next(), await late.next());
    const next = caller.campaign("h", 0x232n, "two");
    await caller.standing("h", 2);
    await caller.resign(won.leader as electionpb.LeaderKey);
    await next;
    say(await early.next(), await late.next());
    early.stop();
    late.stop();
  },
};

const ready = haveReference(["etcd", "3.5"]);

describe.skipIf(!ready)("the lock and election services answer like those of etcd 3.5", () => {
  const callers = new Map<ServerKind, Caller>();
  beforeAll(async () => {
    const kinds: readonly ServerKind[] = ["etcd 3.5", "ours"];
    await Promise.all(kinds.map(async (kind) => callers.set(kind, new Caller(await ServerProcess.start({ kind })))));
  });
  afterAll(async () => {
    await Promise.all([...callers.values()].map((caller) => caller.stop()));
  });

  for (const [name, script] of [...Object.entries(locks), ...Object.entries(elections)]) {
    test(name, async () => {
      const run = async (kind: ServerKind): Promise<unknown[]> => {
        const said: unknown[] = [];
        const caller = callers.get(kind);
        if (caller === undefined) throw new Error(`${kind} was not started`);
        await script(caller, (...answers) => said.push(...answers));
        return said;
      };
      const [theirs, ours] = await Promise.all([run("etcd 3.5"), run("ours")]);
      expect(ours).toEqual(theirs);
    });
  }
});

describe.skipIf(!ready)("with users", () => {
  test("the services have the rights of their caller, as in etcd 3.5", async () => {
    const run = async (kind: ServerKind): Promise<unknown[]> => {
      const server = await ServerProcess.start({ kind });
      const anybody = new Caller(server);
      await anybody.grant(0x401n, 0x402n);
      const user = new Caller(server, await beginAuth(anybody));
      const said: unknown[] = [];
      for (const caller of [anybody, user]) {
        for (const name of ["l", "elsewhere"]) {
          const { leader, ...won } = await caller.campaign(`${name}e`, 0x402n, "v");
          const key = leader as electionpb.LeaderKey | undefined;
          said.push(
            await caller.lock(name, 0x401n),
            await caller.unlock(`${name}/401`),
            won,
            await caller.leader(name),
          );
          said.push(await caller.proclaim(key, "w"), await caller.resign(key));
        }
      }
      await anybody.stop();
      await user.stop();
      return said;
    };
    const [theirs, ours] = await Promise.all([run("etcd 3.5"), run("ours")]);
    expect(ours).toEqual(theirs);
  });

  test("an observer is refused without the right to read, also when it loses the right", async () => {
    const anybody = new Caller(await ServerProcess.start({ kind: "ours" }));
    await anybody.grant(0x401n);
    const user = new Caller(anybody.server, await beginAuth(anybody));
    const { token } = await anybody.client.unary("etcdserverpb.Auth", "Authenticate", { name: "root", password: "r" });
    const root = new Caller(anybody.server, token);
    const denied = { code: 2, details: "etcdserver: permission denied" };
    expect(await user.observe("elsewhere").next()).toEqual(denied);
    const observed = user.observe("l");
    await user.campaign("l", 0x401n, "v");
    expect(await observed.next()).toMatchObject({ revision: 2 });
    const next = observed.next();
    await root.client.unary("etcdserverpb.Auth", "RoleRevokePermission", { role: "r", ...prefixOf("l") });
    expect(await next).toEqual(denied);
    for (const caller of [user, root, anybody]) await caller.stop();
  });
});

test("a member that stops ends the calls of its waiters and deletes their keys", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "etcd-test-"));
  const first = await ServerProcess.start({ kind: "ours", dataDir });
  let caller = new Caller(first);
  await caller.grant(0x301n, 0x302n);
  await caller.lock("l", 0x301n);
  const waits = caller.lock("l", 0x302n);
  await caller.standing("l", 2);
  const stopped = first.kill("SIGTERM");
  expect(await waits).toEqual({ code: 14, details: "etcdserver: server stopped" });
  await stopped;
  await caller.stop();
  caller = new Caller(await ServerProcess.start({ kind: "ours", dataDir }));
  expect(await caller.line("l")).toEqual([expect.stringMatching(/^l\/301@/)]);
  await caller.stop();
  await rm(dataDir, { recursive: true });
});

/** Whether a deadline passed: the client reports it as exceeded, and the server cancels the waiter. */
function gaveUp(code: unknown): boolean {
  return code === GrpcCode.Canceled || code === GrpcCode.DeadlineExceeded;
}
