import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Backend, type DiskError, openLevelBackend, openMemoryStore } from "../../src/backend/index.js";
import { FailingDisk } from "./failing-store.js";
import { bytes, collect, testOptions, text } from "./suite.js";

const root = mkdtempSync(join(tmpdir(), "backend-disk-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));

describe("a disk that fails", () => {
  for (const { refusal, says } of [
    { refusal: "write", says: "cannot write to memory: IO error: 000003.log: Input/output error" },
    { refusal: "sync", says: "cannot write to memory: IO error: 000003.log: fdatasync: Input/output error" },
    { refusal: "full", says: "cannot write to memory: IO error: 000003.log: No space left on device" },
  ] as const) {
    test(`is reported once and makes all changes fail (${refusal})`, async () => {
      const disk = new FailingDisk();
      const failures: DiskError[] = [];
      const backend = await openLevelBackend({
        ...testOptions(),
        dir: freshDir(),
        onFailure: (error) => failures.push(error),
        openStore: async () => disk.wrap(await openMemoryStore()),
      });
      backend.put("meta", bytes("a"), bytes("1"));
      await backend.commit();
      const writes = disk.writes;
      disk.fail(refusal);
      backend.put("meta", bytes("a"), bytes("2"));
      const first = backend.commit();
      backend.put("meta", bytes("b"), bytes("3"));
      const second = backend.commit();
      await expect(first).rejects.toThrow(says);
      await expect(second).rejects.toThrow(says);
      await expect(backend.commit()).rejects.toThrow(says);
      expect(() => backend.put("meta", bytes("c"), bytes("4"))).toThrow(says);
      expect(() => backend.delete("meta", bytes("c"))).toThrow(says);
      await expect(backend.defragment()).rejects.toThrow(says);
      expect(failures.map((error) => error.message)).toEqual([says]);
      expect(disk.writes).toBe(writes + 1);
      await backend.close();
    });
  }

  for (const { name, read } of [
    { name: "get()", read: async (backend: Backend) => backend.get("meta", bytes("a")) },
    { name: "get() of a view", read: async (backend: Backend) => backend.view().get("meta", bytes("a")) },
    { name: "scan()", read: (backend: Backend) => backend.scan("meta", bytes("a"), undefined, 1) },
    { name: "batches()", read: (backend: Backend) => collect(backend.batches("meta")) },
  ]) {
    test(`is reported once if it cannot be read: ${name}`, async () => {
      const disk = new FailingDisk();
      const failures: string[] = [];
      const backend = await openLevelBackend({
        ...testOptions(),
        dir: freshDir(),
        onFailure: (error) => failures.push(error.message),
        openStore: async () => disk.wrap(await openMemoryStore()),
      });
      backend.put("meta", bytes("a"), bytes("1"));
      await backend.commit();
      disk.fail("read");
      const says = "cannot read memory: Corruption: corrupted compressed block contents";
      await expect(read(backend)).rejects.toThrow(says);
      await expect(read(backend)).rejects.toThrow(says);
      expect(failures).toEqual([says]);
      expect(() => backend.put("meta", bytes("b"), bytes("1"))).toThrow(says);
      await backend.close();
    });
  }

  test("is reported if nobody waits for the batch", async () => {
    const disk = new FailingDisk();
    const failure = new Promise<DiskError>((resolve) => {
      openLevelBackend({
        ...testOptions(),
        dir: freshDir(),
        batchLimit: 2,
        onFailure: resolve,
        openStore: async () => disk.wrap(await openMemoryStore()),
      }).then((backend) => {
        disk.fail("full");
        backend.put("meta", bytes("a"), bytes("1"));
        backend.put("meta", bytes("b"), bytes("1"));
      });
    });
    expect((await failure).message).toContain("No space left on device");
  });
});

/** Makes a directory as a killed process leaves it. */
async function crashed(): Promise<{ dir: string; log: string; ends: number[] }> {
  const live = freshDir();
  const dir = freshDir();
  const backend = await openLevelBackend({ ...testOptions(), dir: live });
  let log = "";
  const ends: number[] = [];
  for (const index of ["1", "2", "3"]) {
    backend.put("key", bytes(`revision ${index}`), bytes("value"));
    backend.put("meta", bytes("consistent_index"), bytes(index));
    await backend.commit();
    log = readdirSync(live).find((name) => name.endsWith(".log")) ?? "";
    ends.push(readFileSync(join(live, log)).byteLength);
  }
  backend.put("key", bytes("revision 4"), bytes("nobody was told"));
  cpSync(live, dir, { recursive: true });
  await backend.close();
  return { dir, log: join(dir, log), ends };
}

describe("after a crash", () => {
  test("committed data is there and counted", async () => {
    const { dir } = await crashed();
    const backend = await openLevelBackend({ ...testOptions(), dir });
    expect(await collect(backend.batches("key"))).toEqual(["1", "2", "3"].map((index) => `revision ${index}=value`));
    expect(text(backend.get("meta", bytes("consistent_index")))).toBe("3");
    expect(backend.sizeInUse()).toBe(3 * (1 + 10 + 5) + 1 + 16 + 1);
    await backend.close();
  });

  test("a torn batch is lost as a whole, with its count of bytes", async () => {
    const { dir, log, ends } = await crashed();
    const [, second = 0, third = 0] = ends;
    for (const end of [second + 1, second + 7, third - 1]) {
      const copy = freshDir();
      cpSync(dir, copy, { recursive: true });
      truncateSync(log.replace(dir, copy), end);
      const backend = await openLevelBackend({ ...testOptions(), dir: copy });
      expect(await collect(backend.batches("key"))).toEqual(["revision 1=value", "revision 2=value"]);
      expect(text(backend.get("meta", bytes("consistent_index")))).toBe("2");
      expect(backend.sizeInUse()).toBe(2 * (1 + 10 + 5) + 1 + 16 + 1);
      await backend.close();
    }
  });

  test("a changed byte before other batches is refused", async () => {
    const { dir, log, ends } = await crashed();
    const changed = readFileSync(log);
    const at = (ends[0] ?? 0) + 20;
    changed[at] = (changed[at] ?? 0) ^ 1;
    writeFileSync(log, changed);
    await expect(openLevelBackend({ ...testOptions(), dir })).rejects.toThrow(
      `the database in ${dir} is damaged: ${log} cannot be read at byte ${ends[0]}`,
    );
  });
});

describe("a directory that cannot be opened", () => {
  test("in use: the error names it with advice", async () => {
    const dir = freshDir();
    const backend = await openLevelBackend({ ...testOptions(), dir });
    await expect(openLevelBackend({ ...testOptions(), dir })).rejects.toThrow(
      `another process is using ${dir}: stop it first, or start this one with a data directory of its own`,
    );
    await backend.close();
  });

  for (const { name, file } of [
    { name: "CURRENT", file: /^CURRENT$/ },
    { name: "the manifest", file: /^MANIFEST-/ },
  ]) {
    test(`damaged (${name}): the error names it`, async () => {
      const { dir } = await crashed();
      const found = readdirSync(dir).find((entry) => file.test(entry)) ?? "";
      writeFileSync(join(dir, found), "nonsense");
      await expect(openLevelBackend({ ...testOptions(), dir })).rejects.toThrow(`the database in ${dir} is damaged: `);
    });
  }

  test("a file: the error says so", async () => {
    const dir = freshDir();
    writeFileSync(dir, "");
    await expect(openLevelBackend({ ...testOptions(), dir })).rejects.toThrow(`cannot open the database in ${dir}: `);
  });

  test("of another format: the error says so", async () => {
    const store = await openMemoryStore();
    const batch = store.batch();
    batch.put(bytes("\0format"), Uint8Array.of(4));
    await batch.write({ sync: true });
    await expect(openLevelBackend({ ...testOptions(), dir: freshDir(), openStore: async () => store })).rejects.toThrow(
      "was written by another version: its format is 4, not 1 to 3",
    );
  });
});
