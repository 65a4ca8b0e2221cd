import { describe, expect, test } from "vitest";
import { addressed, entriesOf, exchange, TestNode } from "./kit.js";

describe("paper, 5.3: log replication", () => {
  test("a leader appends a proposal to its log and sends it to all others", () => {
    const node = new TestNode().lead();
    for (const id of [2n, 3n]) node.receive("MsgAppResp", id, { index: 1 });
    const sent = node.propose("x");
    expect(node.log).toEqual([1, 1]);
    expect(sent).toMatchObject([
      { type: "MsgApp", to: 2n, index: 1, logTerm: 1, commit: 1, entries: [{ index: 2, term: 1 }] },
      { type: "MsgApp", to: 3n, index: 1, logTerm: 1, commit: 1, entries: [{ index: 2, term: 1 }] },
    ]);
  });

  for (const { size, acks, committed } of [
    { size: 1, acks: [], committed: true },
    { size: 3, acks: [], committed: false },
    { size: 3, acks: [2n], committed: true },
    { size: 5, acks: [2n], committed: false },
    { size: 5, acks: [2n, 3n], committed: true },
    { size: 5, acks: [5n, 4n], committed: true },
  ]) {
    const outcome = committed ? "committed" : "not committed";
    test(`among ${size} members, an entry stored by the leader and ${acks.length} others is ${outcome}`, () => {
      const node = new TestNode({ size }).lead();
      node.propose("x");
      for (const id of acks) node.receive("MsgAppResp", id, { index: 2 });
      expect(node.commit).toBe(committed ? 2 : 0);
    });
  }

  test("a leader counts its own entries only when they are stored", () => {
    const node = new TestNode({ size: 1 });
    node.raw.campaign();
    node.store(node.raw.ready());
    node.raw.advance();
    node.raw.propose(Buffer.from("x"));
    const ready = node.raw.ready();
    expect(ready.entries.map((entry) => entry.index)).toEqual([1, 2]);
    expect(node.commit).toBe(0);
    node.store(ready);
    node.raw.advance();
    expect(node.commit).toBe(2);
  });

  for (const log of [[2], [1, 2], [1, 1, 2]]) {
    test(`entries before a committed entry are committed with it (log ${log})`, () => {
      const node = new TestNode({ log, term: 2 }).lead();
      node.receive("MsgAppResp", 2n, { index: log.length + 1 });
      expect(node.applied.map((entry) => entry.term)).toEqual([...log, 3]);
    });
  }

  for (const { commit, applied } of [
    { commit: 1, applied: [1] },
    { commit: 2, applied: [1, 2] },
    { commit: 9, applied: [1, 2, 3] },
  ]) {
    test(`a follower with a commit index of ${commit} applies the entries that it has`, () => {
      const node = new TestNode();
      node.receive("MsgApp", 2n, { term: 1, entries: entriesOf([1, 1, 1]), commit });
      expect(node.applied.map((entry) => entry.index)).toEqual(applied);
    });
  }

  // The follower's log is [1, 2, 2], its first entry committed.
  for (const { name, index, logTerm, want } of [
    { name: "the first entry", index: 1, logTerm: 1, want: { index: 1, reject: false } },
    { name: "the last entry", index: 3, logTerm: 2, want: { index: 3, reject: false } },
    { name: "index 0, which is before the commit index", index: 0, logTerm: 0, want: { index: 1, reject: false } },
    {
      name: "an entry of another term",
      index: 2,
      logTerm: 1,
      want: { index: 2, reject: true, rejectHint: 1, logTerm: 1 },
    },
    {
      name: "an entry beyond its end",
      index: 6,
      logTerm: 2,
      want: { index: 6, reject: true, rejectHint: 3, logTerm: 2 },
    },
  ]) {
    test(`a follower asked to append after ${name} ${want.reject ? "refuses" : "agrees"}`, () => {
      const node = new TestNode({ log: [1, 2, 2], term: 2, commit: 1 });
      expect(node.receive("MsgApp", 2n, { index, logTerm })).toMatchObject([{ type: "MsgAppResp", ...want }]);
    });
  }

  for (const { name, log, previous, terms, after } of [
    { name: "adds new entries", log: [1, 2], previous: [2, 2], terms: [3], after: [1, 2, 3] },
    { name: "keeps entries that it already has", log: [1, 2, 2], previous: [1, 1], terms: [2], after: [1, 2, 2] },
    { name: "replaces conflicting entries", log: [1, 2, 2], previous: [1, 1], terms: [3, 3], after: [1, 3, 3] },
    { name: "replaces its whole log", log: [1, 1], previous: [0, 0], terms: [2], after: [2] },
    {
      name: "keeps matching entries before the conflicting ones",
      log: [1, 1, 2],
      previous: [1, 1],
      terms: [1, 3],
      after: [1, 1, 3],
    },
  ]) {
    test(`a follower ${name}`, () => {
      const [index = 0, logTerm = 0] = previous;
      const node = new TestNode({ log, term: 3 });
      node.receive("MsgApp", 2n, { index, logTerm, entries: entriesOf(terms, index + 1) });
      expect(node.log).toEqual(after);
    });
  }

  // Figure 7, with the leader of term 8.
  for (const [name, log] of Object.entries({
    "a: one entry is missing": [1, 1, 1, 4, 4, 5, 5, 6, 6],
    "b: many entries are missing": [1, 1, 1, 4],
    "c: one extra entry": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6],
    "d: two extra entries of a later term": [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7],
    "e: some entries are missing and some are extra": [1, 1, 1, 4, 4, 4, 4],
    "f: entries of terms that no other log has": [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3],
  })) {
    test(`figure 7, ${name}: the leader brings the follower's log into line`, () => {
      const leaderLog = [1, 1, 1, 4, 4, 5, 5, 6, 6, 6];
      const leader = new TestNode({ log: leaderLog, term: 7 });
      const follower = new TestNode({ id: 2n, log, term: 7 });
      const third = new TestNode({ id: 3n, term: 7 });
      leader.raw.campaign();
      exchange([leader, follower, third]);
      expect(leader.leads).toBe(true);
      expect(follower.log).toEqual([...leaderLog, 8]);
      expect(third.log).toEqual(follower.log);
    });
  }

  test("each rejected probe skips a whole term instead of one entry", () => {
    const leader = new TestNode({ log: Array.from({ length: 50 }, (_, at) => (at < 5 ? 1 : 5)), term: 5 }).lead();
    const rejected = { index: 50, reject: true, rejectHint: 40, logTerm: 2 };
    expect(leader.receive("MsgAppResp", 2n, rejected)).toMatchObject([{ type: "MsgApp", index: 5, logTerm: 1 }]);
  });

  test("an append with a gap, or with an entry of a term above its own, is ignored", () => {
    const node = new TestNode();
    const gap = [...entriesOf([1], 1), ...entriesOf([1], 3)];
    expect(node.receive("MsgApp", 2n, { term: 1, entries: gap })).toEqual([]);
    expect(node.receive("MsgApp", 2n, { term: 1, entries: entriesOf([2]) })).toEqual([]);
    expect(node.log).toEqual([]);
  });
});

describe("paper, 5.4.2: committing entries from previous terms", () => {
  for (const { index, commit } of [
    { index: 1, commit: 0 },
    { index: 2, commit: 0 },
    { index: 3, commit: 3 },
  ]) {
    test(`stored by a majority up to ${index} of terms [1, 2, 3], a leader of term 3 has committed ${commit}`, () => {
      const node = new TestNode({ log: [1, 2], term: 2 }).lead();
      node.receive("MsgAppResp", 2n, { index });
      expect(node.commit).toBe(commit);
    });
  }
});

describe("paper, 7: log compaction", () => {
  test("a follower whose next entry is compacted gets a snapshot, and no other entries until it has it", () => {
    const node = new TestNode({ log: [1, 1, 1], commit: 3, applied: 3 });
    node.storage.createSnapshot(3, undefined, Buffer.from("state"));
    node.storage.compact(3);
    node.lead();
    const refused = { index: 3, reject: true, rejectHint: 0, logTerm: 0 };
    node.receive("MsgHeartbeatResp", 2n);
    const [snapshot] = node.receive("MsgAppResp", 2n, refused);
    expect(snapshot).toMatchObject({ type: "MsgSnap", to: 2n, snapshot: { metadata: { index: 3, term: 1 } } });
    expect(addressed(node.propose("x"))).not.toContain("MsgApp>2");
    expect(node.raw.status().progress.get(2n)).toMatchObject({ state: "StateSnapshot", pendingSnapshot: 3 });
    expect(addressed(node.receive("MsgAppResp", 2n, { index: 3 }))).toEqual(["MsgApp>2"]);
  });

  for (const { outcome, next } of [
    { outcome: "finish", next: 4 },
    { outcome: "failure", next: 1 },
  ] as const) {
    test(`after a snapshot is reported as ${outcome}, the leader probes from ${next}`, () => {
      const node = new TestNode({ log: [1, 1, 1], commit: 3, applied: 3 });
      node.storage.createSnapshot(3, undefined, Buffer.from("state"));
      node.storage.compact(3);
      node.lead();
      node.receive("MsgHeartbeatResp", 2n);
      node.receive("MsgAppResp", 2n, { index: 3, reject: true });
      node.raw.reportSnapshot(2n, outcome);
      expect(node.raw.status().progress.get(2n)).toMatchObject({ state: "StateProbe", next, paused: true });
    });
  }

  test("a follower replaces its log and its configuration by a snapshot", () => {
    const node = new TestNode({ log: [1, 1] });
    const confState = { voters: [1n, 2n], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
    const snapshot = { metadata: { index: 9, term: 2, confState }, data: Buffer.from("state") };
    expect(node.receive("MsgSnap", 2n, { term: 2, snapshot })).toMatchObject([{ type: "MsgAppResp", index: 9 }]);
    expect(node.storage.firstIndex()).toBe(10);
    expect(node.raw.status()).toMatchObject({ commit: 9, applied: 9, config: { voters: [1n, 2n] } });
  });

  test("a snapshot below the commit index is ignored", () => {
    const node = new TestNode({ log: [1, 1], commit: 2 });
    const confState = { voters: [1n, 2n], votersOutgoing: [], learners: [], learnersNext: [], autoLeave: false };
    const snapshot = { metadata: { index: 1, term: 1, confState }, data: Buffer.alloc(0) };
    expect(node.receive("MsgSnap", 2n, { snapshot })).toMatchObject([{ type: "MsgAppResp", index: 2 }]);
    expect(node.log).toEqual([1, 1]);
  });
});

describe("paper, 8: read-only operations", () => {
  test("a single voter answers at once", () => {
    const node = new TestNode({ size: 1 }).lead();
    node.raw.readIndex(Buffer.from("r"));
    node.work();
    expect(node.reads).toEqual(["r@1"]);
  });

  test("a single voter answers no read before it has committed an entry of its term", () => {
    // The voter has stored and acknowledged three entries. The commit index 3 was not stored, as it needs no sync.
    const node = new TestNode({ size: 1, log: [1, 1, 1], term: 1, commit: 1 });
    node.raw.campaign();
    while (!node.leads) {
      node.store(node.raw.ready());
      node.raw.advance();
    }
    expect([node.term, node.commit]).toEqual([2, 1]);
    node.raw.readIndex(Buffer.from("r"));
    node.work();
    expect(node.reads).toEqual(["r@4"]);
  });

  test("a leader with lease-based reads answers without heartbeats", () => {
    const node = new TestNode({ readOnly: "lease-based", checkQuorum: true }).lead();
    node.receive("MsgAppResp", 2n, { index: 1 });
    node.raw.readIndex(Buffer.from("r"));
    expect(addressed(node.work())).toEqual([]);
    expect(node.reads).toEqual(["r@1"]);
  });

  test("an answer to a heartbeat with an unknown read context confirms no read", () => {
    const node = new TestNode().lead();
    node.receive("MsgAppResp", 2n, { index: 1 });
    node.raw.readIndex(Buffer.from("r"));
    node.work();
    for (const context of [Buffer.from("x"), Buffer.alloc(8, 255), Buffer.alloc(9)]) {
      node.receive("MsgHeartbeatResp", 2n, { context });
    }
    expect(node.reads).toEqual([]);
  });
});
