import { describe, expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { raftOf } from "../../src/raft/raw-node.js";
import { addressed, exchange, TestNode } from "./kit.js";

describe("paper, 5.1: terms", () => {
  const roles = {
    follower: () => new TestNode({ term: 1 }),
    candidate: () => {
      const node = new TestNode({ term: 0 });
      node.raw.campaign();
      node.work();
      return node;
    },
    leader: () => new TestNode({ term: 0 }).lead(),
  };
  for (const [role, make] of Object.entries(roles)) {
    test(`a ${role} that receives a message of a later term becomes a follower of that term`, () => {
      const node = make();
      node.receive("MsgApp", 2n, { term: 5 });
      expect(node.raw.basicStatus()).toMatchObject({ state: "StateFollower", term: 5, lead: 2n });
    });

    test(`a ${role} ignores messages of an earlier term`, () => {
      const node = make();
      node.receive("MsgApp", 2n, { term: 7 });
      node.receive("MsgApp", 2n, {
        term: 3,
        entries: [{ term: 3, index: 1, type: "EntryNormal", data: Buffer.alloc(1) }],
      });
      expect(node.term).toBe(7);
      expect(node.log).not.toContain(3);
    });
  }
});

describe("paper, 5.2: leader election", () => {
  test("a node starts as a follower", () => {
    expect(new TestNode().raw.basicStatus()).toMatchObject({ state: "StateFollower", lead: 0n });
  });

  test("a leader sends heartbeats to all others at every interval", () => {
    const node = new TestNode({ heartbeatTicks: 3 }).lead();
    expect(addressed(node.tick(2))).toEqual([]);
    expect(addressed(node.tick())).toEqual(["MsgHeartbeat>2", "MsgHeartbeat>3"]);
  });

  for (const start of ["follower", "candidate"]) {
    test(`a ${start} without a leader raises its term, votes for itself and requests votes of all others`, () => {
      const node = new TestNode({ term: 1 });
      if (start === "candidate") node.tick(20);
      const { term } = node;
      const sent = node.tick(20).filter((message) => message.term === term + 1);
      expect(addressed(sent)).toEqual(["MsgVote>2", "MsgVote>3"]);
      expect(node.storage.initialState().hardState).toMatchObject({ vote: 1n });
      expect(node.raw.basicStatus().state).toBe("StateCandidate");
    });
  }

  for (const { size, grants, refusals, state } of [
    { size: 1, grants: 0, refusals: 0, state: "StateLeader" },
    { size: 3, grants: 1, refusals: 0, state: "StateLeader" },
    { size: 3, grants: 0, refusals: 0, state: "StateCandidate" },
    { size: 3, grants: 0, refusals: 1, state: "StateCandidate" },
    { size: 3, grants: 0, refusals: 2, state: "StateFollower" },
    { size: 4, grants: 1, refusals: 1, state: "StateCandidate" },
    { size: 4, grants: 1, refusals: 2, state: "StateFollower" },
    { size: 5, grants: 2, refusals: 0, state: "StateLeader" },
    { size: 5, grants: 1, refusals: 2, state: "StateCandidate" },
    { size: 5, grants: 1, refusals: 3, state: "StateFollower" },
  ]) {
    test(`among ${size} members, a candidate with ${grants} other votes and ${refusals} refusals is ${state}`, () => {
      const node = new TestNode({ size });
      node.raw.campaign();
      node.work();
      for (let at = 0; at < grants + refusals; at++) {
        node.receive("MsgVoteResp", BigInt(at + 2), { term: 1, reject: at >= grants });
      }
      expect(node.raw.basicStatus().state).toBe(state);
    });
  }

  for (const { vote, from, granted } of [
    { vote: 0n, from: 2n, granted: true },
    { vote: 0n, from: 3n, granted: true },
    { vote: 2n, from: 2n, granted: true },
    { vote: 2n, from: 3n, granted: false },
  ]) {
    test(`a node that voted for ${vote} ${granted ? "grants" : "refuses"} its vote to ${from}`, () => {
      const node = new TestNode({ term: 1, vote });
      const [answer] = node.receive("MsgVote", from, { term: 1 });
      expect(answer).toMatchObject({ type: "MsgVoteResp", to: from, reject: !granted });
    });
  }

  test("a vote is stored before it is sent", () => {
    const node = new TestNode({ term: 1 });
    node.raw.step({ ...voteFor2, term: 2 });
    const ready = node.raw.ready();
    expect(ready).toMatchObject({ mustSync: true, hardState: { term: 2, vote: 2n } });
    expect(addressed(ready.messages)).toEqual(["MsgVoteResp>2"]);
  });

  for (const term of [1, 2]) {
    test(`a candidate of term 1 follows a leader of term ${term}`, () => {
      const node = new TestNode();
      node.raw.campaign();
      node.work();
      node.receive("MsgApp", 3n, { term });
      expect(node.raw.basicStatus()).toMatchObject({ state: "StateFollower", term, lead: 3n });
    });
  }

  test("election timeouts spread over [electionTicks, 2 * electionTicks)", () => {
    const seen = new Set<number>();
    const node = new TestNode({ random: seededRandom(1) });
    for (let term = 1; term <= 400; term++) {
      node.receive("MsgHeartbeat", 2n, { term });
      seen.add(raftOf(node.raw).randomizedElectionTimeout);
    }
    expect([...seen].sort((left, right) => left - right)).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]);
  });

  test("after a split vote a candidate campaigns again", () => {
    const node = new TestNode();
    node.raw.campaign();
    node.work();
    node.receive("MsgVote", 2n, { term: 1 });
    node.tick(20);
    expect(node.raw.basicStatus()).toMatchObject({ state: "StateCandidate", vote: 1n });
    expect(node.term).toBeGreaterThan(1);
  });
});

describe("paper, 5.4.1: who may win an election", () => {
  for (const { name, own, last, granted } of [
    { name: "a longer log of the same term", own: [1], last: [1, 2], granted: true },
    { name: "the same log", own: [1, 1], last: [1, 2], granted: true },
    { name: "a shorter log of the same term", own: [1, 1], last: [1, 1], granted: false },
    { name: "a shorter log of a later term", own: [1, 1, 1], last: [2, 1], granted: true },
    { name: "a longer log of an earlier term", own: [2], last: [1, 5], granted: false },
    { name: "an empty log at an empty log", own: [], last: [0, 0], granted: true },
  ]) {
    const [logTerm = 0, index = 0] = last;
    test(`${name} ${granted ? "gets" : "does not get"} the vote`, () => {
      const node = new TestNode({ log: own, term: 2 });
      const [answer] = node.receive("MsgVote", 2n, { term: 3, logTerm, index });
      expect(answer).toMatchObject({ reject: !granted, term: 3 });
    });
  }
});

describe("paper, 6, and thesis, 4: members that must not disturb or decide", () => {
  test("a learner does not campaign", () => {
    const node = new TestNode({ id: 4n, learners: [4n] });
    expect(node.tick(50)).toEqual([]);
    expect(node.raw.basicStatus().state).toBe("StateFollower");
  });

  test("a learner votes, since it may already be a voter without knowing", () => {
    const node = new TestNode({ id: 4n, learners: [4n] });
    expect(node.receive("MsgVote", 2n, { term: 1 })).toMatchObject([{ type: "MsgVoteResp", reject: false }]);
  });

  test("with check-quorum, a follower with a leader ignores requests for votes", () => {
    const node = new TestNode({ checkQuorum: true });
    node.receive("MsgHeartbeat", 2n, { term: 1 });
    expect(node.receive("MsgVote", 3n, { term: 9 })).toEqual([]);
    expect(node.term).toBe(1);
    node.tick(9);
    expect(node.receive("MsgVote", 3n, { term: 9 })).toEqual([]);
  });

  test("a leader with check-quorum and without contact to a quorum steps down", () => {
    const node = new TestNode({ checkQuorum: true }).lead();
    node.receive("MsgHeartbeatResp", 2n);
    node.tick(10);
    expect(node.raw.basicStatus().state).toBe("StateLeader");
    node.tick(10);
    expect(node.raw.basicStatus()).toMatchObject({ state: "StateFollower", lead: 0n });
  });

  test("a node does not campaign while a committed conf change is not applied", () => {
    const node = new TestNode({ log: [1], commit: 0 });
    const data = Buffer.from([8, 0]);
    const entry = { term: 1, index: 2, type: "EntryConfChangeV2", data } as const;
    node.raw.step({ ...voteFor2, type: "MsgApp", term: 1, logTerm: 1, index: 1, entries: [entry], commit: 2 });
    node.raw.campaign();
    expect(node.raw.basicStatus()).toMatchObject({ state: "StateFollower", term: 1 });
  });
});

describe("thesis, 9.6: pre-vote", () => {
  test("a request for pre-votes changes neither the own term nor that of others", () => {
    const [one, two, three] = [1n, 2n, 3n].map((id) => new TestNode({ id, preVote: true, term: 1 }));
    if (one === undefined || two === undefined || three === undefined) throw new Error("three nodes");
    one.raw.campaign();
    const sent = one.work();
    expect(sent).toMatchObject([
      { type: "MsgPreVote", to: 2n, term: 2 },
      { type: "MsgPreVote", to: 3n, term: 2 },
    ]);
    for (const message of sent.slice(0, 1)) two.raw.step(message);
    const answers = two.work();
    expect([one.term, two.term]).toEqual([1, 1]);
    expect(answers).toMatchObject([{ type: "MsgPreVoteResp", term: 2, reject: false }]);
    expect(two.raw.basicStatus().vote).toBe(0n);
  });

  test("a quorum of pre-votes begins the election", () => {
    const nodes = [1n, 2n, 3n].map((id) => new TestNode({ id, preVote: true }));
    nodes[0]?.raw.campaign();
    exchange(nodes);
    expect(nodes.map((node) => node.raw.basicStatus().lead)).toEqual([1n, 1n, 1n]);
    expect(nodes.map((node) => node.term)).toEqual([1, 1, 1]);
  });

  test("a member that was cut off does not raise the group's term when it reconnects", () => {
    const settings = { preVote: true, checkQuorum: true };
    const nodes = [1n, 2n, 3n].map((id) => new TestNode({ id, ...settings }));
    nodes[0]?.raw.campaign();
    exchange(nodes);
    nodes[2]?.tick(50);
    exchange(nodes);
    nodes[0]?.raw.tick();
    exchange(nodes);
    expect(nodes.map((node) => node.term)).toEqual([1, 1, 1]);
    expect(nodes[2]?.raw.basicStatus().lead).toBe(1n);
  });
});

const voteFor2 = {
  type: "MsgVote",
  to: 1n,
  from: 2n,
  term: 0,
  logTerm: 0,
  index: 0,
  entries: [],
  commit: 0,
  vote: 0n,
  snapshot: undefined,
  reject: false,
  rejectHint: 0,
  context: Buffer.alloc(0),
  responses: [],
} as const;
