import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Etcd3, EtcdLockFailedError, EtcdPermissionDeniedError } from "etcd3";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { ServerProcess } from "../support/server-process.js";

// Tests the unchanged npm package etcd3, which many Node.js programs use.

let dataDir: string;
let server: ServerProcess;
const clients: Etcd3[] = [];

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "etcd-test-"));
  server = await ServerProcess.start({ kind: "ours", dataDir });
});
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});
afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true });
});

function connect(auth?: { readonly username: string; readonly password: string }): Etcd3 {
  const client = new Etcd3({ hosts: `http://${server.endpoint}`, ...(auth && { auth }) });
  clients.push(client);
  return client;
}

/** Kills the server and starts it again at the same address. */
async function restart(): Promise<void> {
  const port = Number(server.endpoint.split(":")[1]);
  await server.kill("SIGKILL");
  server = await ServerProcess.start({ kind: "ours", dataDir, clientPort: port });
}

test("keys, ranges, conditions and transactions", async () => {
  const client = connect();
  await client.put("keys/a").value("1");
  await client.put("keys/b").value(Buffer.of(0, 255));
  expect(await client.get("keys/a").string()).toBe("1");
  expect(await client.get("keys/b").buffer()).toEqual(Buffer.of(0, 255));
  expect(await client.get("keys/c").string()).toBeNull();
  expect(await client.getAll().prefix("keys/").keys()).toEqual(["keys/a", "keys/b"]);
  expect(await client.namespace("keys/").getAll().limit(1).strings()).toEqual({ a: "1" });
  const swapped = await client.if("keys/a", "Value", "==", "1").then(client.put("keys/a").value("2")).commit();
  expect([swapped.succeeded, await client.get("keys/a").number()]).toEqual([true, 2]);
  await client.stm().transact(async (tx) => {
    const now = await tx.get("keys/a").number();
    await tx.put("keys/a").value((now ?? 0) + 1);
  });
  expect(await client.get("keys/a").number()).toBe(3);
  expect((await client.delete().prefix("keys/")).deleted).toBe("2");
});

test("a lock has one holder at a time, and is released when its lease is revoked", async () => {
  const [one, other] = [connect(), connect()];
  const held = await one.lock("the lock").ttl(10).acquire();
  await expect(other.lock("the lock").acquire()).rejects.toThrow(EtcdLockFailedError);
  await held.release();
  expect(await other.lock("the lock").do(async () => "mine")).toBe("mine");
});

test("an election has one leader, which observers learn", async () => {
  const [one, other] = [connect(), connect()];
  const first = one.election("office").campaign("one");
  await first.wait();
  const observer = await other.election("office").observe();
  const heard: (string | undefined)[] = [observer.leader()];
  observer.on("change", (leader) => heard.push(leader));
  const second = other.election("office").campaign("two");
  await first.proclaim("uno");
  await expect.poll(() => heard.at(-1)).toBe("uno");
  await first.resign();
  await second.wait();
  await expect.poll(() => heard.at(-1)).toBe("two");
  expect(heard[0]).toBe("one");
  await observer.cancel();
  await second.resign();
});

test("a lease keeps its keys, and deletes them at its end", async () => {
  const client = connect();
  const lease = client.lease(5);
  await lease.put("leased").value("here");
  expect(await client.get("leased").string()).toBe("here");
  await lease.revoke();
  expect(await client.get("leased").exists()).toBe(false);
});

test("a watch continues after a crash of the server, and misses no event", async () => {
  const client = connect();
  const watcher = await client.watch().prefix("watched/").create();
  const heard: string[] = [];
  watcher.on("put", ({ key, value }) => heard.push(`${key}=${value}`));
  await client.put("watched/a").value("1");
  await expect.poll(() => heard).toEqual(["watched/a=1"]);
  const again = new Promise((resolve) => watcher.once("connected", resolve));
  await restart();
  const writer = connect();
  await writer.put("watched/a").value("2");
  await writer.put("watched/b").value("3");
  await again;
  await expect.poll(() => heard).toEqual(["watched/a=1", "watched/a=2", "watched/b=3"]);
  await watcher.cancel();
});

// This test comes last, since it leaves the server with authentication enabled.
test("users log in, have their rights, and log in again when the server has lost their tokens", async () => {
  const anybody = connect();
  const root = await anybody.user("root").create("secret");
  await root.addRole("root");
  const role = await anybody.role("reader").create();
  await role.grant({ permission: "Read", range: anybody.range({ prefix: "open/" }) });
  const guest = await anybody.user("guest").create("guest");
  await guest.addRole("reader");
  await anybody.put("open/a").value("1");
  await anybody.auth.authEnable();
  const asRoot = connect({ username: "root", password: "secret" });
  const asGuest = connect({ username: "guest", password: "guest" });
  await asRoot.put("closed/a").value("1");
  expect(await asGuest.get("open/a").string()).toBe("1");
  await expect(asGuest.get("closed/a").string()).rejects.toThrow(EtcdPermissionDeniedError);
  await expect(asGuest.put("open/a").value("2")).rejects.toThrow(EtcdPermissionDeniedError);
  await restart();
  await expect.poll(() => asGuest.get("open/a").string().catch(String)).toBe("1");
});
