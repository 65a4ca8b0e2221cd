import { afterAll, beforeAll, expect, test } from "vitest";
import type { Key } from "../../../src/base/index.js";
import { wholeOf } from "../../../src/rpc/grpc/answer.js";
import { electionBindings } from "../../../src/rpc/services/election.js";
import { LeaderGuard } from "../../../src/rpc/services/leader-guard.js";
import { LocalClient } from "../../../src/rpc/services/local-client.js";
import { lockBindings } from "../../../src/rpc/services/lock.js";
import type { Call } from "../../../src/server/index.js";
import {
  DeleteRangeRequest,
  electionpb,
  LeaseGrantRequest,
  LeaseRevokeRequest,
  lockpb,
} from "../../../src/wire/index.js";
import { callOf, Host, patient, turns } from "../../server/member.js";

// Tests clients that disconnect at a chosen moment, which cannot be chosen from outside the process.

const host = new Host();
let run: (path: string, request: Uint8Array, call: Call) => Promise<Uint8Array>;
let nextLease = 1n;

beforeAll(async () => {
  const server = await host.start();
  const client = new LocalClient(server);
  const guard = new LeaderGuard(server.leadership, host.clock, 1_000);
  const bound = [...lockBindings(client, host.clock), ...electionBindings(client, guard, host.clock)];
  run = async (path, request, call) => {
    const binding = bound.find((one) => one.path.endsWith(path));
    if (binding?.kind !== "unary") throw new Error(`${path} is not bound`);
    return await wholeOf(await binding.run(request, call));
  };
});
afterAll(() => host.dispose());

async function session(): Promise<bigint> {
  const id = nextLease++;
  await host.server.leases.grant(LeaseGrantRequest.create({ id, ttl: 1_000 }), patient);
  return id;
}

async function lock(name: string, lease: bigint, call = patient): Promise<Key> {
  const answer = await run("/Lock", lockpb.LockRequest.encode({ name: Buffer.from(name), lease }), call);
  return lockpb.LockResponse.decode(answer).key;
}

async function campaign(name: string, lease: bigint, call = patient): Promise<Key | undefined> {
  const request = { name: Buffer.from(name), lease, value: Buffer.from("v") };
  const answer = await run("/Campaign", electionpb.CampaignRequest.encode(request), call);
  return electionpb.CampaignResponse.decode(answer).leader?.key;
}

async function remove(key: Key): Promise<void> {
  await host.server.kv.deleteRange(DeleteRangeRequest.create({ key }), patient);
}

/** Resolves when the key exists. */
async function exists(key: Key): Promise<void> {
  // Reads of a member that is alone take no turn of the event loop, in which the key could be put.
  while ((await host.get(key)) === undefined) await turns(1);
}

for (const [name, take] of [
  ["lock", lock],
  ["campaign", campaign],
] as const) {
  test(`${name}: a client that disconnects while its key is being put leaves no key`, async () => {
    const lease = await session();
    const client = new AbortController();
    const taken = take(`${name}1`, lease, callOf(client));
    client.abort();
    await expect(taken).rejects.toMatchObject({ kind: "canceled" });
    expect(await host.get(`${name}1/${lease.toString(16)}`)).toBeUndefined();
  });

  test(`${name}: a client that disconnects while it waits leaves no key`, async () => {
    const [first, second] = [await session(), await session()];
    const held = await take(`${name}2`, first);
    const client = new AbortController();
    const taken = take(`${name}2`, second, callOf(client));
    const key = `${name}2/${second.toString(16)}`;
    await exists(key);
    client.abort();
    await expect(taken).rejects.toBeDefined();
    expect([await host.get(key), (await host.get(held ?? "")) !== undefined]).toEqual([undefined, true]);
  });

  test(`${name}: the end of a call does not delete the key of another call with the same lease`, async () => {
    const [first, second] = [await session(), await session()];
    const held = await take(`${name}3`, first);
    const client = new AbortController();
    const leaves = take(`${name}3`, second, callOf(client));
    const key = `${name}3/${second.toString(16)}`;
    await exists(key);
    const stays = take(`${name}3`, second);
    client.abort();
    await expect(leaves).rejects.toBeDefined();
    await remove(held ?? "");
    expect(await stays).toBe(key);
  });

  test(`${name}: the holder keeps its key when its repeated call is cancelled`, async () => {
    const lease = await session();
    const key = await take(`${name}4`, lease);
    const client = new AbortController();
    const again = take(`${name}4`, lease, callOf(client));
    client.abort();
    await expect(again).rejects.toBeDefined();
    expect(await host.get(key ?? "")).toBeDefined();
  });

  test(`${name}: a key that another client created again is not the key that waited`, async () => {
    const [first, second] = [await session(), await session()];
    const held = await take(`${name}5`, first);
    const waits = take(`${name}5`, second);
    const key = `${name}5/${second.toString(16)}`;
    await exists(key);
    await host.server.leases.revoke(LeaseRevokeRequest.create({ id: second }), patient);
    await host.put(key, "another");
    await remove(held ?? "");
    await expect(waits).rejects.toMatchObject({ code: 2 });
    expect(await host.get(key)).toBe("another");
  });
}
