import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, expect, test } from "vitest";
import { type LogRotation, RotatingFile } from "../../src/main/rotating-file.js";

const root = mkdtempSync(join(tmpdir(), "etcd-ts-rotation-"));
afterAll(() => rmSync(root, { recursive: true }));
let directories = 0;

/** Starts a log on a clock that only the test advances. */
function start(rotation: Partial<LogRotation> = {}, before: Readonly<Record<string, string>> = {}) {
  const directory = join(root, String(directories++), "logs");
  let ms = Date.UTC(2026, 10, 22, 15, 4, 5);
  const open = () => {
    const all = { maxSize: 1, maxAge: 0, maxBackups: 0, localTime: false, compress: false, ...rotation };
    return new RotatingFile(join(directory, "etcd.log"), all, () => new Date(ms));
  };
  if (Object.keys(before).length > 0) {
    // Opening the log creates the folder.
    open();
    for (const [name, text] of Object.entries(before)) writeFileSync(join(directory, name), text);
  }
  return {
    directory,
    file: open(),
    open,
    advance: (by: number) => {
      ms += by;
    },
    names: () => readdirSync(directory).sort(),
    read: (name: string) => readFileSync(join(directory, name)),
  };
}

const half = `${"x".repeat(512 * 1024 - 1)}\n`;

test("lines are in the file when the write is done", async () => {
  const { file, read } = start();
  await file.write(Buffer.from("one\n"));
  await file.write(Buffer.from("zwei: ä\n"));
  expect(read("etcd.log").toString()).toBe("one\nzwei: ä\n");
});

test("a full file is renamed with the time, and the next line begins another file", async () => {
  const { file, names, read } = start();
  await file.write(Buffer.from(half));
  await file.write(Buffer.from(half));
  expect(names()).toEqual(["etcd.log"]);
  await file.write(Buffer.from("next\n"));
  expect(names()).toEqual(["etcd-2026-11-22T15-04-05.000.log", "etcd.log"]);
  expect(read("etcd.log").toString()).toBe("next\n");
  expect(read("etcd-2026-11-22T15-04-05.000.log").length).toBe(1024 * 1024);
});

test("a line that is longer than the maximum gets its own file", async () => {
  const { file, names } = start();
  await file.write(Buffer.from(half + half + half));
  expect(names()).toEqual(["etcd.log"]);
});

test("bytes in the file before the start are counted", async () => {
  const { open, names, file } = start();
  await file.write(Buffer.from(half));
  const again = open();
  await again.write(Buffer.from(half));
  await again.write(Buffer.from("next\n"));
  expect(names()).toHaveLength(2);
});

test("a bounded number of old files is kept, and other files are not touched", async () => {
  const { file, advance, names } = start(
    { maxBackups: 2 },
    { "etcd-2020-01-01T00-00-00.000.log.gz": "old", "etcd-else.log": "", "other-2020-01-01T00-00-00.000.log": "" },
  );
  for (let at = 0; at < 4; at++) {
    await file.write(Buffer.from(half + half));
    advance(1_000);
  }
  await file.settled();
  expect(names()).toEqual([
    "etcd-2026-11-22T15-04-07.000.log",
    "etcd-2026-11-22T15-04-08.000.log",
    "etcd-else.log",
    "etcd.log",
    "other-2020-01-01T00-00-00.000.log",
  ]);
});

test("files above the maximum age are removed, also at the start", async () => {
  const { file, open, advance, names } = start({ maxAge: 2 });
  await file.write(Buffer.from(half + half));
  await file.write(Buffer.from("next\n"));
  advance(2 * 86_400_000);
  await open().settled();
  expect(names()).toHaveLength(2);
  advance(1);
  await open().settled();
  expect(names()).toEqual(["etcd.log"]);
});

test("old files are compressed", async () => {
  const { file, names, read } = start({ compress: true });
  await file.write(Buffer.from(half + half));
  await file.write(Buffer.from("next\n"));
  await file.settled();
  expect(names()).toEqual(["etcd-2026-11-22T15-04-05.000.log.gz", "etcd.log"]);
  expect(gunzipSync(read("etcd-2026-11-22T15-04-05.000.log.gz")).toString()).toBe(half + half);
});

test("names have the local time if the setting says so", async () => {
  const { file, names } = start({ localTime: true });
  await file.write(Buffer.from(half + half));
  await file.write(Buffer.from("next\n"));
  const local = new Date(Date.UTC(2026, 10, 22, 15, 4, 5));
  expect(names()[0]).toContain(`T${String(local.getHours()).padStart(2, "0")}-`);
});

test("another file is begun even if the full one has been moved away", async () => {
  const { file, directory, names, read } = start();
  await file.write(Buffer.from(half + half));
  renameSync(join(directory, "etcd.log"), join(directory, "moved"));
  await file.write(Buffer.from("next\n"));
  expect(read("etcd.log").toString()).toBe("next\n");
  expect(names()).toEqual(["etcd.log", "moved"]);
});
