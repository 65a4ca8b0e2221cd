import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import {
  applyThread,
  type Config,
  createMessage,
  entrySize,
  MemoryStorage,
  RawNode,
  silentRaftLogger,
} from "../../src/raft/index.js";
import { InvariantChecker } from "../../src/raft/invariants.js";
import { testCodec } from "./conf-change-codec.js";
import { TestNode } from "./kit.js";

const settings = {
  id: 1n,
  electionTicks: 10,
  heartbeatTicks: 1,
  random: seededRandom(3),
  logger: silentRaftLogger,
  codec: testCodec,
  maxSizePerMessage: 1000,
  maxInflightMessages: 10,
};

describe("founding a group", () => {
  const peers = [1n, 2n].map((id) => ({ id, context: Buffer.from(`member ${id}`) }));

  test("the log begins with a committed conf change of term 1 for each member", () => {
    const node = new RawNode({ ...settings, storage: new MemoryStorage() });
    node.bootstrap(peers);
    const { entries, committedEntries, hardState, mustSync } = node.ready();
    expect(hardState).toEqual({ term: 1, vote: 0n, commit: 2 });
    expect(mustSync).toBe(true);
    expect(committedEntries).toEqual(entries);
    expect(entries.map(({ term, index, type }) => [term, index, type])).toEqual([
      [1, 1, "EntryConfChange"],
      [1, 2, "EntryConfChange"],
    ]);
    const change = testCodec.decode("EntryConfChange", entries[1]?.data ?? Buffer.alloc(0));
    expect(change).toEqual({ version: 1, id: 0n, type: "ConfChangeAddNode", nodeId: 2n, context: peers[1]?.context });
  });

  test("the members are known before the entries are applied, which then change nothing", () => {
    const storage = new MemoryStorage();
    const node = new RawNode({ ...settings, storage });
    node.bootstrap(peers);
    expect(node.status().config.voters).toEqual([1n, 2n]);
    for (const { type, data } of node.ready().committedEntries) {
      if (type !== "EntryNormal") expect(node.applyConfChange(testCodec.decode(type, data)).voters).toEqual([1n, 2n]);
    }
  });

  test("a group can only be founded on an empty log", () => {
    expect(() => new TestNode({ log: [1] }).raw.bootstrap(peers)).toThrow("founded on an empty log");
  });
});

describe("a restart", () => {
  test("continues from the stored state, and does not give out applied entries again", () => {
    const node = new TestNode({ log: [1, 1, 2], term: 3, vote: 2n, commit: 3, applied: 2 });
    expect(node.raw.hasReady()).toBe(true);
    node.work();
    expect(node.applied.map(({ index }) => index)).toEqual([3]);
    expect(node.raw.basicStatus()).toMatchObject({ term: 3, vote: 2n, commit: 3, state: "StateFollower", lead: 0n });
  });

  test("fails if the commit index is beyond the stored log, since entries are missing", () => {
    expect(() => new TestNode({ log: [1], commit: 2 })).toThrow("1 state.commit 2 is out of range [0, 1]");
  });
});

describe("a node refuses", () => {
  for (const { name, config, fact } of [
    { name: "id 0", config: { id: 0n }, fact: "node id is not 0" },
    { name: "the id of a thread", config: { id: applyThread }, fact: "that of a storage thread" },
    { name: "no heartbeat", config: { heartbeatTicks: 0 }, fact: "heartbeat ticks" },
    { name: "elections as often as heartbeats", config: { electionTicks: 1 }, fact: "election ticks" },
    { name: "no messages in flight", config: { maxInflightMessages: 0 }, fact: "max inflight messages" },
    { name: "fewer bytes in flight than a message", config: { maxInflightBytes: 999 }, fact: "max inflight bytes" },
    { name: "lease-based reads without check-quorum", config: { readOnly: "lease-based" }, fact: "check-quorum" },
  ] satisfies { name: string; config: Partial<Config>; fact: string }[]) {
    test(`a configuration with ${name}`, () => {
      expect(() => new RawNode({ ...settings, storage: new MemoryStorage(), ...config })).toThrow(fact);
    });
  }

  for (const { type, from, error } of [
    { type: "MsgHup", from: 2n, error: "raft: cannot step raft local message" },
    { type: "MsgCheckQuorum", from: 2n, error: "raft: cannot step raft local message" },
    { type: "MsgStorageApplyResp", from: 2n, error: "raft: cannot step raft local message" },
    { type: "MsgHeartbeat", from: 1n, error: "raft: cannot step raft local message" },
    { type: "MsgAppResp", from: 9n, error: "raft: cannot step as peer not found" },
    { type: "MsgProp", from: 2n, error: "raft proposal dropped" },
  ] as const) {
    test(`${type} from ${from}: ${error}`, () => {
      const { raw } = new TestNode();
      expect(() => raw.step(createMessage(type, 1n, from, 0))).toThrow(error);
      expect(raw.hasReady()).toBe(false);
    });
  }

  test("an empty proposal, and a conf change that cannot be decoded", () => {
    const node = new TestNode().lead();
    const bad = { term: 0, index: 0, type: "EntryConfChange", data: Buffer.from([255]) } as const;
    expect(() => node.receive("MsgProp", 2n, { term: 0 })).toThrow("raft proposal dropped");
    expect(() => node.receive("MsgProp", 2n, { term: 0, entries: [bad] })).toThrow("raft proposal dropped");
  });

  test("a second Ready before the advance, and an advance without a Ready", () => {
    const { raw } = new TestNode();
    expect(() => raw.advance()).toThrow("there is a Ready to advance from");
    raw.ready();
    expect(() => raw.ready()).toThrow("advanced before the next one is taken");
  });
});

describe("requests at a follower", () => {
  test("a proposal is forwarded to the leader without a term", () => {
    const node = new TestNode();
    node.receive("MsgHeartbeat", 2n, { term: 1 });
    expect(node.propose("x")).toMatchObject([{ type: "MsgProp", from: 1n, to: 2n, term: 0, entries: [{ term: 0 }] }]);
  });

  test("a proposal is dropped if forwarding is disabled", () => {
    const node = new TestNode({ disableProposalForwarding: true });
    node.receive("MsgHeartbeat", 2n, { term: 1 });
    expect(() => node.propose("x")).toThrow("raft proposal dropped");
  });

  test("a proposal is dropped if the leader has been forgotten", () => {
    const node = new TestNode();
    node.receive("MsgHeartbeat", 2n, { term: 1 });
    node.raw.forgetLeader();
    expect(() => node.propose("x")).toThrow("raft proposal dropped");
    expect(node.raw.basicStatus()).toMatchObject({ lead: 0n, term: 1 });
  });
});

describe("conf changes at the leader", () => {
  const change = (type: "ConfChangeAddNode" | "ConfChangeRemoveNode", nodeId: bigint) =>
    ({ version: 1, id: 0n, type, nodeId, context: Buffer.alloc(0) }) as const;

  test("a second conf change before the first is applied becomes an empty entry", () => {
    const node = new TestNode({ size: 1 }).lead();
    node.raw.proposeConfChange(change("ConfChangeAddNode", 2n));
    node.raw.proposeConfChange(change("ConfChangeAddNode", 3n));
    const { entries } = node.raw.ready();
    expect(entries.map(({ type }) => type)).toEqual(["EntryConfChange", "EntryNormal"]);
  });

  test("a conf change that the application refuses changes nothing", () => {
    const node = new TestNode().lead();
    expect(node.raw.applyConfChange(change("ConfChangeRemoveNode", 0n)).voters).toEqual([1n, 2n, 3n]);
  });

  test("a removed leader steps down only with the setting", () => {
    for (const stepDownOnRemoval of [false, true]) {
      const node = new TestNode({ stepDownOnRemoval }).lead();
      node.raw.applyConfChange(change("ConfChangeRemoveNode", 1n));
      expect(node.leads).toBe(!stepDownOnRemoval);
      expect(() => node.propose("x")).toThrow("raft proposal dropped");
    }
  });

  test("removing a voter commits the entries that waited for it", () => {
    const node = new TestNode({ size: 2 }).lead();
    node.propose("x");
    expect(node.commit).toBe(0);
    node.raw.applyConfChange(change("ConfChangeRemoveNode", 2n));
    expect(node.commit).toBe(2);
  });
});

test("the size of an entry is that of its raftpb encoding", () => {
  const data = Buffer.alloc(200);
  expect(entrySize({ term: 1, index: 1, type: "EntryNormal", data: Buffer.alloc(0) })).toBe(4);
  expect(entrySize({ term: 300, index: 2 ** 40, type: "EntryConfChangeV2", data })).toBe(3 + 7 + 2 + 203);
});

describe("the invariants", () => {
  const group = (text: string): TestNode => {
    const node = new TestNode({ size: 1 }).lead();
    node.propose(text);
    return node;
  };

  test("hold for a group after each step", () => {
    const node = group("a");
    const checker = new InvariantChecker();
    checker.check([node.raw]);
    node.propose("b");
    checker.check([node.raw]);
    expect(checker.committed).toBe(3);
  });

  test("detect two leaders of a term", () => {
    const other = new TestNode({ id: 2n, size: 3 });
    other.raw.campaign();
    other.work();
    other.receive("MsgVoteResp", 3n, { term: 1 });
    expect(() => new InvariantChecker().check([group("a").raw, other.raw])).toThrow("Election Safety");
  });

  test("detect two entries with the same index and term", () => {
    expect(() => new InvariantChecker().check([group("a").raw, group("b").raw])).toThrow("Log Matching");
  });

  test("detect two committed entries at one index", () => {
    const later = new TestNode({ size: 1, term: 4 }).lead();
    expect(() => new InvariantChecker().check([group("a").raw, later.raw])).toThrow("State Machine Safety");
  });

  test("detect a leader without a committed entry", () => {
    const checker = new InvariantChecker();
    checker.check([group("a").raw]);
    const leader = new TestNode({ size: 3, term: 4 }).lead();
    expect(() => checker.check([leader.raw])).toThrow("Leader Completeness");
  });
});
