import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestClient } from "../support/client.js";
import { haveReference } from "../support/reference.js";
import { until } from "../support/until.js";
import { type Member, Members } from "./members.js";

// Tests that the waiters for a lock at all members are in one queue, also after the leader dies.

const ready = haveReference(["etcdctl", "3.5"]);

describe.skipIf(!ready)("a lock of three members", () => {
  let members: Members;
  const clients = new Map<Member, TestClient>();

  beforeAll(async () => {
    members = await Members.start("ours", "ours", "ours");
    for (const member of members.all) clients.set(member, new TestClient(member.endpoint));
  });
  afterAll(async () => {
    for (const client of clients.values()) client.close();
    await members.stop();
  });

  function at(member: Member | undefined): TestClient {
    const client = member && clients.get(member);
    if (client === undefined) throw new Error("there are three members");
    return client;
  }

  async function lock(member: Member | undefined, lease: bigint): Promise<bigint> {
    await at(member).unary("v3lockpb.Lock", "Lock", { name: Buffer.from("l"), lease });
    return lease;
  }

  async function unlock(member: Member | undefined, lease: bigint): Promise<void> {
    await at(member).unary("v3lockpb.Lock", "Unlock", { key: `l/${lease.toString(16)}` });
  }

  async function standing(member: Member | undefined, count: number): Promise<void> {
    await until(
      async () => (await at(member).unary("etcdserverpb.KV", "Range", { key: "l/", rangeEnd: "l0" })).count === count,
    );
  }

  test("is granted in the order of the requests, also after the leader's death", async () => {
    const [a, b, c] = members.all;
    for (const id of [1n, 2n, 3n]) await at(a).unary("etcdserverpb.Lease", "LeaseGrant", { id, ttl: 300 });
    await lock(a, 1n);
    const second = lock(b, 2n);
    await standing(a, 2);
    const third = lock(c, 3n);
    await standing(a, 3);
    await unlock(c, 1n);
    expect(await Promise.race([second, third])).toBe(2n);

    const { leader } = await at(c).unary("etcdserverpb.Maintenance", "Status", {});
    if (leader === (await idOf(c)))
      await at(c).unary("etcdserverpb.Maintenance", "MoveLeader", { targetId: await idOf(a) });
    const leading = leader === (await idOf(b)) ? b : a;
    await leading?.kill();
    const other = leading === a ? b : a;
    await until(() =>
      unlock(other, 2n).then(
        () => true,
        () => false,
      ),
    );
    expect(await third).toBe(3n);
  });

  async function idOf(member: Member | undefined): Promise<bigint> {
    const { header } = await at(member).unary("etcdserverpb.Maintenance", "Status", {});
    return header?.memberId ?? 0n;
  }
});
