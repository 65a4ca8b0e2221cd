import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { etcdctl, type Outcome } from "../support/etcdctl.js";
import { etcdctlHere } from "../support/etcdctl-here.js";
import { haveReference } from "../support/reference.js";
import { oursAnswerAs, type ServerKind, ServerProcess } from "../support/server-process.js";
import { until } from "../support/until.js";
import { Members } from "./members.js";

oursAnswerAs("3.5");

// Tests that a data directory can be made from a snapshot file, with the same keys in a new cluster, and that invalid
// restores are refused with etcd's text.

const haveEtcd = haveReference(["etcd", "3.5"], ["etcdctl", "3.5"]);
const kinds: readonly ServerKind[] = haveEtcd ? ["ours", "etcd 3.5"] : ["ours"];
const folder = mkdtempSync(join(tmpdir(), "etcd-restore-"));
/** Flags that match those of a new ServerProcess. */
const founded = [
  ...["--initial-cluster", "default=http://127.0.0.1:2380"],
  ...["--initial-advertise-peer-urls", "http://127.0.0.1:2380"],
];

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A snapshot of a member of that kind, and the member's data. */
async function snapshotOf(kind: ServerKind): Promise<{ file: string; held: readonly string[] }> {
  const server = await ServerProcess.start({ kind });
  try {
    for (const line of [
      "put a 1",
      "put b 2",
      "put a 3",
      "del b",
      "lease grant 3600",
      "put c/d 4",
      "user add alice:x",
    ]) {
      const { code } = await etcdctlHere(server.endpoint, line.split(" "));
      if (code !== 0) throw new Error(`${line}: ${code}`);
    }
    const lease = (await etcdctlHere(server.endpoint, ["lease", "list"])).stdout.split("\n")[1] ?? "";
    await etcdctlHere(server.endpoint, ["put", "leased", "5", "--lease", lease]);
    const file = join(folder, `${kind}.db`);
    expect(await etcdctlHere(server.endpoint, ["snapshot", "save", file])).toMatchObject({ code: 0 });
    return { file, held: await heldBy(server.endpoint) };
  } finally {
    await server.stop();
  }
}

/** The outputs of etcdctl 3.5, which do not show what only newer members tell. */
const like35 = { env: { ETCDCTL_COMPAT: "3.5" } };

/** The data of a member: all keys with revisions, the hash of the whole history, leases and users. */
async function heldBy(endpoint: string): Promise<readonly string[]> {
  const lines = ["get --from-key \0 -w fields", "endpoint hashkv", "lease list", "user list"];
  const outcomes = [];
  for (const line of lines) outcomes.push(await etcdctlHere(endpoint, line.split(" "), like35));
  return outcomes.map(({ stdout, stderr }) =>
    (stdout + stderr).replaceAll(endpoint, "ENDPOINT").replace(/"(ClusterID|MemberID|RaftTerm)" : \d+\n/g, ""),
  );
}

/**
 * The answers of a member whose revision was raised: later writes continue from it, and older watches are cancelled.
 */
async function toldAfterBump(endpoint: string): Promise<readonly string[]> {
  const told = [...(await heldBy(endpoint))];
  for (const line of ["get a --rev 5", "put a new -w fields", "get a -w fields", "watch a --rev 5"]) {
    const { stdout, stderr } = await etcdctl("3.5", endpoint, line.split(" "));
    told.push(stdout, withoutLogs(stderr));
  }
  const revision = Number(/"ModRevision" : (\d+)/.exec(told.join())?.[1]) + 1_000;
  const since = ["watch", "--prefix", "", "--rev", String(revision)];
  told.push((await etcdctl("3.5", endpoint, since, { until: (stdout) => stdout.includes("new") })).stdout);
  return told.map((text) => text.replace(/"(ClusterID|MemberID|RaftTerm)" : \d+\n/g, "").replaceAll(endpoint, ""));
}

function restore(...args: readonly string[]): Promise<Outcome> {
  return etcdctlHere("", ["snapshot", "restore", ...args], like35);
}

describe.each(kinds)("a snapshot of %s", (kind) => {
  let source: Awaited<ReturnType<typeof snapshotOf>>;

  beforeAll(async () => {
    source = await snapshotOf(kind);
  });

  test("can be restored and served with all keys, leases and hashes", async () => {
    const dataDir = mkdtempSync(join(folder, "one-"));
    const outcome = await restore(source.file, "--data-dir", join(dataDir, "data"), ...founded);
    expect(outcome).toMatchObject({ code: 0, stdout: "" });
    expect(outcome.stderr).toMatch(/\tinfo\tadded member\t\{.*"added-peer-peer-urls":\["http/);
    expect(outcome.stderr).toContain("restored snapshot");
    const server = await ServerProcess.start({ kind: "ours", dataDir });
    try {
      expect(await heldBy(server.endpoint)).toEqual(source.held);
      // The member can write, and keeps the write after it was killed.
      await etcdctlHere(server.endpoint, ["put", "after", "1"]);
      const held = await heldBy(server.endpoint);
      await server.kill("SIGKILL");
      const again = await ServerProcess.start({ kind: "ours", dataDir });
      expect(await heldBy(again.endpoint)).toEqual(held);
      await again.stop();
    } finally {
      await server.stop();
    }
  });

  test("can be restored three times to a cluster of three", async () => {
    const members = await Members.planned("ours", "ours", "ours");
    try {
      const initial = ["--initial-cluster", members.initialCluster(), "--initial-cluster-token", "another"];
      for (const { name, peerUrl, dataDir } of members.all) {
        const own = ["--name", name, "--data-dir", dataDir, "--initial-advertise-peer-urls", peerUrl];
        expect(await restore(source.file, ...own, ...initial)).toMatchObject({ code: 0 });
      }
      await Promise.all(members.all.map((member) => member.start(...initial)));
      const [first] = members.all;
      for (const { endpoint } of members.all) expect(await heldBy(endpoint)).toEqual(source.held);
      expect(await etcdctlHere(first?.endpoint ?? "", ["put", "to", "all"])).toMatchObject({ code: 0 });
      await until(async () => {
        const all: (readonly string[])[] = [];
        for (const { endpoint } of members.all) all.push(await heldBy(endpoint));
        return all.every(([keys, hash]) => keys?.includes('"to"') === true && hash === all[0]?.[1]);
      });
    } finally {
      await members.stop();
    }
  });

  test.skipIf(!haveEtcd)("restored with a raised revision, gives the same answers as with real etcd", async () => {
    const bump = [source.file, "--bump-revision", "1000", "--mark-compacted", ...founded];
    const [ours, theirs] = [mkdtempSync(join(folder, "bump-")), mkdtempSync(join(folder, "bump-"))];
    expect(await restore(...bump, "--data-dir", join(ours, "data"))).toMatchObject({ code: 0 });
    const real = await etcdctl("3.5", "", ["snapshot", "restore", ...bump, "--data-dir", join(theirs, "data")]);
    expect(real).toMatchObject({ code: 0 });
    const [one, other] = await Promise.all([
      ServerProcess.start({ kind: "ours", dataDir: ours }),
      ServerProcess.start({ kind: "etcd 3.5", dataDir: theirs }),
    ]);
    try {
      expect(await toldAfterBump(one.endpoint)).toEqual(await toldAfterBump(other.endpoint));
    } finally {
      await Promise.all([one.stop(), other.stop()]);
    }
  });
});

describe("restore", () => {
  const [file, flipped, cut] = [join(folder, "whole"), join(folder, "flipped"), join(folder, "cut")];
  const [bare, small] = [join(folder, "bare"), join(folder, "small")];
  const dir = mkdtempSync(join(folder, "refused-"));
  const full = mkdtempSync(join(folder, "full-"));
  const into = ["--data-dir", join(dir, "data")];

  beforeAll(async () => {
    const { file: made } = await snapshotOf("ours");
    const bytes = readFileSync(made);
    copyFileSync(made, file);
    const damaged = Buffer.from(bytes);
    damaged.writeUInt8((damaged[9_000] ?? 0) ^ 0xff, 9_000);
    writeFileSync(flipped, damaged);
    writeFileSync(cut, bytes.subarray(0, 8_000));
    writeFileSync(bare, bytes.subarray(0, -32));
    writeFileSync(small, "short");
    mkdirSync(join(full, "wal"));
    writeFileSync(join(full, "something"), "");
  });

  const refused: readonly { readonly name: string; readonly args: readonly string[]; readonly says?: string }[] = [
    { name: "no file", args: [] },
    { name: "two files", args: [file, file] },
    { name: "a file that is not there", args: [join(folder, "missing"), ...into] },
    { name: "a wrong digest", args: [flipped, ...into] },
    { name: "a cut file", args: [cut, ...into] },
    { name: "a file without digest", args: [bare, ...into] },
    { name: "a directory that is not empty", args: [file, "--data-dir", full] },
    { name: "a log directory that exists", args: [file, ...into, "--wal-dir", join(full, "wal")] },
    { name: "a name that is not in the cluster", args: [file, ...into, "--name", "x"] },
    { name: "an empty cluster", args: [file, ...into, "--initial-cluster="] },
    {
      name: "another URL in the cluster",
      args: [file, ...into, ...founded, "--initial-cluster", "default=http://127.0.0.1:1"],
    },
    {
      name: "two members with the same URL",
      args: [file, ...into, "--initial-cluster", "default=http://localhost:2380,b=http://localhost:2380"],
    },
    { name: "a URL with a path", args: [file, ...into, "--initial-advertise-peer-urls", "http://a:1/b"] },
    { name: "a URL without port", args: [file, ...into, "--initial-advertise-peer-urls", "http://a"] },
    { name: "a URL of another kind", args: [file, ...into, "--initial-cluster", "default=ftp://a:1"] },
    { name: "a bump without a mark", args: [file, ...into, "--bump-revision", "5"] },
    { name: "a mark without a bump", args: [file, ...into, "--mark-compacted"] },
    { name: "an invalid bump", args: [file, ...into, "--bump-revision", "-5"] },
  ];

  test.skipIf(!haveEtcd).each(refused)("refuses $name, as etcd does", async ({ args }) => {
    const theirs = await etcdctl("3.5", "", ["snapshot", "restore", ...args]);
    rmSync(join(dir, "data"), { recursive: true, force: true });
    const ours = await restore(...args);
    expect({ ...ours, stdout: "", stderr: withoutLogs(ours.stderr) }).toEqual({
      ...theirs,
      stdout: "",
      stderr: withoutLogs(theirs.stderr),
    });
    expect(ours.code).not.toBe(0);
    expect(existsSync(join(dir, "data"))).toBe(false);
    expect(readdirSync(full)).toEqual(["something", "wal"]);
  });

  test("refuses damaged pages also without a check of the digest, and leaves no files", async () => {
    for (const damaged of [cut, small, flipped]) {
      const { code, stderr } = await restore(damaged, ...into, "--skip-hash-check");
      if (code === 0) rmSync(join(dir, "data"), { recursive: true });
      else expect(withoutLogs(stderr)).toMatch(/Error: .*(page|meta|file)/);
      expect(existsSync(join(dir, "data"))).toBe(false);
    }
  });

  test("accepts only etcd's default for the size of the memory map", async () => {
    const { code, stderr } = await restore(file, ...into, "--initial-memory-map-size", "1073741824");
    expect({ code, stderr: withoutLogs(stderr) }).toMatchObject({
      code: 128,
      stderr: expect.stringMatching(/not mapped here/),
    });
    expect(existsSync(join(dir, "data"))).toBe(false);
    expect(await restore(file, ...into, "--initial-memory-map-size", "0")).toMatchObject({ code: 0 });
    rmSync(join(dir, "data"), { recursive: true });
  });

  test("accepts the database file of a stopped etcd with --skip-hash-check, and a separate log directory", async () => {
    const wal = join(dir, "wal");
    expect(await restore(bare, ...into, "--skip-hash-check", "--wal-dir", wal)).toMatchObject({ code: 0 });
    expect(existsSync(join(wal, "CURRENT"))).toBe(true);
    expect(existsSync(join(dir, "data", "member", "wal"))).toBe(false);
    rmSync(join(dir, "data"), { recursive: true });
  });
});

/** Removes the log lines of both tools, and help texts. */
function withoutLogs(text: string): string {
  return text.replace(/^(\d{4}-\d\d-\d\dT|\{"level).*\n/gm, "");
}
