import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { type ClusterId, type MemberId, silentLogger } from "../../../src/base/index.js";
import { encodeMember, saveConfState } from "../../../src/cluster/index.js";
import { type ConfChangeType, type Entry, emptyConfState } from "../../../src/raft/index.js";
import { confChangeCodec } from "../../../src/server/consensus/conf-change-codec.js";
import { standAlone } from "../../../src/server/start/standalone.js";
import { Wal } from "../../../src/wal/index.js";
import { openBackend } from "../../cluster/fixtures.js";
import { memberOf } from "../fake-peers.js";
import { MemoryDisk } from "../memory-disk.js";

const root = mkdtempSync(join(tmpdir(), "etcd-standalone-"));
afterAll(() => rmSync(root, { recursive: true }));
let dirs = 0;

const ids = { memberId: 2n as MemberId, clusterId: 9n as ClusterId };
const joined = { ...emptyConfState, voters: [1n, 2n, 3n] };

function put(index: number): Entry {
  return { term: 4, index, type: "EntryNormal", data: Buffer.from("request") };
}

function change(index: number, type: ConfChangeType, id: bigint): Entry {
  const context = Buffer.from(encodeMember(memberOf(id)), "utf8");
  const data = confChangeCodec.encode({ version: 1, id: 0n, type, nodeId: id, context });
  return { term: 4, index, type: "EntryConfChange", data };
}

/** Forces a single-member cluster from a log that is applied up to 2. @returns the entries after 2 */
async function force(entries: readonly Entry[], commit: number, confState = joined): Promise<string[]> {
  const disk = new MemoryDisk();
  const options = { dir: join(root, String(dirs++)), logger: silentLogger, openStore: (at: string) => disk.open(at) };
  const backend = await openBackend();
  saveConfState(backend, confState);
  const first = await Wal.open({ ...options, metadata: ids });
  await first.wal.save({ hardState: { term: 5, vote: 0n, commit }, entries: [put(1), put(2), ...entries] });
  await first.wal.close();
  const opened = await Wal.open(options);
  const forced = await standAlone(opened, backend, ids, 2, ["http://10.0.0.2:2380"], silentLogger);
  await opened.wal.close();
  const again = await Wal.open(options);
  await again.wal.close();
  const added = forced.hardState?.commit ?? 0;
  expect(forced.entries.at(-1)?.index).toBe(added);
  expect(again.hardState).toEqual(forced.hardState);
  const stored = again.entries.slice(0, added).map(describe);
  expect(stored).toEqual(forced.entries.map(describe));
  return stored.slice(2);
}

function describe({ index, term, type, data }: Entry): string {
  if (type === "EntryNormal") return `${index}/${term} request`;
  const decoded = confChangeCodec.decode(type, data);
  const promotion = Buffer.from(decoded.context).includes(`"isPromote":true`) ? " promote" : "";
  return decoded.version === 1 ? `${index}/${term} ${decoded.type} ${decoded.nodeId}${promotion}` : "";
}

for (const { name, entries, commit, confState, want } of [
  {
    name: "removes all others",
    entries: [],
    commit: 2,
    want: ["3/5 ConfChangeRemoveNode 1", "4/5 ConfChangeRemoveNode 3"],
  },
  {
    name: "keeps writes that may have been acknowledged",
    entries: [put(3), put(4)],
    commit: 2,
    want: ["3/4 request", "4/4 request", "5/5 ConfChangeRemoveNode 1", "6/5 ConfChangeRemoveNode 3"],
  },
  {
    name: "drops a conf change that may be uncommitted, with all later entries",
    entries: [put(3), change(4, "ConfChangeRemoveNode", 2n), put(5)],
    commit: 2,
    want: ["3/4 request", "4/5 ConfChangeRemoveNode 1", "5/5 ConfChangeRemoveNode 3"],
  },
  {
    name: "takes committed conf changes into account",
    entries: [change(3, "ConfChangeRemoveNode", 1n), change(4, "ConfChangeAddLearnerNode", 7n)],
    commit: 4,
    want: [
      "3/4 ConfChangeRemoveNode 1",
      "4/4 ConfChangeAddLearnerNode 7",
      "5/5 ConfChangeRemoveNode 3",
      "6/5 ConfChangeRemoveNode 7",
    ],
  },
  {
    name: "promotes itself first if it is a learner",
    entries: [],
    commit: 2,
    confState: { ...emptyConfState, voters: [1n], learners: [2n] },
    want: ["3/5 ConfChangeAddNode 2 promote", "4/5 ConfChangeRemoveNode 1"],
  },
  {
    name: "removes learners too",
    entries: [put(3)],
    commit: 3,
    confState: { ...joined, learners: [4n] },
    want: ["3/4 request", "4/5 ConfChangeRemoveNode 1", "5/5 ConfChangeRemoveNode 3", "6/5 ConfChangeRemoveNode 4"],
  },
  {
    name: "promotes itself before it removes two voters and another learner",
    entries: [],
    commit: 2,
    confState: { ...emptyConfState, voters: [1n, 3n], learners: [2n, 4n] },
    want: [
      "3/5 ConfChangeAddNode 2 promote",
      "4/5 ConfChangeRemoveNode 1",
      "5/5 ConfChangeRemoveNode 3",
      "6/5 ConfChangeRemoveNode 4",
    ],
  },
  {
    name: "removes the other member of two",
    entries: [],
    commit: 2,
    confState: { ...emptyConfState, voters: [1n, 2n] },
    want: ["3/5 ConfChangeRemoveNode 1"],
  },
  {
    name: "adds itself if its log does not know it",
    entries: [],
    commit: 2,
    confState: { ...emptyConfState, voters: [1n] },
    want: ["3/5 ConfChangeAddNode 2", "4/5 ConfChangeRemoveNode 1"],
  },
  {
    name: "changes nothing if it is alone already",
    entries: [put(3)],
    commit: 2,
    confState: { ...emptyConfState, voters: [2n] },
    want: ["3/4 request"],
  },
]) {
  test(`a member that forces a new cluster ${name}`, async () => {
    expect(await force(entries, commit, confState)).toEqual(want);
  });
}
