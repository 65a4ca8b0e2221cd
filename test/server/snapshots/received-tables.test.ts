import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { saveConsistentIndex } from "../../../src/apply/index.js";
import { type Backend, BackendCounters, openLevelBackend } from "../../../src/backend/index.js";
import {
  type Clock,
  type ClusterId,
  defaultApiLevel,
  ManualClock,
  type MemberId,
  silentLogger,
  systemClock,
} from "../../../src/base/index.js";
import { encodeV2Store } from "../../../src/cluster/index.js";
import { emptyConfState, type Snapshot } from "../../../src/raft/index.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import { DatabaseFolder } from "../../../src/server/disk/database-folder.js";
import { Databases } from "../../../src/server/snapshots/databases.js";
import { SnapshotFolder } from "../../../src/server/snapshots/received-snapshots.js";
import { encodeList, TableArchive } from "../../../src/server/snapshots/table-archive.js";
import type { SnapshotPart } from "../../../src/transport/index.js";

const root = mkdtempSync(join(tmpdir(), "etcd-tables-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));

const fail = (error: Error): void => {
  throw error;
};
const open = (dir: string): Promise<Backend> =>
  openLevelBackend({ dir, clock: systemClock, logger: silentLogger, onFailure: fail });

const keys = 6000;

/** Bytes that cannot be compressed. */
const noise = randomBytes(16 * 1024);

function valueAt(at: number): Buffer {
  return noise.subarray(at, at + 5000);
}

/** The tables of a database whose state is at `index`, as they are sent. */
async function archive(index: number): Promise<TableArchive> {
  const backend = await open(freshDir());
  for (let at = 0; at < keys; at++) {
    backend.put("key", Buffer.from(`key-${String(at).padStart(8, "0")}`), valueAt(at));
    if (at % 500 === 499) await backend.commit();
  }
  saveConsistentIndex(backend, index, 1);
  const dir = freshDir();
  await backend.copyTo(dir, () => undefined);
  await backend.close();
  return TableArchive.of(dir);
}

const sent = await archive(26);

function part(from = 0, changed: Partial<SnapshotPart> = {}): SnapshotPart {
  return { form: "tables", transfer: "00000000000000aa", from, progress: () => undefined, ...changed };
}

function folder(dir: string, clock: Clock = systemClock): SnapshotFolder {
  return new SnapshotFolder(dir, clock, new LogCounters());
}

/** A body that breaks when `bytes` of it have been read. */
async function* breaking(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of body) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) throw new Error("the connection broke");
  }
}

async function* changedAt(body: AsyncIterable<Uint8Array>, place: number): AsyncGenerator<Uint8Array> {
  let at = 0;
  for await (const chunk of body) {
    const copy = Buffer.from(chunk);
    const inside = place - at;
    if (inside >= 0 && inside < copy.length) copy[inside] = ~(copy[inside] ?? 0);
    yield copy;
    at += chunk.length;
  }
}

function databases(dir: string) {
  const received = folder(join(dir, "snap"));
  const made = new Databases({
    level: defaultApiLevel,
    places: new DatabaseFolder(join(dir, "db")),
    ids: { clusterId: 1n as ClusterId, memberId: 2n as MemberId },
    ...{ received, counters: new BackendCounters(), clock: systemClock, logger: silentLogger },
    ...{ onFailure: fail, batchIntervalMs: 100, batchLimit: 1000 },
  });
  return { received, databases: made };
}

function snapshotAt(index: number): Snapshot {
  const confState = { ...emptyConfState, voters: [2n as MemberId] };
  return {
    metadata: { index, term: 1, confState },
    data: encodeV2Store({ members: [], removed: [], version: undefined }),
  };
}

async function holdsAllKeys(backend: Backend): Promise<void> {
  let count = 0;
  for await (const rows of backend.batches("key")) {
    for (const [key, value] of rows) {
      expect(Buffer.from(key).toString()).toBe(`key-${String(count).padStart(8, "0")}`);
      if (Buffer.compare(value, valueAt(count)) !== 0) throw new Error(`the value of row ${count} has changed`);
      count++;
    }
  }
  expect(count).toBe(keys);
}

test("received tables become the database of their snapshot", async () => {
  const dir = freshDir();
  const { received, databases: made } = databases(dir);
  const first = await made.open(undefined);
  let progress = 0;
  const how = part(0, { progress: () => void progress++ });
  expect(await received.store(26, sent.body(0), how)).toBe(sent.bytes);
  expect(progress).toBeGreaterThan(1);
  expect(readdirSync(join(dir, "snap"))).toEqual(["000000000000001a.snap.tables"]);
  const loaded = await made.load(snapshotAt(26), new AbortController().signal);
  await holdsAllKeys(loaded);
  expect(readdirSync(join(dir, "snap"))).toEqual([]);
  await loaded.close();
  await first.close();
});

test("a transfer that breaks anywhere is resumed where it broke off", async () => {
  const received = folder(freshDir());
  let kept = 0;
  const ends: number[] = [];
  // Each connection brings a little more than the one before, down to single bytes of lists and checksums.
  for (let broken = 0; broken < 200; broken++) {
    const more = broken < 20 ? broken + 1 : 1 + Math.floor((sent.bytes / 40) * ((broken % 7) / 3));
    const how = part(kept);
    const end = await received.store(26, breaking(sent.body(kept), more), how).catch(() => undefined);
    if (end !== undefined) break;
    kept = (await received.parts.kept("00000000000000aa")) ?? -1;
    ends.push(kept);
  }
  expect(ends.every((end, at) => end >= (ends[at - 1] ?? 0))).toBe(true);
  expect(new Set(ends).size).toBeGreaterThan(20);
  expect(await received.store(26, sent.body(kept), part(kept))).toBe(sent.bytes);
  // The sender may not have got the answer, and asks once more.
  expect(await received.parts.kept("00000000000000aa")).toBe(sent.bytes);
  expect(await received.store(26, sent.body(sent.bytes), part(sent.bytes))).toBe(sent.bytes);
  const dir = await received.tables(26);
  const backend = await open(dir ?? "");
  await holdsAllKeys(backend);
  await backend.close();
});

for (const { name, index = 26, body, says } of [
  { name: "has a changed byte in its list", body: () => changedAt(sent.body(0), 10), says: "checksum" },
  { name: "has a changed byte in a table", body: () => changedAt(sent.body(0), sent.bytes >> 1), says: "checksum" },
  { name: "has a changed byte at its end", body: () => changedAt(sent.body(0), sent.bytes - 1), says: "checksum" },
  { name: "ends early", body: () => cutAt(sent.bytes - 1), says: "ends early" },
  { name: "goes on", body: () => followedBy(Buffer.of(0)), says: "goes on" },
  { name: "has another state", index: 27, body: () => sent.body(0), says: "have the state at 26" },
  { name: "names a file elsewhere", body: () => listOf("../../000005.ldb", "CURRENT"), says: "not that of a database" },
  { name: "names a file twice", body: () => listOf("CURRENT", "CURRENT"), says: "not that of a database" },
  { name: "has no manifest", body: () => listOf("000005.ldb", "CURRENT"), says: "is damaged" },
  { name: "has a huge list", body: () => once(Buffer.from("ffffffff", "hex")), says: "takes 4294967295 bytes" },
]) {
  test(`nothing is kept of tables whose archive ${name}`, async () => {
    const dir = freshDir();
    await expect(folder(dir).store(index, body(), part())).rejects.toThrow(says);
    expect(readdirSync(dir)).toEqual([]);
  });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* cutAt(bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes;
  for await (const chunk of sent.body(0)) {
    yield chunk.subarray(0, left);
    left = Math.max(0, left - chunk.length);
  }
}

async function* followedBy(more: Uint8Array): AsyncGenerator<Uint8Array> {
  yield* sent.body(0);
  yield more;
}

/** An archive of empty files. */
async function* listOf(...names: string[]): AsyncGenerator<Uint8Array> {
  yield encodeList(names.map((name) => ({ name, bytes: 0 })));
  for (const _ of names) yield Buffer.alloc(4);
}

test("a part is refused that does not begin where the one before ended", async () => {
  const received = folder(freshDir());
  await expect(received.store(26, breaking(sent.body(0), sent.bytes >> 1), part())).rejects.toThrow("broke");
  const kept = (await received.parts.kept("00000000000000aa")) ?? 0;
  await expect(received.store(26, sent.body(kept + 1), part(kept + 1))).rejects.toThrow("does not go on");
});

test("of two broken transfers the later is kept, for two minutes, and none over a start", async () => {
  const dir = freshDir();
  const clock = new ManualClock();
  const received = folder(dir, clock);
  for (const transfer of ["00000000000000aa", "00000000000000bb"]) {
    const body = breaking(sent.body(0), sent.bytes >> 1);
    await expect(received.store(26, body, part(0, { transfer }))).rejects.toThrow("broke");
  }
  expect(readdirSync(dir)).toEqual(["arriving-00000000000000bb"]);
  expect(await received.parts.kept("00000000000000aa")).toBe(0);
  expect(await received.parts.kept("00000000000000bb")).toBeGreaterThan(0);
  clock.advance(120_000);
  while (readdirSync(dir).length > 0) await new Promise((resolve) => setImmediate(resolve));
  expect(await received.parts.kept("00000000000000bb")).toBe(0);

  await expect(received.store(26, breaking(sent.body(0), 1000), part())).rejects.toThrow("broke");
  await folder(dir).clear();
  expect(readdirSync(dir)).toEqual([]);
});

test("a transfer that is under way is not resumed", async () => {
  const received = folder(freshDir());
  const during: (number | undefined)[] = [];
  async function* body(): AsyncGenerator<Uint8Array> {
    for await (const chunk of sent.body(0)) {
      during.push(await received.parts.kept("00000000000000aa"));
      await expect(received.store(26, sent.body(0), part())).rejects.toThrow("still being received");
      yield chunk;
    }
  }
  await received.store(26, body(), part());
  expect(new Set(during)).toEqual(new Set([undefined]));
});

for (const { name, crash } of [
  { name: "before the tables are put in place", crash: async () => undefined },
  {
    name: "after they are put in place",
    crash: async (dir: string) => {
      const places = new DatabaseFolder(join(dir, "db"));
      await places.adopt(26, join(dir, "snap", "000000000000001a.snap.tables"));
    },
  },
]) {
  test(`a start after a crash ${name} goes on with the received database`, async () => {
    const dir = freshDir();
    const before = databases(dir);
    await (await before.databases.open(undefined)).close();
    await before.received.store(26, sent.body(0), part());
    await crash(dir);
    writeFileSync(join(dir, "db-copy-3"), "left by a process that was killed while it sent its database");
    const backend = await databases(dir).databases.open(snapshotAt(26));
    await holdsAllKeys(backend);
    await backend.close();
    expect(readdirSync(dir).sort()).toEqual(["db-000000000000001a", "snap"]);
    expect(readdirSync(join(dir, "snap"))).toEqual([]);
  });
}
