import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DirectorySize } from "../../src/backend/directory-size.js";

const dir = mkdtempSync(join(tmpdir(), "directory-size-"));
afterAll(() => rmSync(dir, { recursive: true }));

function write(name: string, bytes: number, atSeconds: number): void {
  writeFileSync(join(dir, name), Buffer.alloc(bytes));
  utimesSync(join(dir, name), atSeconds, atSeconds);
}

test("the size of a complete table is remembered, and that of all other files is asked", async () => {
  const size = new DirectorySize(dir);
  write("000005.ldb", 1000, 100);
  write("000007.ldb", 200, 195);
  write("000008.log", 30, 200);
  write("MANIFEST-000002", 4, 100);
  expect(await size.bytes()).toBe(1234);

  // A file that changed a while ago is only asked again if it is no table.
  write("000005.ldb", 1, 100);
  write("000007.ldb", 300, 201);
  write("000008.log", 40, 202);
  write("MANIFEST-000002", 5, 100);
  expect(await size.bytes()).toBe(1345);

  // A table that was removed and one of the same name are two files.
  rmSync(join(dir, "000005.ldb"));
  expect(await size.bytes()).toBe(345);
  write("000005.ldb", 2, 203);
  expect(await size.bytes()).toBe(347);
});
