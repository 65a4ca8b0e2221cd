import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { etcdctl } from "../support/etcdctl.js";
import { etcdutlHere } from "../support/etcdutl-here.js";
import { askHttp } from "../support/http-client.js";
import { haveReference } from "../support/reference.js";
import { freePort, type ServerKind, ServerProcess } from "../support/server-process.js";
import { checksums } from "../utl/stopped-member.js";
import { type Member, Members } from "./members.js";

// Tests that a member of real etcd can be moved to this package and back, alone and while its cluster goes on.

const ready = haveReference(["etcd", "3.4"], ["etcd", "3.5"], ["etcdctl", "3.5"]);

/** The state of a member, with the hash of the whole history. */
async function stateOf(endpoint: string): Promise<readonly string[]> {
  const outcomes = [];
  for (const line of ["get --prefix k -w fields", "endpoint hashkv", "lease list", "user list", "member list"]) {
    outcomes.push(await etcdctl("3.5", endpoint, line.split(" ")));
  }
  return outcomes.map(({ stdout }) => stdout.replace(/"RaftTerm" : \d+\n/g, ""));
}

for (const kind of ["etcd 3.4", "etcd 3.5"] as const) {
  test.runIf(ready)(`a directory of ${kind} becomes one of ours, and one on which etcd 3.5 starts`, async () => {
    const dir = await mkdtemp(join(tmpdir(), "etcd-moved-"));
    const [clientPort, flags] = [await freePort(), ["--snapshot-count", "25"]];
    const start = (program: ServerKind): Promise<ServerProcess> =>
      ServerProcess.start({ kind: program, dataDir: dir, clientPort, flags });
    const [data, moved] = [join(dir, "data"), join(dir, "moved")];
    try {
      const etcd = await start(kind);
      const { endpoint } = etcd;
      for (let at = 0; at < 40; at++) await etcdctl("3.5", endpoint, ["put", `k${at % 30}`, `value ${at}`]);
      for (const line of ["del k3", "compaction 20", "lease grant 3600", "user add alice:x", "put k1 after"]) {
        expect(await etcdctl("3.5", endpoint, line.split(" ")), line).toMatchObject({ code: 0 });
      }
      const before = await stateOf(endpoint);
      await etcd.kill("SIGTERM");
      const files = checksums(data);
      expect(await etcdutlHere("import", "--from", data, "--data-dir", moved)).toMatchObject({ code: 0 });
      expect(checksums(data)).toEqual(files);
      await rm(data, { recursive: true });
      await rename(moved, data);
      const ours = await start("ours");
      expect(await stateOf(endpoint)).toEqual(before);
      expect(await etcdctl("3.5", endpoint, ["put", "k2", "of ours"])).toMatchObject({ code: 0 });
      const later = await stateOf(endpoint);
      // Alone, a member of level 3.7 raises the version of its cluster. The way back lowers it.
      expect((await askHttp(endpoint, { path: "/version", method: "GET" })).body).toContain('"etcdcluster":"3.7.0"');
      await ours.kill("SIGTERM");
      expect(await etcdutlHere("import", "--to-etcd", "--from", data, "--data-dir", moved)).toMatchObject({ code: 0 });
      await rm(data, { recursive: true });
      await rename(moved, data);
      const back = await start("etcd 3.5");
      expect(await stateOf(endpoint)).toEqual(later);
      expect(await etcdctl("3.5", endpoint, ["put", "k3", "of etcd"])).toMatchObject({ code: 0 });
      await back.kill("SIGKILL");
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
}

test.runIf(ready)(
  "a member of a cluster of etcd 3.5 is moved to ours and back while the others take writes",
  async () => {
    const members = await Members.start("etcd 3.5", "etcd 3.5", "etcd 3.5");
    try {
      const [a, , c] = members.all as [Member, Member, Member];
      for (let at = 0; at < 20; at++) await a.done("put", `k${at}`, "before");
      await c.kill("SIGTERM");
      for (let at = 0; at < 20; at++) await a.done("put", `k${at}`, "meanwhile");
      const ours = members.sameAs(c, "ours");
      await move(c, ours);
      await ours.start();
      await expectSame(a, ours);
      await ours.done("put", "k1", "through ours");
      await ours.kill("SIGTERM");
      await a.done("put", "k2", "once more");
      const back = members.sameAs(ours, "etcd 3.5");
      await move(ours, back, "--to-etcd");
      await back.start();
      await expectSame(a, back);
      await back.done("put", "k3", "through etcd");
      for (const { process } of [ours, back]) expect(process.log).not.toContain("received and saved database snapshot");
    } finally {
      await members.stop();
    }
  },
);

/** Moves the data of a member that does not run. */
async function move(from: Member, to: Member, ...flags: readonly string[]): Promise<void> {
  const { code, stderr } = await etcdutlHere("import", ...flags, "--from", from.dataDir, "--data-dir", to.dataDir);
  if (code !== 0) throw new Error(stderr);
}

/** Checks that both members have the same history, and that the second one has caught up. */
async function expectSame(one: Member, other: Member): Promise<void> {
  const [left, right] = [await stateOf(one.endpoint), await stateOf(other.endpoint)];
  const without = (state: readonly string[], { endpoint }: Member): readonly string[] =>
    state.map((text) => text.replaceAll(endpoint, "ENDPOINT").replace(/"MemberID" : \d+\n/g, ""));
  expect(without(right, other).slice(0, 4)).toEqual(without(left, one).slice(0, 4));
}
