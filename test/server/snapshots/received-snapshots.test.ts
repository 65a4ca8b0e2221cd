import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../../src/base/index.js";
import { type BucketSource, planBolt } from "../../../src/bolt/index.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import { SnapshotFolder } from "../../../src/server/snapshots/received-snapshots.js";
import type { SnapshotPart } from "../../../src/transport/index.js";

const root = mkdtempSync(join(tmpdir(), "etcd-received-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));

async function database(): Promise<Buffer> {
  const addTo: BucketSource["addTo"] = async function* (sink) {
    sink.add(Buffer.from("key"), 0, 3, Buffer.from("value"), 0, 5);
    yield;
  };
  const chunks: Buffer[] = [];
  for await (const chunk of planBolt([{ name: "key", size: { rows: 1, bytes: 8, keyBytesMax: 3 }, addTo }]).chunks(
    1024,
  ))
    chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** A snapshot file with a changed byte in the page that holds the pairs: the page's number is wrong. */
async function damaged(): Promise<AsyncGenerator<Buffer>> {
  const bytes = await database();
  const pageBytes = 4096;
  for (let at = 2 * pageBytes; at < bytes.length; at += pageBytes) {
    if (bytes.subarray(at, at + pageBytes).includes("value")) bytes[at] = 0xff;
  }
  return inChunks(bytes);
}

async function* inChunks(bytes: Buffer, failsAt = Number.POSITIVE_INFINITY): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) {
    if (at >= failsAt) throw new Error("the connection broke");
    yield bytes.subarray(at, at + 1000);
  }
}

test("a received database is kept under its index until it is no longer needed", async () => {
  const dir = freshDir();
  const folder = new SnapshotFolder(dir, systemClock, new LogCounters());
  const bytes = await database();
  expect(await folder.store(26, inChunks(bytes))).toBe(bytes.length);
  expect(readdirSync(dir)).toEqual(["000000000000001a.snap.db"]);
  const file = await folder.open(26);
  expect((await file?.readFile())?.equals(bytes)).toBe(true);
  await file?.close();
  expect(await folder.open(27)).toBeUndefined();
  await folder.removeThrough(25);
  expect(readdirSync(dir)).toHaveLength(1);
  await folder.removeThrough(26);
  expect(readdirSync(dir)).toEqual([]);
});

test("a partly received database stays when older ones are removed, and is removed at a start", async () => {
  const dir = freshDir();
  const folder = new SnapshotFolder(dir, systemClock, new LogCounters());
  await folder.store(26, inChunks(await database()));
  const bytes = await database();
  let halfway: string[] = [];
  const body = async function* () {
    yield bytes.subarray(0, 1000);
    await folder.removeThrough(26);
    halfway = readdirSync(dir);
    yield bytes.subarray(1000);
  };
  expect(await folder.store(30, body())).toBe(bytes.length);
  expect(halfway).toEqual(["arriving-1"]);
  expect(readdirSync(dir)).toEqual(["000000000000001e.snap.db"]);

  writeFileSync(join(dir, "arriving-7"), "left by a process that was killed");
  await folder.clear();
  expect(readdirSync(dir)).toEqual([]);
});

test("a file that breaks off is resumed where it ended, and nothing is kept of one that is damaged", async () => {
  const dir = freshDir();
  const folder = new SnapshotFolder(dir, systemClock, new LogCounters());
  const bytes = await database();
  const part = (from: number): SnapshotPart => ({
    ...{ form: "file", transfer: "00000000000000cc", from, progress: () => undefined },
  });
  await expect(folder.store(26, inChunks(bytes, 3000), part(0))).rejects.toThrow("the connection broke");
  expect(await folder.parts.kept("00000000000000cc")).toBe(3000);
  await expect(folder.store(26, inChunks(bytes.subarray(3000), 2000), part(3000))).rejects.toThrow("broke");
  expect(await folder.parts.kept("00000000000000cc")).toBe(5000);
  // The sender may go back, if it has another view of what arrived.
  expect(await folder.store(26, inChunks(bytes.subarray(4000)), part(4000))).toBe(bytes.length);
  const file = await folder.open(26);
  expect((await file?.readFile())?.equals(bytes)).toBe(true);
  await file?.close();

  const other = { ...part(0), transfer: "00000000000000dd" };
  await expect(folder.store(27, await damaged(), other)).rejects.toThrow("page");
  expect(readdirSync(dir)).toEqual(["000000000000001a.snap.db"]);
});

for (const { name, body, says } of [
  { name: "breaks off", body: async () => inChunks(await database(), 3000), says: "the connection broke" },
  { name: "is damaged deep inside", body: damaged, says: "page" },
  { name: "ends early", body: async () => inChunks((await database()).subarray(0, 9000)), says: "the file is cut" },
  { name: "is no database", body: async () => inChunks(Buffer.alloc(20_000, "x")), says: "page" },
]) {
  test(`nothing is kept of a snapshot that ${name}`, async () => {
    const dir = freshDir();
    await expect(new SnapshotFolder(dir, systemClock, new LogCounters()).store(26, await body())).rejects.toThrow(says);
    expect(readdirSync(dir)).toEqual([]);
  });
}
