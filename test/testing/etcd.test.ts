import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { AlarmAction, AlarmType, type Client, ClientError, Client as GrpcClient } from "../../src/client/index.js";
import { startEtcd, type TestEtcd } from "../../src/testing/index.js";

const root = mkdtempSync(join(tmpdir(), "etcd-testing-"));
let etcd: TestEtcd;
let client: Client;

beforeAll(async () => {
  etcd = await startEtcd({ bcryptCost: 4 });
  client = etcd.client();
});
afterEach(() => etcd.reset());
afterAll(async () => {
  await etcd.stop();
  rmSync(root, { recursive: true });
});

test("a member starts with data, and shows what it holds", async () => {
  await using seeded = await startEtcd({ data: { "config/a": "1", "config/ä": "2" } });
  expect(await seeded.dump()).toMatchObject({ data: { "config/a": "1", "config/ä": "2" }, leases: [], users: [] });
});

test("a member starts with the contents of a snapshot file", async () => {
  const path = join(root, "seed.db");
  const { header } = await client.text.put("from/file", "1").then(() => client.range({ key: "from/file" }));
  await etcd.snapshot(path);
  await using seeded = await startEtcd({ snapshotFile: path });
  const { revision, data } = await seeded.dump();
  expect(data).toEqual({ "from/file": "1" });
  expect(revision).toBe(header?.revision);
  await seeded.client().text.put("from/file", "2");
});

describe("reset", () => {
  test("removes everything, also with authentication enabled, and keeps connections", async () => {
    const { id } = await client.grantLease({ ttl: 60 });
    await client.text.put("a", "1", { lease: id });
    await client.addRole("reader");
    await client.addUser({ name: "root", password: "secret" });
    await client.grantRole("root", "root");
    await client.enableAuth();
    await etcd.reset();
    expect(await etcd.dump()).toMatchObject({ data: {}, leases: [], users: [], roles: [] });
    await client.text.put("a", "2");
    expect(await client.text.get("a")).toBe("2");
    await client.addRole("writer");
    await etcd.reset();
    expect(await etcd.dump()).toMatchObject({ data: {}, roles: [] });
  });

  test("removes the users of a snapshot file, and alarms", async () => {
    const path = join(root, "users.db");
    await client.addUser({ name: "guest", password: "secret" });
    await client.alarm({ action: AlarmAction.ACTIVATE, alarm: AlarmType.NOSPACE });
    await etcd.snapshot(path);
    await using seeded = await startEtcd({ snapshotFile: path });
    const { alarms } = await seeded.client().alarm({ action: AlarmAction.GET });
    expect([(await seeded.dump()).users, alarms.length]).toEqual([["guest"], 1]);
    await seeded.reset();
    expect((await seeded.dump()).users).toEqual([]);
    await seeded.client().text.put("a", "1");
  });

  test("compacts a long history, so that many tests do not fill the memory", async () => {
    await using own = await startEtcd({ listen: false });
    const writer = own.client();
    const { header } = await writer.put({ key: "first" });
    for (let round = 0; round < 11; round++) {
      await Promise.all(Array.from({ length: 1_000 }, (_, at) => writer.put({ key: `key/${at}` })));
    }
    await own.reset();
    const old = writer.range({ key: "first", revision: header?.revision ?? 0 });
    await expect(old).rejects.toThrow("required revision has been compacted");
  });
});

describe("faults", () => {
  test("a call is refused before it is applied", async () => {
    etcd.faults.next({ method: "Put", code: "ResourceExhausted", message: "no room" });
    await expect(client.text.put("a", "1")).rejects.toMatchObject({ code: 8, details: "no room" });
    expect(await client.text.get("a")).toBeUndefined();
  });

  test("an answer is lost after the call was applied, and a retried read is answered", async () => {
    etcd.faults.next({ method: "Put", code: "Unavailable", after: "applied" });
    await expect(client.text.put("a", "1")).rejects.toBeInstanceOf(ClientError);
    etcd.faults.next({ method: "Range", times: 2 });
    expect(await client.text.get("a")).toBe("1");
  });

  test("clients over sockets meet the same faults", async () => {
    await using remote = new GrpcClient({ endpoints: etcd.endpoints });
    etcd.faults.next({ method: "Put", code: "Aborted" });
    await expect(remote.text.put("a", "1")).rejects.toMatchObject({ code: 10 });
  });

  test("an answer is slow, on the clock", async () => {
    etcd.faults.next({ method: "Range", after: "never", delayMs: 3_000 });
    const read = client.text.get("a", { timeoutMs: 1_000 });
    await Promise.all([expect(read).rejects.toMatchObject({ code: 4 }), etcd.clock.advance(1_500)]);
  });

  test("a watch that is cut goes on, and misses nothing", async () => {
    const watch = await client.watch({ key: "a" });
    await etcd.faults.withoutWatches(async () => {
      await client.text.put("a", "1");
    });
    const { value } = await watch[Symbol.asyncIterator]().next();
    expect(value?.events).toHaveLength(1);
    watch.cancel();
  });

  test("a watch that was away for a compaction is told so", async () => {
    const watch = await client.watch({ key: "a" });
    await etcd.faults.withoutWatches(async () => {
      await client.text.put("a", "1");
      const { header } = await client.put({ key: "a", value: Buffer.from("2") });
      await client.compact({ revision: header?.revision ?? 0 });
    });
    await expect(watch[Symbol.asyncIterator]().next()).rejects.toThrow(/compacted/);
  });

  test("a token expires, and the client logs in again", async () => {
    await client.addUser({ name: "root", password: "secret" });
    await client.grantRole("root", "root");
    await client.enableAuth();
    const root = etcd.client({ auth: { user: "root", password: "secret" } });
    await root.text.put("a", "1");
    etcd.faults.expireToken("Range");
    expect(await root.text.get("a")).toBe("1");
  });

  test("a lease is lost, and its keys with it", async () => {
    const { id } = await client.grantLease({ ttl: 60 });
    await client.text.put("a", "1", { lease: id });
    await etcd.loseLease(id);
    expect(await client.text.get("a")).toBeUndefined();
  });

  test("a lease ends when the clock is advanced", async () => {
    const { id } = await client.grantLease({ ttl: 60 });
    await client.text.put("a", "1", { lease: id });
    await etcd.clock.advance(62_000);
    expect(await client.text.get("a")).toBeUndefined();
  });
});
