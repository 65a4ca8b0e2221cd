import { execFileSync } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcdctlHere } from "../support/etcdctl-here.js";
import { etcdutlHere } from "../support/etcdutl-here.js";
import { findReference, haveReference } from "../support/reference.js";
import { checksums, type Stopped, stoppedMember } from "./stopped-member.js";

// Tests the commands about snapshots, with files and with data directories, and that they change neither.

const folder = mkdtempSync(join(tmpdir(), "etcdutl-"));
const [dataDir, file] = [join(folder, "data"), join(folder, "snapshot.db")];
let member: Stopped;

beforeAll(async () => {
  member = await stoppedMember(dataDir, file);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each([
  { what: "a snapshot", path: file },
  { what: "a data directory", path: dataDir },
])("of $what", ({ path }) => {
  test("hashkv prints the hash of the running member, in every format, and changes nothing", async () => {
    const before = checksums(path);
    const { hash, revision, compactRevision } = member;
    const printed = async (format: string) => (await etcdutlHere("hashkv", path, "-w", format)).stdout;
    expect(await printed("simple")).toBe(`${hash}, ${revision}, ${compactRevision}\n`);
    expect(JSON.parse(await printed("json"))).toEqual({ hash, hashRevision: revision, compactRevision });
    expect(await printed("fields")).toBe(
      `"Hash" : ${hash}\n"Hash revision" : ${revision}\n"Compact revision" : ${compactRevision}\n`,
    );
    expect(await printed("table")).toMatch(/│ +HASH +│ HASH REVISION │ COMPACT REVISION │/);
    expect(checksums(path)).toEqual(before);
  });

  test("hashkv --rev hashes up to a revision, and refuses those that are gone or to come", async () => {
    const { stdout } = await etcdutlHere("hashkv", path, "--rev", "15", "-w", "json");
    expect(JSON.parse(stdout)).toMatchObject({ hashRevision: 15, compactRevision: 10 });
    expect(JSON.parse(stdout).hash).not.toBe(member.hash);
    expect(await etcdutlHere("hashkv", path, "--rev", "9")).toMatchObject({
      stderr: "Error: mvcc: required revision has been compacted\n",
      code: 1,
    });
    expect(await etcdutlHere("hashkv", path, "--rev", "1000")).toMatchObject({
      stderr: "Error: mvcc: required revision is a future revision\n",
      code: 1,
    });
  });

  test("snapshot status counts the keys that exist", async () => {
    const { stdout } = await etcdutlHere("snapshot", "status", path, "-w", "json");
    expect(JSON.parse(stdout)).toMatchObject({ revision: member.revision, totalKey: member.keys });
    const fields = (await etcdutlHere("snapshot", "status", path, "-w", "fields")).stdout;
    expect(fields.split("\n").map((line) => line.split(" :")[0])).toEqual([
      ...['"Hash"', '"Revision"', '"Keys"', '"Size"', '"Version"'],
      "",
    ]);
  });
});

const ready = haveReference(["etcdctl", "3.5"]);

test.runIf(ready)(
  "snapshot status prints what the real etcdutl prints, apart from the keys and the version",
  async () => {
    const real = (findReference("etcdctl", "3.5") ?? "").replace(/etcdctl$/, "etcdutl");
    const theirs = JSON.parse(execFileSync(real, ["snapshot", "status", file, "-w", "json"], { encoding: "utf8" }));
    const ours = JSON.parse((await etcdutlHere("snapshot", "status", file, "-w", "json")).stdout);
    const { hash, revision, totalSize } = theirs;
    expect(ours).toMatchObject({ hash, revision, totalSize });
  },
);

test("what snapshot restore of etcdutl makes has the keys of the snapshot", async () => {
  const made = join(folder, "restored");
  const { code, stderr } = await etcdutlHere("snapshot", "restore", file, "--data-dir", made);
  expect({ code, deprecated: stderr.includes("Deprecated") }).toEqual({ code: 0, deprecated: false });
  expect((await etcdutlHere("hashkv", made)).stdout).toBe((await etcdutlHere("hashkv", file)).stdout);
});

test("a hint about memory maps is answered with a warning", async () => {
  const flags = ["--data-dir", join(folder, "mapped"), "--initial-memory-map-size", "1000000"];
  const { code, stderr } = await etcdutlHere("snapshot", "restore", file, ...flags);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: expect.stringContaining("warn\t--initial-memory-map-size has no effect"),
  });
});

test("defrag keeps all history", async () => {
  const copy = join(folder, "defragmented");
  await etcdutlHere("snapshot", "restore", file, "--data-dir", copy);
  expect(await etcdutlHere("defrag", "--data-dir", copy)).toMatchObject({ stdout: "", code: 0 });
  expect((await etcdutlHere("hashkv", copy)).stdout).toBe((await etcdutlHere("hashkv", file)).stdout);
});

describe("what is refused", () => {
  const absent = join(folder, "absent");
  const cut = join(folder, "cut.db");
  const text = join(folder, "text");
  beforeAll(() => {
    copyFileSync(file, cut);
    truncateSync(cut, 8192);
    writeFileSync(text, "no database");
  });

  test.each([
    { args: ["snapshot", "status"], code: 128, says: "Error: snapshot status requires exactly one argument\n" },
    { args: ["snapshot", "status", absent], code: 1, says: `Error: stat ${absent}: no such file or directory\n` },
    { args: ["snapshot", "status", absent, "-w", "xml"], code: 1, says: `Error: stat ${absent}: no such file` },
    { args: ["snapshot", "status", file, "-w", "xml"], code: 4, says: "Error: unsupported output format\n" },
    {
      args: ["snapshot", "status", file, "-w", "protobuf"],
      code: 4,
      says: "Error: protobuf not supported as output format\n",
    },
    { args: ["snapshot", "status", cut], code: 1, says: "Error: snapshot file integrity check failed. page" },
    { args: ["snapshot", "status", text], code: 1, says: "Error: snapshot file integrity check failed. page 0" },
    {
      args: ["snapshot", "status", folder],
      code: 1,
      says: `Error: ${folder} is neither a snapshot nor a data directory`,
    },
    { args: ["snapshot", "restore", file, "--mark-compacted"], code: 128, says: "Error: --mark-compacted required if" },
    { args: ["hashkv"], code: 1, says: "Error: accepts 1 arg(s), received 0\nUsage: etcdutl hashkv" },
    { args: ["hashkv", absent], code: 1, says: `Error: stat ${absent}: no such file or directory\n` },
    { args: ["defrag"], code: 1, says: 'Error: required flag(s) "data-dir" not set\nUsage: etcdutl defrag' },
    { args: ["defrag", "--data-dir", absent], code: 1, says: `Error: Failed to defragment etcd data[${absent}] (stat` },
    {
      args: ["nope"],
      code: 1,
      says: 'Error: unknown command "nope" for "etcdutl"\nRun \'etcdutl --help\' for usage.\nError:',
    },
    { args: ["hashkv", file, "--nope"], code: 1, says: "Error: unknown flag: --nope\nUsage: etcdutl hashkv" },
  ])("$args", async ({ args, code, says }) => {
    const outcome = await etcdutlHere(...args);
    expect(outcome).toMatchObject({ stdout: "", code });
    expect(outcome.stderr.startsWith(says), outcome.stderr).toBe(true);
  });

  test("a deprecated name in etcdctl does the same", async () => {
    const made = join(folder, "by-etcdctl");
    const { stderr, code } = await etcdctlHere("", ["snapshot", "restore", file, "--data-dir", made]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("Deprecated: Use `etcdutl snapshot") });
  });
});

test("version and completion name this program", async () => {
  expect((await etcdutlHere("version")).stdout).toMatch(/^etcdutl version: 3\.7\.\d+\nAPI version: 3\.7\n$/);
  const { stdout } = await etcdutlHere("completion", "bash");
  expect(stdout).toContain("complete -o default -F _etcdutl etcdutl etcdutl-ts");
  expect(execFileSync("bash", ["-n"], { input: stdout, encoding: "utf8" })).toBe("");
});
