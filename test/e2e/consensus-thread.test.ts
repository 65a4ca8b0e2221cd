import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TestClient } from "../support/client.js";
import { ServerProcess } from "../support/server-process.js";

// A member with three threads, one of them for raft: crashes, a disk that fails, and the end of that thread.

const flags = ["--threads", "3"];
const failing = fileURLToPath(new URL("failing-thread.mjs", import.meta.url));

let dataDir: string;
let server: ServerProcess | undefined;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "etcd-thread-"));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(dataDir, { recursive: true, force: true });
});

/** Calls `work` with a client of the server. */
async function withClient<Result>(work: (client: TestClient) => Promise<Result>): Promise<Result> {
  const client = new TestClient(server?.endpoint ?? "");
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** Puts keys until the server refuses. @returns those that it acknowledged */
async function putUntilRefused(): Promise<readonly string[]> {
  const acknowledged: string[] = [];
  await withClient(async (client) => {
    for (;;) {
      const key = `k${acknowledged.length}`;
      await client.unary("etcdserverpb.KV", "Put", { key, value: Buffer.alloc(2_000, "v") });
      acknowledged.push(key);
    }
  }).catch(() => undefined);
  return acknowledged;
}

async function keys(): Promise<readonly string[]> {
  const { kvs } = await withClient((client) =>
    client.unary("etcdserverpb.KV", "Range", { key: "\0", rangeEnd: "\0", keysOnly: true }),
  );
  return kvs.map((kv) => (kv as { key: string }).key);
}

test("acknowledged writes survive kill -9, and the numbers of raft are in the metrics", async () => {
  server = await ServerProcess.start({ kind: "ours", dataDir, flags });
  await withClient(async (client) => {
    for (let at = 0; at < 20; at++) await client.unary("etcdserverpb.KV", "Put", { key: `k${at}` });
  });
  const metrics = await (await fetch(`http://${server.endpoint}/metrics`)).text();
  const numberOf = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1]);
  expect(numberOf("etcd_disk_wal_fsync_duration_seconds_count")).toBeGreaterThan(0);
  expect(numberOf("etcd_disk_wal_write_bytes_total")).toBeGreaterThan(0);
  const status = await (await fetch(`http://${server.endpoint}/debug/vars`)).json();
  expect(status).toMatchObject({ "raft.status": { raftState: "StateLeader" } });
  await server.kill("SIGKILL");
  server = await ServerProcess.start({ kind: "ours", dataDir, flags });
  expect(await keys()).toHaveLength(20);
  // The same data with one thread, since the threads leave no trace on the disk.
  expect((await server.kill("SIGTERM")).code).toBe(0);
  server = await ServerProcess.start({ kind: "ours", dataDir });
  expect(await keys()).toHaveLength(20);
});

test("a member whose disk is full stops with a message, and loses no acknowledged write", async () => {
  server = await ServerProcess.start({ kind: "ours", dataDir, flags, fileKiBMax: 512 });
  const acknowledged = await putUntilRefused();
  expect(await server.ended()).toBe(1);
  expect(server.log).toMatch(/"level":"error".*(too large|EFBIG|write)/i);
  expect(acknowledged.length).toBeGreaterThan(10);
  server = await ServerProcess.start({ kind: "ours", dataDir, flags });
  const kept = new Set(await keys());
  expect(acknowledged.filter((key) => !kept.has(key))).toEqual([]);
});

test("when the thread of raft ends, the process ends and says which thread, and why", async () => {
  const env = { NODE_OPTIONS: `--import ${failing}`, FAILING_THREAD: "consensus-1" };
  server = await ServerProcess.start({ kind: "ours", dataDir, flags, env });
  process.kill(server.pid, "SIGUSR2");
  expect(await server.ended()).toBe(1);
  const fatal = server.log.split("\n").find((line) => line.includes('"level":"fatal"'));
  expect(fatal).toContain('"thread":"consensus-1"');
  expect(fatal).toContain("a fault for the test");
});
