import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcdutlHere } from "../support/etcdutl-here.js";
import { checksums, stoppedMember } from "./stopped-member.js";

// Tests that a database is moved between the storage versions of 3.5, 3.6 and 3.7, with etcd's texts.

const folder = mkdtempSync(join(tmpdir(), "etcd-migrate-"));
const dataDir = join(folder, "data");
beforeAll(async () => {
  await stoppedMember(dataDir, undefined, { apiLevel: "3.5" });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const migrate = (target: string, ...flags: readonly string[]) =>
  etcdutlHere("migrate", "--data-dir", dataDir, "--target-version", target, ...flags);

async function version(): Promise<string> {
  return JSON.parse((await etcdutlHere("snapshot", "status", dataDir, "-w", "json")).stdout).version;
}

/** The log lines, without their times, and the error. */
function told(stderr: string): readonly string[] {
  return stderr
    .trim()
    .split("\n")
    .map((line) => line.replace(/^[^\t]*Z\t/, ""));
}

test("up and down, one minor version after the other", async () => {
  await migrate("3.7", "--force");
  expect(await version()).toBe("3.7.0");
  expect(told((await migrate("3.7")).stderr)).toEqual(['info\tstorage version up-to-date\t{"storage-version":"3.7"}']);
  const { code } = await migrate("3.5", "--force");
  expect({ code, version: await version() }).toEqual({ code: 0, version: "" });
  const up = await migrate("3.7");
  expect(up).toMatchObject({ stdout: "", code: 0 });
  expect(told(up.stderr)).toEqual([
    'info\tupdated storage version\t{"new-storage-version":"3.6.0"}',
    'info\tupdated storage version\t{"new-storage-version":"3.7.0"}',
  ]);
  expect(await version()).toBe("3.7.0");
});

test("not below the version that an entry of the log demands, unless it is forced", async () => {
  const apart = join(folder, "apart");
  await stoppedMember(apart, undefined, { apiLevel: "3.7" });
  const flags = ["--data-dir", apart, "--target-version", "3.5"];
  const { code, stderr } = await etcdutlHere("migrate", ...flags);
  const error =
    "cannot downgrade storage, WAL contains newer entries, as the target version (3.5.0) is lower than the version " +
    "(3.7.0) detected from WAL logs";
  expect({ code, told: told(stderr) }).toEqual({ code: 1, told: [`Error: ${error}`] });
  const forced = await etcdutlHere("migrate", ...flags, "--force");
  expect({ code: forced.code, told: told(forced.stderr) }).toEqual({
    code: 0,
    told: [
      `info\tnormal migrate failed, trying with force\t${JSON.stringify({ error })}`,
      "warn\tforcefully cleared storage version",
    ],
  });
});

describe("refuses and changes nothing", () => {
  test.each([
    { target: "x", code: 128, says: 'wrong target version format, expected "X.Y", got "x"' },
    { target: "3.6.0", code: 128, says: 'wrong target version format, expected "X.Y", got "3.6.0"' },
    { target: "3.x", code: 128, says: 'failed to parse target version: strconv.ParseInt: parsing "x": invalid syntax' },
    { target: "3.4", code: 128, says: 'target version "3.4" not supported. Minimal "3.5"' },
    { target: "3.8", code: 1, says: 'cannot create migration plan: version "3.8.0" is not supported' },
    { target: "4.0", code: 1, says: "cannot create migration plan: changing major storage version is not supported" },
  ])("target $target", async ({ target, code, says }) => {
    const before = [...(await statusOf())];
    expect(await migrate(target)).toMatchObject({
      stdout: "",
      code,
      stderr: expect.stringContaining(`Error: ${says}\n`),
    });
    expect(await statusOf()).toEqual(before);
  });

  test("without the flags that it needs", async () => {
    const { code, stderr } = await etcdutlHere("migrate");
    expect({ code, first: stderr.split("\n")[0] }).toEqual({
      code: 1,
      first: 'Error: required flag(s) "data-dir", "target-version" not set',
    });
  });

  async function statusOf(): Promise<readonly string[]> {
    const { stdout } = await etcdutlHere("snapshot", "status", dataDir, "-w", "json");
    return [stdout, ...[...checksums(dataDir)].map(String)];
  }
});
