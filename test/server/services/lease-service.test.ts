import { describe, expect, test, vi } from "vitest";
import { type Key, type LeaseId, ManualClock, type RequestId } from "../../../src/base/index.js";
import { Access } from "../../../src/server/calls/access.js";
import type { Call } from "../../../src/server/calls/call.js";
import { LogPosition } from "../../../src/server/log/log-position.js";
import type { LeaderQuestion, LeaderQuestions } from "../../../src/server/services/leader-questions.js";
import { LeaseService } from "../../../src/server/services/lease-service.js";
import { authpb, type InternalRaftRequest, LeaseTimeToLiveRequest, PutRequest } from "../../../src/wire/index.js";
import { type Bench, openBench } from "../../apply/fixtures.js";
import { clockOfLooks, turnsOfOthers } from "../../base/other-work.js";
import { outcome, patient } from "../member.js";

const id = 7n as LeaseId;
const alice: Call = { ...patient, commonName: "alice" };
const putOf = (key: Key) => ({ put: PutRequest.create({ key, lease: id }) });
/** A space guard that never refuses. */
const space = { refusal: () => undefined };
const revocation = { authRoleRevokePermission: { role: "app", key: "a", rangeEnd: "d" } };

/** Gives alice a right to [a, d), then enables authentication. */
function enableAuth(bench: Bench): void {
  const options = { noPassword: true };
  const perm = { permType: authpb.PermissionType.READWRITE, key: "a", rangeEnd: "d" };
  for (const request of [
    { authUserAdd: { name: "root", password: "", hashedPassword: "", options } },
    { authUserAdd: { name: "alice", password: "", hashedPassword: "", options } },
    { authRoleAdd: { name: "root" } },
    { authRoleAdd: { name: "app" } },
    { authUserGrantRole: { user: "root", role: "root" } },
    { authUserGrantRole: { user: "alice", role: "app" } },
    { authRoleGrantPermission: { name: "app", perm } },
    { authEnable: {} },
  ]) {
    bench.mustApply(request);
  }
}

/**
 * A follower that has applied a lease with the key `a` and alice's right to [a, d). The leader has also applied `late`,
 * which the follower gets during a linearizable read.
 */
async function follower(late: readonly Partial<InternalRaftRequest>[], keysOfLeader: readonly Key[]) {
  const bench: Bench = await openBench();
  let renewed = 0;
  for (const request of [{ leaseGrant: { id, ttl: 60 } }, putOf("a")]) bench.mustApply(request);
  enableAuth(bench);
  const rootHeader = () => ({ id: 0n, username: "root", authRevision: bench.auth.revision });
  let waited = 0;
  const readIndex = {
    wait: async () => {
      waited++;
      for (const request of waited === 1 ? late : []) bench.mustApply({ header: rootHeader(), ...request });
    },
  };
  const client = {
    leaseTimeToLive: async () => ({ ttl: 50, grantedTtl: 60, keys: keysOfLeader }),
    renewLease: async () => {
      renewed++;
      return 60;
    },
  };
  const questions = {
    ask: <Answer>({ there }: LeaderQuestion<Answer>) => there(client as never, "", new AbortController().signal),
  };
  const service = new LeaseService({
    ...{ clock: new ManualClock(), lessor: bench.lessor, access: new Access(bench.auth, true), readIndex },
    ...{ proposer: undefined as never, position: undefined as never, leadership: { leading: false } as never },
    ...{ headers: { at: () => undefined } as never, space, questions: questions as unknown as LeaderQuestions },
    ...{ nextId: () => 1n as RequestId, ensureLeadership: async () => false, fastKeepAlive: false },
  });
  return { service, renewals: () => renewed };
}

describe("a user learns the leader's keys of a lease only with the right to read them", () => {
  const ask = LeaseTimeToLiveRequest.create({ id, keys: true });
  for (const { name, late, keys, want } of [
    { name: "all of them", late: [], keys: ["a", "b"], want: "done" },
    { name: "not a key that only the leader knows", late: [], keys: ["a", "secret"], want: "permissionDenied" },
    {
      name: "none, if the right is already revoked on the leader",
      late: [revocation],
      keys: ["a"],
      want: "permissionDenied",
    },
  ] as const) {
    test(name, async () => {
      const { service } = await follower(late, keys);
      expect(await outcome(service.timeToLive(ask, alice))).toBe(want);
    });
  }

  test("every user learns the remaining time", async () => {
    const { service } = await follower([], []);
    expect(await service.timeToLive(LeaseTimeToLiveRequest.create({ id }), alice)).toMatchObject({ ttl: 50, keys: [] });
  });
});

describe("a follower renews a lease for a user who may write its keys", () => {
  for (const { name, late, want, renewals } of [
    { name: "all of its keys", late: [putOf("b")], want: "done", renewals: 1 },
    { name: "not a key that was attached since", late: [putOf("secret")], want: "permissionDenied", renewals: 0 },
    { name: "none, once the right is revoked", late: [revocation], want: "permissionDenied", renewals: 0 },
  ] as const) {
    test(name, async () => {
      const found = await follower(late, []);
      expect(await outcome(found.service.renew(id, alice))).toBe(want);
      expect(found.renewals()).toBe(renewals);
    });
  }
});

describe("requests about very many leases or keys yield to other work every few milliseconds", () => {
  const many = 20_000;

  /** A leader whose lease `id` holds many keys, among many other leases. */
  async function leader() {
    const bench: Bench = await openBench();
    bench.mustApply({ leaseGrant: { id, ttl: 60 } });
    for (let at = 0; at < many; at++) {
      bench.lessor.grant(BigInt(1_000 + at) as LeaseId, 60 + (at % 100));
      bench.lessor.attach(id, `a/${at}`);
    }
    bench.lessor.promote(0);
    const service = new LeaseService({
      ...{ clock: clockOfLooks(), lessor: bench.lessor, access: new Access(bench.auth, true) },
      ...{ position: new LogPosition(1, 1), leadership: { leading: true } as never },
      ...{
        headers: { at: () => undefined } as never,
        space,
        proposer: undefined as never,
        readIndex: undefined as never,
      },
      ...{ questions: { ask: ({ here }: LeaderQuestion<unknown>) => here() } as never },
      ...{ nextId: () => 1n as RequestId, ensureLeadership: async () => true, fastKeepAlive: false },
    });
    return { bench, service };
  }

  test("a list of all leases", async () => {
    const { service } = await leader();
    let found = 0;
    const turns = await turnsOfOthers(async () => {
      found = (await service.list(patient)).leases.length;
    });
    expect(found).toBe(many + 1);
    expect(turns).toBeGreaterThan(10);
  });

  test("a list of the keys of a lease", async () => {
    const { service } = await leader();
    let keys: readonly Key[] = [];
    const turns = await turnsOfOthers(async () => {
      ({ keys } = await service.timeToLiveHere(id, true));
    });
    expect(keys).toHaveLength(many);
    expect(keys).toEqual(keys.toSorted());
    expect(turns).toBeGreaterThan(10);
  });

  test("a check of the right to write all keys of a lease", async () => {
    const { bench, service } = await leader();
    enableAuth(bench);
    expect(await turnsOfOthers(() => service.renew(id, alice))).toBeGreaterThan(3);
  });

  test("a right that is revoked during the check leads to a refusal", async () => {
    const { bench, service } = await leader();
    enableAuth(bench);
    const renewal = outcome(service.renew(id, alice));
    setImmediate(() => {
      bench.mustApply({ header: { id: 0n, username: "root", authRevision: bench.auth.revision }, ...revocation });
    });
    expect(await renewal).toMatch(/authOldRevision|permissionDenied/);
  });
});

test("the leader renews a lease without timers and questions when it has nothing to wait for", async () => {
  const bench: Bench = await openBench();
  bench.mustApply({ leaseGrant: { id, ttl: 60 } });
  bench.lessor.promote(0);
  const clock = new ManualClock();
  const timer = vi.spyOn(clock, "after");
  const service = new LeaseService({
    ...{ clock, lessor: bench.lessor, access: new Access(bench.auth, true), position: new LogPosition(1, 1) },
    ...{ leadership: { leading: true } as never, headers: { at: () => undefined } as never, space },
    ...{ proposer: undefined as never, readIndex: undefined as never, fastKeepAlive: false },
    ...{ questions: undefined as never, nextId: () => 1n as RequestId, ensureLeadership: async () => true },
  });
  expect(await service.renew(id, patient)).toBe(60);
  expect(timer).not.toHaveBeenCalled();
});

describe("FastLeaseKeepAlive", () => {
  /** A leader that has one entry to apply, which grants the lease 2. */
  async function lagging(fastKeepAlive: boolean) {
    const bench: Bench = await openBench();
    bench.mustApply({ leaseGrant: { id, ttl: 60 } });
    bench.lessor.promote(0);
    const position = new LogPosition(1, 1);
    position.commitTo(2);
    const service = new LeaseService({
      ...{ clock: new ManualClock(), lessor: bench.lessor, access: new Access(bench.auth, true), position },
      ...{ leadership: { leading: true } as never, headers: { at: () => undefined } as never, space },
      ...{ proposer: undefined as never, readIndex: undefined as never, fastKeepAlive },
      ...{ questions: { ask: ({ here }: LeaderQuestion<unknown>) => here() } as never },
      ...{ nextId: () => 1n as RequestId, ensureLeadership: async () => true },
    });
    const renewed: string[] = [];
    const renew = (lease: bigint): Promise<void> =>
      service.renew(lease as LeaseId, patient).then(
        (ttl) => void renewed.push(`${lease}: ${ttl}`),
        (error: unknown) => void renewed.push(`${lease}: ${error}`),
      );
    return { bench, position, renew, renewed };
  }

  for (const { on, want } of [
    { on: true, want: [`${id}: 60`] },
    { on: false, want: [] },
  ]) {
    test(`${on ? "on" : "off"}: a known lease is renewed ${on ? "at once" : "when all is applied"}`, async () => {
      const { renew, renewed } = await lagging(on);
      void renew(id);
      await new Promise((resolve) => setImmediate(resolve));
      expect(renewed).toEqual(want);
    });

    test(`${on ? "on" : "off"}: a lease that is not known is looked for when all is applied`, async () => {
      const { bench, position, renew, renewed } = await lagging(on);
      const ends = [renew(2n), renew(3n)];
      await new Promise((resolve) => setImmediate(resolve));
      expect(renewed).toEqual([]);
      bench.lessor.grant(2n as LeaseId, 30);
      position.applyTo(2, 1);
      await Promise.all(ends);
      expect(renewed.sort()).toEqual(["2: 30", "3: EtcdError: etcdserver: requested lease not found"]);
    });
  }
});
