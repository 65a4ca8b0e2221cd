import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { type Logger, silentLogger } from "../../src/base/index.js";
import { createDataDir } from "../../src/wal/index.js";

const root = mkdtempSync(join(tmpdir(), "data-dir-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;
const freshDir = () => join(root, String(dirs++));

describe("createDataDir()", () => {
  test("makes a directory for its owner only, and returns the paths of its parts", async () => {
    const dir = join(freshDir(), "below");
    expect(await createDataDir(dir, silentLogger)).toEqual({
      backendDir: join(dir, "member", "db"),
      walDir: join(dir, "member", "wal"),
    });
    expect(statSync(dir).mode & 0o777).toBe(0o700);
  });

  test("makes a separate directory for the raft log", async () => {
    const dir = freshDir();
    const walDir = freshDir();
    expect((await createDataDir(dir, silentLogger, walDir)).walDir).toBe(walDir);
    expect(statSync(walDir).mode & 0o777).toBe(0o700);
  });

  for (const { mode, warned } of [
    { mode: 0o700, warned: [] },
    { mode: 0o755, warned: ["0755"] },
    { mode: 0o710, warned: ["0710"] },
  ]) {
    test(`accepts a directory of mode ${mode.toString(8)}, with ${warned.length} warnings`, async () => {
      const dir = freshDir();
      mkdirSync(dir);
      chmodSync(dir, mode);
      const permissions: unknown[] = [];
      const logger: Logger = { ...silentLogger, warn: (_, fields) => permissions.push(fields?.permission) };
      await createDataDir(dir, logger);
      expect(permissions).toEqual(warned);
    });
  }

  test("refuses a file, and a place under a file", async () => {
    const file = freshDir();
    writeFileSync(file, "");
    for (const dir of [file, join(file, "below")]) {
      await expect(createDataDir(dir, silentLogger)).rejects.toThrow(
        `cannot use ${dir} as data directory: it is, or lies under, a file that is not a directory`,
      );
    }
  });

  for (const { name, files, refused } of [
    { name: "part of a raft log", files: ["000005.ldb", "MANIFEST-000004"], refused: true },
    { name: "files of other programs", files: ["notes.txt"], refused: true },
    { name: "files of an interrupted first start", files: ["LOCK", "LOG", "MANIFEST-000001"], refused: false },
  ]) {
    test(`${refused ? "refuses" : "accepts"} a raft log's directory with ${name}`, async () => {
      const walDir = freshDir();
      mkdirSync(walDir);
      for (const file of files) writeFileSync(join(walDir, file), "");
      const made = createDataDir(freshDir(), silentLogger, walDir);
      if (refused) await expect(made).rejects.toThrow(`${walDir} holds files (${files[0]}) but no raft log`);
      else expect((await made).walDir).toBe(walDir);
    });
  }

  for (const file of ["member/snap/db", "member/wal/0000000000000000-0000000000000000.wal"]) {
    test(`refuses the data of etcd itself (${file})`, async () => {
      const dir = freshDir();
      mkdirSync(join(dir, file, ".."), { recursive: true, mode: 0o700 });
      writeFileSync(join(dir, file), "");
      const refused = `${dir} belongs to an etcd that keeps its data in another format (${join(dir, file)})`;
      await expect(createDataDir(dir, silentLogger)).rejects.toThrow(refused);
      expect(existsSync(join(dir, file))).toBe(true);
    });
  }
});
