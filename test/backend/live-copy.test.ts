import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, expect, test } from "vitest";
import {
  type Backend,
  DiskError,
  openLevelBackend,
  openMemoryBackend,
  openMemoryStore,
  SideFolder,
} from "../../src/backend/index.js";
import { systemClock } from "../../src/base/index.js";
import { changedStore } from "../../src/testing/changed-store.js";
import { bytes, collect, testOptions, text } from "./suite.js";

const root = mkdtempSync(join(tmpdir(), "live-copy-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));

const open = (dir: string): Promise<Backend> => openLevelBackend({ ...testOptions(systemClock), dir });

/** Bytes that cannot be compressed. */
const noise = randomBytes(64 * 1024);

/** Writes rows of 8 KiB, some of them over older ones. */
function fill(backend: Backend, round: number, rows = 400): void {
  for (let at = 0; at < rows; at++) {
    const start = (at * 131 + round * 17) % (noise.length - 8192);
    const value = Buffer.from(noise.subarray(start, start + 8192));
    value.writeUInt32LE(round * rows + at);
    backend.put("lease", bytes(String((at * 7 + round * 13) % 500).padStart(8, "0")), value);
  }
}

test("a copy has the state of one moment, while writes and merges go on", async () => {
  const backend = await open(freshDir());
  let index = 0;
  backend.onBeforeCommit(() => backend.put("meta", bytes("index"), bytes(String(index))));
  let writing = true;
  const writer = (async () => {
    for (let round = 0; writing; round++) {
      fill(backend, round);
      index = round;
      await backend.commit();
    }
  })();
  for (let copy = 0; copy < 4; copy++) {
    const dir = freshDir();
    let taken = -1;
    let rows: Promise<string[]> = Promise.resolve([]);
    const copied = await backend.copyTo(dir, () => {
      taken = index;
      const view = backend.view();
      rows = collect(view.batches("lease")).finally(() => view.close());
    });
    expect(copied).toBe(true);
    const opened = await open(dir);
    expect(text(opened.get("meta", bytes("index")))).toBe(String(taken));
    expect(await collect(opened.batches("lease"))).toEqual(await rows);
    expect(opened.sizeInUse()).toBeGreaterThan(0);
    await opened.close();
  }
  writing = false;
  await writer;
  await backend.close();
});

test("a copy shares its tables with the database, and outlives them there", async () => {
  const dir = freshDir();
  const backend = await open(dir);
  for (let round = 0; round < 8; round++) {
    fill(backend, round);
    await backend.commit();
  }
  await backend.defragment();
  const tables = readdirSync(dir).filter((name) => name.endsWith(".ldb"));
  expect(tables.length).toBeGreaterThan(0);
  const copy = freshDir();
  await backend.copyTo(copy, () => undefined);
  for (const table of tables) expect(statSync(join(copy, table)).ino).toBe(statSync(join(dir, table)).ino);
  const before = await collect(backend.batches("lease"));
  for (let at = 0; at < 500; at++) backend.delete("lease", bytes(String(at).padStart(8, "0")));
  await backend.defragment();
  expect(readdirSync(dir).filter((name) => tables.includes(name))).toEqual([]);
  await backend.close();
  const opened = await open(copy);
  expect(await collect(opened.batches("lease"))).toEqual(before);
  await opened.close();
});

test("a copy waits for the end of changes that belong together", async () => {
  const backend = await open(freshDir());
  const dir = freshDir();
  backend.hold();
  backend.put("meta", bytes("half"), bytes("done"));
  let taken = false;
  const copying = backend.copyTo(dir, () => {
    taken = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(taken).toBe(false);
  backend.put("meta", bytes("other"), bytes("half"));
  backend.release();
  expect(await copying).toBe(true);
  const opened = await open(dir);
  expect([text(opened.get("meta", bytes("half"))), text(opened.get("meta", bytes("other")))]).toEqual(["done", "half"]);
  await opened.close();
  await backend.close();
});

test("a database in memory is not copied, a closed one refuses, and a full disk fails only the copy", async () => {
  const memory = await openMemoryBackend(testOptions());
  expect(await memory.copyTo(freshDir(), () => undefined)).toBe(false);
  await memory.close();
  const backend = await open(freshDir());
  backend.put("meta", bytes("name"), bytes("value"));
  await expect(backend.copyTo(join(root, "no\0place"), () => undefined)).rejects.toThrow();
  await backend.commit();
  const target = freshDir();
  await backend.close();
  await expect(backend.copyTo(target, () => undefined)).rejects.toBeInstanceOf(DiskError);
  expect(existsSync(target)).toBe(false);
});

test("no batch is written before a copy has the side files of its state", async () => {
  const memory = await openMemoryStore();
  const order: string[] = [];
  const sideFiles = new SideFolder(freshDir(), false);
  sideFiles.share = async (name) => {
    order.push(`shares ${name}`);
    backend.put("meta", bytes("later"), bytes("change"));
    void backend.commit().then(() => order.push("a later change is on disk"));
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    order.push("has shared");
  };
  const backend = await openLevelBackend({
    ...{ ...testOptions(systemClock), dir: "/nowhere", sideFiles },
    openStore: async () => changedStore(memory, { copyTo: async () => true }),
  });
  expect(await backend.copyTo("/nowhere/copy", () => ["1"])).toBe(true);
  await backend.commit();
  expect(order).toEqual(["shares 1", "has shared", "a later change is on disk"]);
  await backend.close();
});
