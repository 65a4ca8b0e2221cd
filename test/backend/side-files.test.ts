import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openLevelBackend, SideFolder } from "../../src/backend/index.js";
import { bytes, testOptions } from "./suite.js";

const dir = mkdtempSync(join(tmpdir(), "side-files-"));
afterAll(() => rmSync(dir, { recursive: true }));

test("a side file is read as it was written, and a database opens with it in its directory", async () => {
  const database = join(dir, "db");
  const sideFiles = new SideFolder(database, true);
  const first = await openLevelBackend({ ...testOptions(), dir: database, sideFiles });
  const size = first.size();
  const file = await first.sideFiles?.create("one");
  await file?.write(bytes("a".repeat(100_000)));
  await file?.sync();
  await file?.write(bytes("b"));
  await file?.finish();
  const other = await first.sideFiles?.create("two");
  await other?.abandon();
  first.put("lease", bytes("a"), bytes("1"));
  await first.close();
  const again = await openLevelBackend({ ...testOptions(), dir: database, sideFiles });
  expect(again.get("lease", bytes("a"))).toEqual(bytes("1"));
  // A file that can be made again does not count as data.
  expect(again.size()).toBeLessThan(size + 50_000);
  expect((await sideFiles.names()).toSorted()).toEqual(["one", "two"]);
  const read = await sideFiles.open("one");
  const target = Buffer.alloc(10);
  expect([read?.bytes, await read?.read(target, 99_995), target.toString("latin1", 0, 6)]).toEqual([
    100_001,
    6,
    "aaaaab",
  ]);
  await read?.close();
  await sideFiles.remove("one");
  expect(await sideFiles.open("one")).toBeUndefined();
  await again.close();
});

test("a folder without side files has no names", async () => {
  mkdirSync(join(dir, "none"));
  expect(await new SideFolder(join(dir, "none"), true).names()).toEqual([]);
});
