import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");
/** The log of the member is part of the output. */
const outputBytesMax = 64 * 1024 * 1024;

test("a member in little memory refuses when it is full, loses nothing, and takes as much again once emptied", {
  timeout: 600_000,
}, async () => {
  const bounds = ["--heap", "80", "--key-bytes", "1000", "--quota", String(16 * 2 ** 20)];
  const { stdout } = await promisify(execFile)(process.execPath, ["test/bench/full-member.mjs", ...bounds], {
    cwd: root,
    maxBuffer: outputBytesMax,
  });
  for (const what of ["keys", "values"]) {
    for (const time of ["first", "second"]) {
      expect(stdout).toMatch(new RegExp(`^${what}, the ${time} time: [1-9]\\d+ were taken in`, "m"));
    }
  }
  expect(stdout).toMatch(/^passed$/m);
});
