import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLogger } from "../../src/base/index.js";
import { startEtcd } from "../../src/embed/index.js";
import { Wal } from "../../src/wal/index.js";
import { etcdutlHere } from "../support/etcdutl-here.js";
import { checksums, type Stopped, stoppedMember } from "./stopped-member.js";

// Tests that a member can be moved to etcd's format and back without a loss, and what is refused. In
// test/e2e/import.test.ts real etcd starts on such directories.

const folder = mkdtempSync(join(tmpdir(), "etcd-import-"));
const [ours, theirs, again] = [join(folder, "ours"), join(folder, "theirs"), join(folder, "again")];
let member: Stopped;

beforeAll(async () => {
  member = await stoppedMember(ours, undefined, { apiLevel: "3.5" });
  const { code, stderr } = await etcdutlHere("import", "--to-etcd", "--from", ours, "--data-dir", theirs);
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of the directory in etcd's format, to be spoiled. */
function copyOfTheirs(name: string): string {
  const copy = join(folder, name);
  cpSync(theirs, copy, { recursive: true });
  return copy;
}

function fileIn(dir: string, wanted: RegExp): string {
  return join(dir, readdirSync(dir).find((name) => wanted.test(name)) ?? "none");
}

test("a member that was moved to etcd's format and back has its ids, its history and its log", async () => {
  const before = [checksums(ours), checksums(theirs)];
  const { stdout, code } = await etcdutlHere("import", "--from", theirs, "--data-dir", again);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringMatching(/^Imported member [0-9a-f]+ of cluster [0-9a-f]+: applied \d+, log ends at \d+\n$/),
  });
  const [first, second] = [await logOf(ours), await logOf(again)];
  expect(second.metadata).toEqual(first.metadata);
  expect(second.hardState).toMatchObject({ term: first.hardState?.term, vote: first.hardState?.vote });
  expect(JSON.parse((await etcdutlHere("hashkv", again, "-w", "json")).stdout)).toEqual({
    ...{ hash: member.hash, hashRevision: member.revision, compactRevision: member.compactRevision },
  });
  expect([checksums(ours), checksums(theirs)]).toEqual(before);
  const etcd = await startEtcd({ dataDir: again, listen: false });
  try {
    const { kvs, header } = await etcd.client().range({ key: "leased/secret" });
    expect(header?.revision).toBe(member.revision);
    expect(kvs.map(({ value, lease }) => [Buffer.from(value).toString(), lease])).toEqual([["top secret", 77n]]);
  } finally {
    await etcd.stop();
  }
});

/** The contents of a copy of a log, since opening one changes its files. */
async function logOf(dataDir: string) {
  const copy = mkdtempSync(join(folder, "log-"));
  cpSync(join(dataDir, "member", "wal"), copy, { recursive: true });
  const opened = await Wal.open({ dir: copy, logger: silentLogger });
  await opened.wal.close();
  return opened;
}

test("a directory of etcd 3.7 needs no file of the snapshot, since its database says who the members are", async () => {
  const [newer, exported, imported] = ["newer", "newer-etcd", "newer-again"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await stoppedMember(newer, undefined, { apiLevel: "3.7" });
  const target = ["--target-version", "3.7"];
  const { stdout } = await etcdutlHere("import", "--to-etcd", ...target, "--from", newer, "--data-dir", exported);
  expect(stdout).toContain("Start it with etcd 3.7 or newer");
  rmSync(fileIn(join(exported, "member", "snap"), /\.snap$/));
  expect(await etcdutlHere("import", "--from", exported, "--data-dir", imported)).toMatchObject({ code: 0 });
  const rows = async (dir: string, bucket: string) => (await etcdutlHere("inspect", dir, "--bucket", bucket)).stdout;
  for (const bucket of ["members", "cluster"]) expect(await rows(imported, bucket)).toBe(await rows(newer, bucket));
  expect((await etcdutlHere("hashkv", imported)).stdout).toBe((await etcdutlHere("hashkv", newer)).stdout);
  const etcd = await startEtcd({ dataDir: imported, listen: false, apiLevel: "3.7" });
  await etcd.stop();
});

describe("import --to-etcd from a cluster of version 3.7", () => {
  const newer = join(folder, "lowered");
  beforeAll(async () => void (await stoppedMember(newer, undefined, { apiLevel: "3.7" })));
  const facts = async (dir: string) => {
    const rows = (await etcdutlHere("inspect", dir, "--bucket", "cluster")).stdout;
    const overview = (await etcdutlHere("inspect", dir)).stdout;
    return [/clusterVersion.*?(3\.\d\.0)/.exec(rows)?.[1], /storage version (.*)/.exec(overview)?.[1]];
  };

  test.each([
    { flags: [], release: "3.5", storage: "3.5 or older" },
    { flags: ["--target-version", "3.5"], release: "3.5", storage: "3.5 or older" },
    { flags: ["--target-version", "3.6"], release: "3.6", storage: "3.6.0" },
    { flags: ["--target-version", "3.7"], release: "3.7", storage: "3.7.0" },
  ])("$flags: a member that is alone in its cluster is made for etcd $release", async ({ flags, release, storage }) => {
    const to = join(folder, `for-${release}-${flags.length}`);
    const before = checksums(newer);
    const { stdout, code } = await etcdutlHere("import", "--to-etcd", ...flags, "--from", newer, "--data-dir", to);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining(`Start it with etcd ${release} or newer\n`),
    });
    expect(await facts(to)).toEqual([`${release}.0`, storage]);
    const database = join(to, "member", "snap", "db");
    expect((await etcdutlHere("hashkv", database)).stdout).toBe((await etcdutlHere("hashkv", newer)).stdout);
    expect(checksums(newer)).toEqual(before);
  });

  test("members of a larger cluster keep its version, unless a target says that all of them are moved", async () => {
    const several = join(folder, "several");
    await stoppedMember(several, undefined, { apiLevel: "3.7" }, async (client) => {
      await client.addMember({ peerUrls: ["http://127.0.0.1:1"], isLearner: true });
    });
    const say = async (name: string, ...flags: string[]) => {
      const target = ["--from", several, "--data-dir", join(folder, name)];
      return (await etcdutlHere("import", "--to-etcd", ...flags, ...target)).stdout;
    };
    expect(await say("kept")).toContain("Start it with etcd 3.7 or newer\n");
    expect(await say("all", "--target-version", "3.5")).toContain(
      "Start it with etcd 3.5 or newer, when all 2 members are exported with this target version\n",
    );
  });

  test.each([
    {
      flags: ["--to-etcd", "--target-version", "3.8"],
      code: 1,
      says: "Error: the version of the cluster is 3.7, and etcd 3.8 starts on it: leave the target version out\n",
    },
    {
      flags: ["--to-etcd", "--target-version", "3.4"],
      code: 128,
      says: 'Error: target version "3.4" not supported. Minimal "3.5"\n',
    },
    { flags: ["--target-version", "3.5"], code: 128, says: "Error: --target-version is only for --to-etcd\n" },
  ])("$flags is refused", async ({ flags, code, says }) => {
    const to = join(folder, "refused");
    const outcome = await etcdutlHere("import", ...flags, "--from", newer, "--data-dir", to);
    expect({ code: outcome.code, says: outcome.stderr.split("\n").slice(-2).join("\n") }).toEqual({ code, says });
    expect(() => readdirSync(to)).toThrow("ENOENT");
  });
});

test("a raft log at another place is read and written there", async () => {
  const dir = join(folder, "apart");
  const places = ["--data-dir", join(dir, "data"), "--wal-dir", join(dir, "wal")];
  mkdirSync(dir);
  expect(await etcdutlHere("import", "--to-etcd", "--from", ours, ...places)).toMatchObject({ code: 0 });
  expect(readdirSync(join(dir, "wal"))).toEqual(["0000000000000000-0000000000000000.wal"]);
  const back = ["--from", join(dir, "data"), "--from-wal-dir", join(dir, "wal"), "--data-dir", join(dir, "back")];
  expect(await etcdutlHere("import", ...back)).toMatchObject({ code: 0 });
  expect((await etcdutlHere("hashkv", join(dir, "back"))).stdout).toBe((await etcdutlHere("hashkv", ours)).stdout);
});

describe("the end of etcd's log", () => {
  test("that was torn is left out", async () => {
    const copy = copyOfTheirs("torn");
    const segment = fileIn(join(copy, "member", "wal"), /\.wal$/);
    // A frame that announces a long record, of which nothing has come.
    const frame = Buffer.alloc(16);
    frame.writeUInt32LE(100_000, 0);
    writeFileSync(segment, Buffer.concat([readFileSync(segment), frame]));
    const { code, stderr } = await etcdutlHere("import", "--from", copy, "--data-dir", join(folder, "from-torn"));
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("left out an incomplete write") });
  });

  test("that is lost although it was committed is refused", async () => {
    const copy = copyOfTheirs("lost");
    const segment = fileIn(join(copy, "member", "wal"), /\.wal$/);
    // Only the head of the log is left, with no entry and without the snapshot.
    truncateSync(segment, 64);
    const { code, stderr } = await etcdutlHere("import", "--from", copy, "--data-dir", join(folder, "from-lost"));
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("acknowledged writes are lost. Remove this member"),
    });
  });
});

describe("nothing is made when", () => {
  test.each([
    {
      name: "the new directory is not empty",
      spoil: () => theirs,
      into: () => ours,
      says: /data-dir ".*" not empty or could not be read/,
    },
    {
      name: "the source is no directory of etcd",
      spoil: () => ours,
      says: /is no data directory of etcd: there is no .*\/member\/snap\/db/,
    },
    {
      name: "the log is damaged",
      spoil: () => {
        const copy = copyOfTheirs("damaged");
        const segment = fileIn(join(copy, "member", "wal"), /\.wal$/);
        const bytes = readFileSync(segment);
        bytes.writeUInt8((bytes[40] ?? 0) ^ 1, 40);
        writeFileSync(segment, bytes);
        return copy;
      },
      says: /the raft log is damaged: .* cannot be read at byte \d+/,
    },
    {
      name: "the snapshot's file is damaged",
      spoil: () => {
        const copy = copyOfTheirs("no-snap");
        rmSync(fileIn(join(copy, "member", "snap"), /\.snap$/));
        return copy;
      },
      says: /no file in .* belongs to a snapshot that the raft log mentions/,
    },
    {
      name: "the database is damaged",
      spoil: () => {
        const copy = copyOfTheirs("no-db");
        truncateSync(join(copy, "member", "snap", "db"), 12_288);
        return copy;
      },
      says: /the file is cut/,
    },
  ])("$name", async ({ name, spoil, into, says }) => {
    const target = into?.() ?? join(folder, name.replaceAll(/[^a-z]/g, "-"));
    const { code, stderr } = await etcdutlHere("import", "--from", spoil(), "--data-dir", target);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(says) });
    if (into === undefined) expect(() => readdirSync(target)).toThrow("ENOENT");
  });

  test("a member of ours runs, whose files stay as they are", async () => {
    const dataDir = join(folder, "running");
    const etcd = await startEtcd({ dataDir, listen: false });
    try {
      const flags = ["--from", dataDir, "--data-dir", join(folder, "of-running"), "--timeout", "1ms"];
      const { code, stderr } = await etcdutlHere("import", "--to-etcd", ...flags);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/another process is using .*LOCK/) });
      expect(await etcdutlHere("hashkv", dataDir, "--timeout", "1ms")).toMatchObject({ code: 1 });
      expect(await etcdutlHere("defrag", "--data-dir", dataDir, "--timeout", "1ms")).toMatchObject({ code: 1 });
    } finally {
      await etcd.stop();
    }
  });
});
