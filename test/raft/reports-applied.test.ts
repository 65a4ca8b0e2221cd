import { expect, test } from "vitest";
import type { ConfChange, Entry, Snapshot } from "../../src/raft/index.js";
import { testCodec } from "./conf-change-codec.js";
import { entriesOf, type NodeSetup, TestNode } from "./kit.js";

const applying: NodeSetup = { reportsApplied: true };
const addFour: ConfChange = {
  ...{ version: 1, id: 1n, type: "ConfChangeAddNode", nodeId: 4n, context: Buffer.alloc(0) },
};
const change: Entry = { term: 1, index: 1, type: "EntryConfChange", data: testCodec.encode(addFour) };
const snapshot: Snapshot = {
  metadata: {
    ...{ index: 50, term: 1 },
    confState: { voters: [1n, 2n, 3n], learners: [], votersOutgoing: [], learnersNext: [], autoLeave: false },
  },
  data: Buffer.alloc(0),
};

/** A follower in term 1 that has received and stored a snapshot at index 50. */
function restoring(): TestNode {
  const node = new TestNode(applying);
  const sent = node.receive("MsgSnap", 2n, { term: 1, snapshot });
  expect(sent).toMatchObject([{ type: "MsgAppResp", index: 50, reject: false }]);
  return node;
}

test("a node with a conf change that is given out and not applied does not campaign", () => {
  const node = new TestNode(applying);
  node.receive("MsgApp", 2n, { term: 1, entries: [change], commit: 1 });
  expect(node.applied).toHaveLength(1);
  node.raw.campaign();
  expect(node.work()).toEqual([]);
  expect(node.raw.basicStatus()).toMatchObject({ state: "StateFollower", applied: 0 });
  node.raw.applied(1);
  node.raw.campaign();
  node.work();
  expect(node.raw.basicStatus()).toMatchObject({ state: "StateCandidate", applied: 1 });
});

test("a leader accepts the next conf change when the last one is applied", () => {
  const node = new TestNode({ ...applying, size: 1 }).lead();
  node.raw.applied(node.commit);
  expect(node.raw.takesConfChange).toBe(true);
  node.raw.proposeConfChange({ ...addFour, type: "ConfChangeAddLearnerNode" });
  node.work();
  expect(node.applied.at(-1)?.type).toBe("EntryConfChange");
  expect(node.raw.takesConfChange).toBe(false);
  node.raw.applied(node.commit);
  expect(node.raw.takesConfChange).toBe(true);
});

test("while a snapshot is loaded, entries are accepted into the log but not given out", () => {
  const node = restoring();
  const entries = entriesOf([1, 1], 51);
  const sent = node.receive("MsgApp", 2n, { term: 1, index: 50, logTerm: 1, entries, commit: 52 });
  expect(sent).toMatchObject([{ type: "MsgAppResp", index: 52, reject: false }]);
  expect(node.applied).toEqual([]);
  node.raw.applied(50);
  node.work();
  expect(node.applied.map(({ index }) => index)).toEqual([51, 52]);
});

test("while a snapshot is loaded, a node votes but does not campaign", () => {
  const node = restoring();
  node.tick(40);
  node.receive("MsgTimeoutNow", 2n);
  expect(node.raw.basicStatus()).toMatchObject({ state: "StateFollower", term: 1 });
  const vote = node.receive("MsgVote", 3n, { term: 2, index: 50, logTerm: 1 });
  expect(vote).toMatchObject([{ type: "MsgVoteResp", reject: false }]);
  node.raw.applied(50);
  node.tick(40);
  expect(node.raw.basicStatus()).toMatchObject({ state: "StateCandidate" });
});

test("a snapshot that arrives while another one is loaded must be loaded as well", () => {
  const node = restoring();
  const later = { ...snapshot, metadata: { ...snapshot.metadata, index: 70 } };
  node.receive("MsgSnap", 2n, { term: 1, snapshot: later });
  node.raw.applied(50);
  node.tick(40);
  expect(node.raw.basicStatus()).toMatchObject({ state: "StateFollower", applied: 50 });
  node.raw.applied(70);
  node.tick(40);
  expect(node.raw.basicStatus()).toMatchObject({ state: "StateCandidate", applied: 70 });
});

test("the answer to a heartbeat tells the leader the applied index", () => {
  const follower = restoring();
  const mark = (): number | undefined => follower.receive("MsgHeartbeat", 2n, { term: 1, commit: 50 })[0]?.index;
  expect(mark()).toBe(1);
  follower.raw.applied(50);
  expect(mark()).toBe(51);
  const silent = new TestNode();
  expect(silent.receive("MsgHeartbeat", 2n, { term: 1 })).toMatchObject([{ type: "MsgHeartbeatResp", index: 0 }]);

  const leader = new TestNode(applying).lead();
  const known = (): number | undefined => leader.raw.status().progress.get(2n)?.applied;
  for (const [index, want] of [
    [0, undefined],
    [1, 0],
    [51, 50],
    // A member of real etcd does not report its applied index. The last reported value is kept.
    [0, 50],
  ] as const) {
    leader.receive("MsgHeartbeatResp", 2n, { index });
    expect(known()).toBe(want);
  }
});

test("the bytes of entries that are given out and not applied are bounded", () => {
  const node = new TestNode({ ...applying, maxCommittedSizePerReady: 100 });
  const entries = entriesOf([1, 1, 1, 1]).map((entry) => ({ ...entry, data: Buffer.alloc(60) }));
  node.receive("MsgApp", 2n, { term: 1, entries, commit: 4 });
  expect(node.applied.map(({ index }) => index)).toEqual([1]);
  node.work();
  expect(node.applied).toHaveLength(1);
  for (let applied = 1; applied < 4; applied++) {
    node.raw.applied(applied);
    node.work();
    expect(node.applied).toHaveLength(applied + 1);
  }
});
