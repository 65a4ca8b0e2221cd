import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcdutlHere } from "../support/etcdutl-here.js";
import { checksums, type Stopped, stoppedMember } from "./stopped-member.js";

// Tests what `etcdutl inspect` tells about directories of ours and of etcd, and that it changes nothing in them.

const folder = mkdtempSync(join(tmpdir(), "etcd-inspect-"));
const [ours, theirs] = [join(folder, "ours"), join(folder, "theirs")];
const started = Date.now();
let member: Stopped;

beforeAll(async () => {
  member = await stoppedMember(ours);
  await etcdutlHere("import", "--to-etcd", "--from", ours, "--data-dir", theirs);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Line = Readonly<Record<string, unknown>>;

async function lines(dir: string, ...flags: readonly string[]): Promise<readonly Line[]> {
  const { stdout, stderr, code } = await etcdutlHere("inspect", dir, "-w", "json", ...flags);
  expect({ stderr, code }).toEqual({ stderr: "", code: 0 });
  return stdout
    .trim()
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Line => JSON.parse(line));
}

describe.each([
  { kind: "etcd-ts", dir: ours },
  { kind: "etcd", dir: theirs },
])("a directory of $kind", ({ kind, dir }) => {
  test("the overview names the member, its log, its snapshots and its buckets", async () => {
    const before = checksums(dir);
    const found = await lines(dir);
    expect(checksums(dir)).toEqual(before);
    expect(found[0]).toMatchObject({
      type: "member",
      format: kind,
      memberId: expect.stringMatching(/^[0-9a-f]{15,16}$/),
    });
    expect(found.find(({ type }) => type === "database")).toMatchObject({ applied: expect.any(Number) });
    expect(found.filter(({ type }) => type === "bucket").map(({ bucket }) => bucket)).toEqual([
      ...["alarm", "auth", "authRoles", "authUsers", "cluster", "key", "lease", "members", "members_removed", "meta"],
    ]);
    const { stdout } = await etcdutlHere("inspect", dir);
    expect(stdout).toMatch(/^member [0-9a-f]+ of cluster [0-9a-f]+, in the format of .*\nhard state: term \d+/);
    expect(stdout).toMatch(/\nbucket lease: 1 row, \d+ bytes\n/);
  });

  test("a key's stored revisions are printed, without its values unless asked for", async () => {
    expect((await lines(dir, "--key", "k3")).at(-1)).toMatchObject({ type: "revision", key: "k3", deleted: true });
    const hidden = await etcdutlHere("inspect", dir, "--key", "leased/secret");
    expect(hidden.stdout).toBe(
      `${member.revision}.0 put, created at ${member.revision}, version 1, lease 4d, 10 bytes\n`,
    );
    const [shown] = await lines(dir, "--key", "leased/secret", "--show-values");
    expect(shown).toMatchObject({ valueBytes: 10, value: "top secret", lease: "4d", version: 1 });
  });

  test("sizes are counted by prefix, and add up", async () => {
    const sizes = await lines(dir, "--sizes");
    expect(sizes.find(({ prefix }) => prefix === "leased/")).toMatchObject({ revisions: 1, deletions: 0 });
    const all = (await lines(dir)).find(({ type, bucket }) => type === "bucket" && bucket === "key");
    expect(sizes.reduce((sum, { bytes }) => sum + Number(bytes), 0)).toBe(all?.bytes);
    const { stdout } = await etcdutlHere("inspect", dir, "--sizes", "--prefix", "leased/", "--depth", "2");
    expect(stdout).toMatch(/^"leased\/secret": \d+ bytes, 1 revisions, 0 of them deletions\n$/);
  });

  test("the rows of a bucket are printed", async () => {
    const meta = await lines(dir, "--bucket", "meta");
    expect(meta.find(({ key }) => key === "scheduledCompactRev")).toMatchObject({ value: "10.0" });
    expect((await lines(dir, "--bucket", "lease"))[0]).toMatchObject({ key: "4d", valueBytes: expect.any(Number) });
    const { stderr, code } = await etcdutlHere("inspect", dir, "--bucket", "nope");
    expect({ stderr, code }).toEqual({ code: 1, stderr: expect.stringMatching(/^Error: there is no bucket "nope"; /) });
  });
});

describe("the log", () => {
  test("has entries with their requests and times, and no values unless asked for", async () => {
    const entries = await lines(ours, "--log");
    const puts = entries.filter(({ kind }) => kind === "put");
    expect(puts).toHaveLength(21);
    expect(puts.at(-1)).toMatchObject({ request: { key: "leased/secret", valueBytes: 10, lease: "4d" } });
    for (const { time } of puts) {
      expect(Date.parse(String(time))).toBeGreaterThanOrEqual(started);
      expect(Date.parse(String(time))).toBeLessThanOrEqual(Date.now());
    }
    expect(entries.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["confChange", "empty", "compaction"]));
    expect((await etcdutlHere("inspect", ours, "--log")).stdout).not.toContain("top secret");
    const open = await lines(ours, "--log", "--show-values");
    expect(open.filter(({ kind }) => kind === "put").at(-1)).toMatchObject({ request: { value: "top secret" } });
  });

  test("is cut to a range of indexes or of times", async () => {
    const all = await lines(ours, "--log");
    const some = await lines(ours, "--log", "--from", "5", "--to", "7");
    expect(some.map(({ index }) => index)).toEqual([5, 6, 7]);
    const last = new Date(Date.parse(String(all.at(-1)?.time)) + 1).toISOString();
    expect(await lines(ours, "--log", "--since", last)).toEqual([]);
    expect(await lines(ours, "--log", "--until", last)).toHaveLength(all.length);
    // The first entries of a cluster have no time, so nothing says that they were made later.
    const early = await lines(ours, "--log", "--until", new Date(started - 60_000).toISOString());
    expect(early.map(({ kind }) => kind)).toEqual(["confChange", "empty"]);
  });
});

describe("what is refused", () => {
  test.each([
    { args: [], code: 1, says: "Error: accepts 1 arg(s), received 0" },
    { args: [folder], code: 1, says: `Error: ${folder} is no data directory: there is no ${folder}/member/wal` },
    {
      args: [ours, "--log", "--sizes"],
      code: 128,
      says: "Error: only one of --log, --key, --sizes, --bucket can be printed",
    },
    { args: [ours, "--log", "--since", "noon"], code: 128, says: "Error: --since is no time such as" },
    { args: [ours, "--sizes", "--separator", ""], code: 128, says: "Error: --separator is empty" },
    { args: [ours, "-w", "table"], code: 4, says: "Error: table not supported as output format" },
  ])("$args", async ({ args, code, says }) => {
    const outcome = await etcdutlHere("inspect", ...args);
    expect(outcome).toMatchObject({ stdout: "", code });
    expect(outcome.stderr.startsWith(says), outcome.stderr).toBe(true);
  });
});
