import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ApiLevel, apiLevels } from "../../src/base/index.js";
import { surroundWith } from "../../src/cli/surroundings.js";
import type { Answer } from "../../src/ctl/print/answer.js";
import { printAnswer } from "../../src/ctl/print/printer.js";
import { type Etcd, startEtcd } from "../../src/embed/index.js";
import { HashKVResponse, Member, StatusResponse } from "../../src/wire/index.js";
import { words } from "../support/etcdctl.js";
import { etcdctlHere } from "../support/etcdctl-here.js";

// Tests where the outputs of etcdctl differ between releases. Without ETCDCTL_COMPAT they are those of 3.7.

const header = { clusterId: 0xabcn, memberId: 0x1fn, revision: 0, raftTerm: 2 };
const status = StatusResponse.create({
  header: { ...header, revision: 7 },
  version: "3.7.1",
  dbSize: 20_480,
  dbSizeInUse: 5_120,
  leader: 0x1fn,
  raftIndex: 9,
  raftTerm: 2,
  raftAppliedIndex: 9,
  storageVersion: "3.7.0",
  dbSizeQuota: 2_147_483_648,
  downgradeInfo: { enabled: true, targetVersion: "3.6.0" },
});
const hash = HashKVResponse.create({ header, hash: 5, compactRevision: -1, hashRevision: 7 });
const learner = Member.create({ id: 0x2fn, name: "m", peerUrls: ["http://p"], clientUrls: [], isLearner: true });
const [statuses, hashes, members, added, root, granted]: readonly Answer[] = [
  { kind: "status", list: [{ endpoint: "e:1", response: status }] },
  { kind: "hashes", list: [{ endpoint: "e:1", response: hash }] },
  { kind: "members", response: { header, members: [learner] } },
  { kind: "memberAdd", response: { header, member: learner, members: [learner] } },
  { kind: "role", role: "root", response: { header, perm: [] } },
  { kind: "grant", response: { header, id: 0x1an, ttl: 5, error: "" } },
] as [Answer, Answer, Answer, Answer, Answer, Answer];

/** The output of a release. */
async function printed(answer: Answer | undefined, format: string, release: ApiLevel, hex = false): Promise<string> {
  let text = "";
  const stream = { write: (bytes: Uint8Array | string) => (text += Buffer.from(bytes).toString()) };
  surroundWith({ stdin: process.stdin, stdout: stream, stderr: stream, env: {} });
  if (answer !== undefined) await printAnswer(answer, format, { release, hex, valueOnly: false });
  return text;
}

describe("endpoint status", () => {
  const old = "e:1, 1f, 3.7.1, 20 kB, true, false, 2, 9, 9, \n";
  const since36 = "e:1, 1f, 3.7.1, 3.7.0, 20 kB, 5.1 kB, 75%, 2.1 GB, true, false, 2, 9, 9, , 3.6.0, true\n";
  test.each([
    ["3.5", old],
    ["3.6", since36],
    ["3.7", since36],
  ] as const)("in the columns of %s", async (release, wanted) => {
    expect(await printed(statuses, "simple", release)).toBe(wanted);
    const table = await printed(statuses, "table", release);
    expect(table.includes("│ PERCENTAGE NOT IN USE │")).toBe(release !== "3.5");
    expect(table.includes("│ DOWNGRADE ENABLED │")).toBe(release !== "3.5");
  });

  test.each(apiLevels)("in the fields of %s", async (release) => {
    const lines = (await printed(statuses, "fields", release)).split("\n");
    const names = lines.map((line) => line.split(" : ")[0]?.replaceAll('"', ""));
    const common = ["ClusterID", "MemberID", "Revision", "RaftTerm", "Version"];
    const state = ["Leader", "IsLearner", "RaftIndex"];
    expect(names).toEqual(
      release === "3.5"
        ? [...common, "DBSize", ...state, "RaftTerm", "RaftAppliedIndex", "Errors", "Endpoint", "", ""]
        : [
            ...[...common, "StorageVersion", "DBSize", "DBSizeInUse", "DBSizeQuota", ...state, "RaftAppliedIndex"],
            ...["Errors", "Endpoint", "DowngradeTargetVersion", "DowngradeEnabled", "", ""],
          ],
    );
  });

  test.each(apiLevels)("in the JSON of %s", async (release) => {
    const since36 = ',"storageVersion":"3.7.0","dbSizeQuota":2147483648,"downgradeInfo":{"enabled":true,';
    expect((await printed(statuses, "json", release)).includes(since36)).toBe(release !== "3.5");
  });
});

test.each(apiLevels)("endpoint hashkv of %s", async (release) => {
  const since36 = release !== "3.5";
  expect(await printed(hashes, "simple", release)).toBe(since36 ? "e:1, 5, 7\n" : "e:1, 5\n");
  expect((await printed(hashes, "fields", release)).includes('"HashRevision" : 7')).toBe(since36);
  expect((await printed(hashes, "json", release)).includes('"hash_revision":7')).toBe(since36);
  expect((await printed(hashes, "table", release)).includes("HASH REVISION")).toBe(since36);
});

test.each(apiLevels)("members of %s", async (release) => {
  const since36 = release !== "3.5";
  expect((await printed(members, "fields", release)).includes('"Revision" : 0')).toBe(!since36);
  expect(await printed(members, "json", release, true)).toBe(
    since36
      ? '{"header":{"cluster_id":"abc","member_id":"1f","raft_term":2},' +
          '"members":[{"ID":"2f","name":"m","peerURLs":["http://p"],"isLearner":true}]}\n'
      : '{"header":{"cluster_id":"abc","member_id":"1f","raft_term":2},' +
          '"members":[{"ID":"2f","name":"m","peerURLs":["http://p"],"clientURLS":null}]}\n',
  );
  const as = since36 ? " as learner" : "";
  expect(await printed(added, "simple", release)).toBe(
    `Member               2f added${as} to cluster              abc\n`,
  );
  expect((await printed(added, "json", release, true)).includes('"member":{"ID":"2f"')).toBe(since36);
});

test.each(apiLevels)("ids in the fields of %s with --hex", async (release) => {
  const lines = await printed(granted, "fields", release, true);
  if (release === "3.5") expect(lines).toContain('"ClusterID" : 2748\n"MemberID" : 31\n"Revision" : 0\n');
  else expect(lines).toContain('"ClusterID" : abc\n"MemberID" : 1f\n"RaftTerm" : 2\n"ID" : 000000000000001a\n');
});

test.each(apiLevels)("the permissions of root of %s", async (release) => {
  const everything = "KV Read:\n\t[, <open ended>\nKV Write:\n\t[, <open ended>\n";
  expect((await printed(root, "simple", release)).endsWith(everything)).toBe(release !== "3.5");
});

describe("command lines", () => {
  let etcd: Etcd;
  const folder = mkdtempSync(join(tmpdir(), "etcdctl-"));
  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(async () => {
    await etcd.stop();
    rmSync(folder, { recursive: true });
  });

  async function run(line: string, release?: ApiLevel, env: Readonly<Record<string, string>> = {}) {
    const compat = release === undefined ? {} : { ETCDCTL_COMPAT: release };
    return await etcdctlHere(etcd.endpoints[0] ?? "", words(line), { env: { ...compat, ...env } });
  }

  test("a wrong one is refused as by each release", async () => {
    const [old, middle, newest] = [await run("get -x", "3.5"), await run("get -x", "3.6"), await run("get -x")];
    const error = "Error: unknown shorthand flag: 'x' in -x\n";
    expect([old.stderr, middle.stderr]).toEqual([`${error}\n${error}`, `${error}\n`]);
    expect(middle.stdout).toContain("Usage:");
    expect([newest.stdout, newest.code]).toEqual(["", 1]);
    expect(newest.stderr.startsWith(error)).toBe(true);
    expect(newest.stderr).toContain("Usage:");
    expect((await run("nonsense")).stderr).toContain('unknown command "nonsense" for "etcdctl"');
  });

  test("ETCDCTL_COMPAT names a release", async () => {
    const { stderr, code } = await run("get a", undefined, { ETCDCTL_COMPAT: "3.8" });
    expect([stderr, code]).toEqual(['Error: ETCDCTL_COMPAT is "3.8": expected one of 3.5, 3.6, 3.7\n', 128]);
    expect((await run("version", "3.5")).stdout).toContain("API version: 3.5\n");
    expect((await run("version")).stdout).toContain("API version: 3.7\n");
  });

  test("ETCDCTL_API is unknown to releases from 3.6 on", async () => {
    for (const release of apiLevels) {
      const { stderr } = await run("get a", release, { ETCDCTL_API: "3" });
      expect(stderr.includes('"msg":"unrecognized environment variable"')).toBe(release !== "3.5");
    }
  });

  test("del of a range without --range warns, and waits since 3.6", async () => {
    await run("put k1 v");
    expect((await run("del k1 k2", "3.5")).stderr).toContain("In etcd v3.6");
    const startedAt = performance.now();
    const { stdout, stderr } = await run("del k1 k2");
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(1_900);
    expect([stdout, stderr]).toEqual([
      "0\n",
      'Warning: Keys between "k1" and "k2" will be deleted. Please interrupt the command within next 2 seconds to ' +
        "cancel. You can provide `--range` flag to avoid the delay.\n",
    ]);
  });

  test("snapshot save says what it needs", async () => {
    expect((await run("snapshot save", "3.5")).stderr).toBe("Error: snapshot save expects one argument\n");
    expect((await run("snapshot save")).stderr).toBe("Error: snapshot save expects one argument <filename>\n");
    const { stdout } = await run(`snapshot save ${join(folder, "saved.db")}`);
    expect(stdout).toMatch(/^Snapshot saved at \S+\n(Server version 3\.\d\.0\n)?$/);
  });

  test("defrag says how long it took since 3.6", async () => {
    const [endpoint] = etcd.endpoints;
    expect((await run("defrag", "3.5")).stdout).toBe(`Finished defragmenting etcd member[${endpoint}]\n`);
    expect((await run("defrag")).stdout).toMatch(
      /^Finished defragmenting etcd member\[\S+\]\. took [0-9.]+(µs|ms|s)\n$/,
    );
  });

  test("get has bounds of revisions, and reads in chunks", async () => {
    for (let at = 0; at < 30; at++) await run(`put many/${String(at).padStart(2, "0")} ${at}`);
    const { stdout } = await run("get --prefix many/ --keys-only --order ASCEND");
    const all = stdout.split("\n").filter((line) => line !== "");
    const revisionOf = async (key: string) =>
      Number(/"ModRevision" : (\d+)/.exec((await run(`get ${key} -w fields`)).stdout)?.[1]);
    const [low, high] = [await revisionOf("many/10"), await revisionOf("many/12")];
    const some = await run(`get --prefix many/ --min-mod-rev ${low} --max-mod-rev ${high} --print-value-only`);
    expect(some.stdout).toBe("10\n11\n12\n");
    const created = await run(
      `get --prefix many/ --min-create-rev ${high} --max-create-rev ${high} --print-value-only`,
    );
    expect(created.stdout).toBe("12\n");
    for (const kind of ["Mod", "Create"]) {
      const { stderr, code } = await run(`get a --min-${kind.toLowerCase()}-rev 5 --max-${kind.toLowerCase()}-rev 4`);
      expect([stderr, code]).toEqual([`Error: getMin${kind}Rev(=5) > getMax${kind}Rev(=4)\n`, 4]);
    }
    for (const format of ["simple", "json", "fields", "protobuf"]) {
      const [whole, streamed] = [
        await run(`get --prefix many/ -w ${format}`),
        await run(`get --prefix many/ --stream -w ${format}`),
      ];
      expect(streamed).toEqual(whole);
    }
    expect(all.length).toBe(30);
    const counted = await run("get --prefix many/ --stream --count-only");
    expect([counted.stderr, counted.code]).toEqual(["Error: --count-only is only for `--write-out=fields`\n", 128]);
    const sorted = await run("get --prefix many/ --stream --order DESCEND");
    expect(sorted.stderr).toContain("RangeStream does not support custom sort orders");
  });

  test("member list has a consistency", async () => {
    expect((await run("member list --consistency s")).stdout).toBe((await run("member list")).stdout);
    const { stderr, code } = await run("member list --consistency x");
    expect([stderr, code]).toEqual(['Error: unknown consistency flag "x"\n', 4]);
  });

  test("bounds of messages, and a token instead of a login", async () => {
    const long = "x".repeat(1_000);
    expect((await run(`put a ${long} --max-request-bytes 100`)).stderr).toContain("trying to send message larger");
    await run(`put a ${"y".repeat(40_000)}`);
    expect((await run("get a --max-recv-bytes 100")).stderr).toContain("received message larger than max");
    expect((await run("get b --auth-jwt-token abc --user nobody:x")).code).toBe(0);
  });

  test("downgrade needs a version, and prints the answer in some formats", async () => {
    expect(await run("downgrade validate")).toMatchObject({
      stderr: "Error: TARGET_VERSION not provided\n",
      code: 128,
    });
    expect(await run("downgrade enable 3.4 3.5")).toMatchObject({ stderr: "Error: too many arguments\n", code: 128 });
    expect((await run("downgrade validate x")).stderr).toContain("wrong downgrade target version format");
    const answer = { kind: "downgrade", action: "enable", response: { header, version: "3.7" } } as const;
    expect(await printed(answer, "simple", "3.7")).toBe("Downgrade enable success, cluster version 3.7\n");
    expect(await printed(answer, "json", "3.7")).toContain('},"version":"3.7"}');
    for (const format of ["fields", "table"]) {
      await expect(printed(answer, format, "3.7")).rejects.toThrow(`${format} not supported as output format`);
    }
  });

  test("options prints the flags of all commands", async () => {
    const { stdout } = await run("options");
    expect(stdout).toContain("The following options can be passed to any command:\n\n");
    expect(stdout).toMatch(/ {6}--endpoints strings +addresses of members.* \(default \[127\.0\.0\.1:2379\]\)\n/);
  });
});
