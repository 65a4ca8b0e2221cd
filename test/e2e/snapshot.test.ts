import { createHash } from "node:crypto";
import { mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crc32c, readBE64 } from "../../src/base/index.js";
import { openBolt } from "../../src/bolt/index.js";
import { KeyValue, type SnapshotResponse } from "../../src/wire/index.js";
import { TestClient } from "../support/client.js";
import { etcdctl } from "../support/etcdctl.js";
import { haveReference, type Release } from "../support/reference.js";
import { ServerProcess } from "../support/server-process.js";

// Tests that real etcd can use our database files, and that we can use those of etcd.

const releases = ["3.5", "3.4"] as const satisfies readonly Release[];
const ready = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"], ["etcd", "3.4"], ["etcdctl", "3.4"]);
const kv = "etcdserverpb.KV";
const maintenance = "etcdserverpb.Maintenance";
let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "etcd-snapshot-"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.skipIf(!ready)("a snapshot of ours", () => {
  let server: ServerProcess;
  let client: TestClient;
  let file = "";

  beforeAll(async () => {
    server = await ServerProcess.start({ kind: "ours" });
    client = new TestClient(server.endpoint);
    await fill(client);
    file = join(folder, "ours.db");
    expect(await etcdctl("3.5", server.endpoint, ["snapshot", "save", file])).toMatchObject({ code: 0 });
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  for (const release of releases) {
    test(`is valid for etcdctl ${release}, with our revision, keys and size`, async () => {
      const { header } = await client.unary(kv, "Range", { key: "\0" });
      const { size, ...found } = await inspect(file);
      expect(found.revision).toBe(header?.revision);
      expect(await snapshotStatus(release, file)).toEqual({ ...found, totalSize: size - 32 });
    });

    test(`can be restored by etcd ${release}, which serves all keys with our hash`, async () => {
      const dataDir = join(folder, `restored-${release}`);
      const restore = [
        ...["snapshot", "restore", file, "--data-dir", join(dataDir, "data"), "--name", "default"],
        ...["--initial-cluster", "default=http://127.0.0.1:2380"],
        ...["--initial-advertise-peer-urls", "http://127.0.0.1:2380"],
      ];
      expect(await etcdctl(release, server.endpoint, restore)).toMatchObject({ code: 0 });
      const restored = await ServerProcess.start({ kind: `etcd ${release}`, dataDir });
      try {
        const theirs = new TestClient(restored.endpoint);
        expect(await stateOf(theirs)).toEqual(await stateOf(client));
        // etcd can go on writing to the database, where it frees and splits pages.
        await fill(theirs);
        await theirs.unary(maintenance, "Defragment");
        theirs.close();
      } finally {
        await restored.stop();
      }
    });
  }
});

for (const release of releases) {
  test.skipIf(!ready)(`a snapshot of etcd ${release} can be read with all its contents`, async () => {
    const server = await ServerProcess.start({ kind: `etcd ${release}` });
    const client = new TestClient(server.endpoint);
    try {
      await fill(client);
      const file = join(folder, `etcd-${release}.db`);
      expect(await etcdctl(release, server.endpoint, ["snapshot", "save", file])).toMatchObject({ code: 0 });
      const { size, ...found } = await inspect(file);
      // The hash covers all pairs of all buckets.
      expect(await snapshotStatus(release, file)).toEqual({ ...found, totalSize: size - 32 });
      expect(await keysIn(file)).toEqual((await stateOf(client)).kvs);
    } finally {
      client.close();
      await server.stop();
    }
  });
}

describe("Maintenance.Snapshot", () => {
  let server: ServerProcess;
  let client: TestClient;

  beforeAll(async () => {
    server = await ServerProcess.start({ kind: "ours" });
    client = new TestClient(server.endpoint);
    await fill(client);
  });

  afterAll(async () => {
    client.close();
    await server.stop();
  });

  test("sends messages of 32 KiB with the remaining bytes and no headers, and the SHA-256 at the end", async () => {
    const messages = await snapshotOf(client);
    const trailer = messages.pop();
    const total = messages.reduce((sum, { blob }) => sum + blob.length, 0);
    const hash = createHash("sha256");
    let sent = 0;
    for (const [at, { header, blob, remainingBytes }] of messages.entries()) {
      if (at < messages.length - 1) expect(blob.length).toBe(32 * 1024);
      sent += blob.length;
      hash.update(blob);
      expect({ header, remainingBytes }).toEqual({ header: undefined, remainingBytes: total - sent });
    }
    expect(trailer).toMatchObject({ header: undefined, remainingBytes: 0 });
    expect(Buffer.from(trailer?.blob ?? []).toString("hex")).toBe(hash.digest("hex"));
  });

  test("holds one state and the index of its last entry while writes go on", async () => {
    const before = await inSnapshot(client);
    let writing = true;
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      while (writing) await client.unary(kv, "Put", { key: `busy${writer}`, value: Buffer.alloc(100) });
    });
    const taken: { revision: number; index: number }[] = [];
    for (let times = 0; times < 10; times++) taken.push(await inSnapshot(client));
    writing = false;
    await Promise.all(writers);
    // All later entries of the log are puts.
    for (const { revision, index } of taken) expect(index - revision).toBe(before.index - before.revision);
    expect(taken.at(-1)?.revision).toBeGreaterThan(taken[0]?.revision ?? 0);
  });

  test("is sent to a bounded number of clients, and one that disconnects makes room", async () => {
    for (let round = 0; round < 3; round++) {
      const open = Array.from({ length: 8 }, () => startSnapshot(client));
      const refused = await Promise.all(open.map((stream) => firstMessage(stream)));
      expect(refused, "eight clients that take no more").toEqual(Array(8).fill("sent"));
      expect(await firstMessage(startSnapshot(client))).toBe("etcdserver: too many requests");
      for (const stream of open) stream.cancel();
      await expect.poll(() => snapshotOf(client).then(({ length }) => length)).toBeGreaterThan(100);
    }
  });
});

/** Stores values of all sizes, history, tombstones, leases, and enough keys for several levels of branch pages. */
async function fill(client: TestClient): Promise<void> {
  await client.unary("etcdserverpb.Lease", "LeaseGrant", { id: 77n, ttl: 1000 }).catch(() => undefined);
  for (const bytes of [0, 1, 4000, 4096, 5000, 100_000, 1 << 20]) {
    await client.unary(kv, "Put", { key: `size/${bytes}`, value: Buffer.alloc(bytes, "v"), lease: 77n });
  }
  for (let batch = 0; batch < 60; batch++) {
    const success = Array.from({ length: 100 }, (_, at) => ({
      request: {
        case: "requestPut" as const,
        value: {
          ...{ key: `many/${batch}/${at}`, value: Buffer.alloc(100 + ((batch * at) % 900), "x"), lease: 0n },
          ...{ prevKv: false, ignoreValue: false, ignoreLease: false },
        },
      },
    }));
    await client.unary(kv, "Txn", { success });
  }
  await client.unary(kv, "DeleteRange", { key: "many/3", rangeEnd: "many/4" });
  const { header } = await client.unary(kv, "Put", { key: "many/1/1", value: Buffer.from("again") });
  await client.unary(kv, "Compact", { revision: (header?.revision ?? 0) - 30, physical: true });
}

/** The state that clients can see. */
async function stateOf(client: TestClient) {
  const { kvs } = await client.unary(kv, "Range", { key: "\0", rangeEnd: "\0" });
  const { header, hash, compactRevision } = await client.unary(maintenance, "HashKV", {});
  const { leases } = await client.unary("etcdserverpb.Lease", "LeaseLeases", {});
  return { revision: header?.revision, hash, compactRevision, leases: leases.map(({ id }) => id), kvs: kvs.map(plain) };
}

function plain(found: KeyValue | Uint8Array) {
  const { value, ...rest } = found instanceof Uint8Array ? KeyValue.decode(found) : found;
  return { ...rest, value: Buffer.from(value).toString("latin1") };
}

async function snapshotStatus(release: Release, file: string): Promise<unknown> {
  const { stdout, stderr, code } = await etcdctl(release, "127.0.0.1:1", ["snapshot", "status", file, "-w", "json"]);
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

/** The values that `etcdctl snapshot status` prints for a file, computed with our own reader. */
async function inspect(path: string) {
  const file = await open(path);
  try {
    let [hash, totalKey, revision] = [0, 0, 0];
    for await (const [name, bucket] of (await openBolt(file)).buckets()) {
      hash = crc32c(name, hash);
      for await (const pairs of bucket.pairs()) {
        for (const [key, value] of pairs) {
          hash = crc32c(value, crc32c(key, hash));
          totalKey++;
          if (Buffer.from(name).toString() === "key") revision = readBE64(key, 0);
        }
      }
    }
    return { hash, totalKey, revision, size: (await file.stat()).size };
  } finally {
    await file.close();
  }
}

/** The current key-value pairs, computed from the history in a file. */
async function keysIn(path: string) {
  const current = new Map<string, ReturnType<typeof plain>>();
  for (const [revision, value] of await bucketOf(path, "key")) {
    const found = plain(value);
    if (revision.length === 17) current.set(found.key, found);
    else current.delete(found.key);
  }
  return [...current.values()].sort((left, right) => (left.key < right.key ? -1 : 1));
}

async function bucketOf(path: string, wanted: string) {
  const file = await open(path);
  try {
    for await (const [name, bucket] of (await openBolt(file)).buckets()) {
      if (Buffer.from(name).toString() !== wanted) continue;
      const pairs = [];
      for await (const page of bucket.pairs()) pairs.push(...page);
      return pairs;
    }
    throw new Error(`no bucket ${wanted}`);
  } finally {
    await file.close();
  }
}

/** The revision and the log index in a snapshot taken now. */
async function inSnapshot(client: TestClient): Promise<{ revision: number; index: number }> {
  const path = join(folder, "now.db");
  await writeFile(path, Buffer.concat((await snapshotOf(client)).map(({ blob }) => blob)));
  const meta = await bucketOf(path, "meta");
  const [, index = Buffer.alloc(8)] = meta.find(([key]) => Buffer.from(key).toString() === "consistent_index") ?? [];
  const { revision } = await inspect(path);
  return { revision, index: readBE64(index, 0) };
}

function startSnapshot(client: TestClient) {
  const stream = client.stream(maintenance, "Snapshot");
  stream.write({});
  stream.end();
  return stream;
}

async function snapshotOf(client: TestClient): Promise<SnapshotResponse[]> {
  const messages: SnapshotResponse[] = [];
  for await (const message of startSnapshot(client)) messages.push(message);
  return messages;
}

/** Reads the first message only. @returns its kind, or the error if there is none */
function firstMessage(stream: ReturnType<typeof startSnapshot>): Promise<string> {
  return new Promise((resolve) => {
    stream.on("error", (error: Error & { details?: string }) => resolve(error.details ?? error.message));
    stream.once("data", () => {
      stream.pause();
      resolve("sent");
    });
  });
}
