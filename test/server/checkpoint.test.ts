import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { LeaseGrantRequest, LeaseTimeToLiveRequest } from "../../src/wire/index.js";
import { Host, patient } from "./member.js";

const hosts: Host[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.dispose();
});

async function started(): Promise<Host> {
  const host = new Host({ checkpoints: { lookMs: 1_000, tailBytesMin: 1, share: 100 } });
  hosts.push(host);
  await host.start();
  return host;
}

function checkpointOf({ server }: Host): { revision: number; written: number } {
  const { checkpointRevision, checkpointSeconds } = server.metrics.counters.store;
  return { revision: checkpointRevision, written: checkpointSeconds.count };
}

test("a start reads a checkpoint of the index and the changes behind it, with leases", async () => {
  const host = await started();
  const { id } = await host.server.leases.grant(LeaseGrantRequest.create({ ttl: 60 }), patient);
  for (let at = 0; at < 20; at++) await host.put(`key${at}`, "before", at % 2 === 0 ? { lease: id } : {});
  await host.advance(1_000);
  // Its file is a real one, which takes real time.
  await expect.poll(() => checkpointOf(host).written).toBe(1);
  await host.put("key0", "behind");
  await host.put("key21", "behind", { lease: id });
  await host.advance(200);
  const { revision } = host.server.headers.at();
  await host.crash();
  expect(checkpointOf(host)).toMatchObject({ revision: 21, written: 0 });
  expect(host.server.headers.at().revision).toBe(revision);
  expect([await host.get("key0"), await host.get("key1"), await host.get("key21")]).toEqual([
    "behind",
    "before",
    "behind",
  ]);
  const { keys } = await host.server.leases.timeToLive(LeaseTimeToLiveRequest.create({ id, keys: true }), patient);
  const names = keys.map((key) => String(key)).toSorted();
  expect(names).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 21].map((at) => `key${at}`).toSorted());
});

test("a member that stops writes a last checkpoint, and keeps one file", async () => {
  const host = await started();
  for (let at = 0; at < 20; at++) await host.put(`key${at}`, "value");
  await host.restart();
  const revision = 21;
  expect(checkpointOf(host)).toMatchObject({ revision, written: 0 });
  await host.put("more", "value");
  await host.restart();
  expect(checkpointOf(host)).toMatchObject({ revision: revision + 1, written: 0 });
  expect(readdirSync(join(host.dir, "member", "db", "index"))).toEqual(["0000000000000002"]);
  expect(await host.get("more")).toBe("value");
});

test("a member with little data writes no checkpoint", async () => {
  const host = new Host();
  hosts.push(host);
  await host.start();
  for (let at = 0; at < 20; at++) await host.put(`key${at}`, "value");
  await host.advance(20_000);
  await host.restart();
  expect(existsSync(join(host.dir, "member", "db", "index"))).toBe(false);
});
