import { expect, test } from "vitest";
import { ManualClock, type RequestId, silentLogger } from "../../../src/base/index.js";
import type { Message, NodeId } from "../../../src/raft/index.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import type { RaftHandler } from "../../../src/server/consensus/raft-handler.js";
import { raftLimits } from "../../../src/server/consensus/raft-limits.js";
import { RaftNode } from "../../../src/server/consensus/raft-node.js";
import { type NodeSetup, TestNode } from "../../raft/kit.js";
import { settle } from "../virtual/settle.js";

/** A member's raft loop on a virtual clock, with a disk whose writes the test completes, and a recorded network. */
class Loop {
  readonly clock = new ManualClock();
  /** Messages whose commit index was sent before the handler was told of it. */
  readonly early: string[] = [];
  readonly node: TestNode;
  readonly raftNode: RaftNode;
  /** The commit index that the handler has been told of. */
  committed = 0;
  /** The highest commit index in a message. */
  told = 0;
  /** The context of the latest heartbeat. */
  round: Uint8Array = Buffer.alloc(0);
  /** The messages sent, the reads answered and the entries handed over, in order. */
  readonly events: string[] = [];
  /** The refused proposals, each with its reason. */
  readonly refused: string[] = [];
  /** The writes that the disk has not completed while it is `held`. */
  readonly writes: (() => void)[] = [];
  held = false;

  constructor(setup: NodeSetup) {
    this.node = new TestNode({ checkQuorum: true, ...setup });
    this.raftNode = new RaftNode({
      node: this.node.raw,
      storage: this.node.storage,
      wal: { save: () => this.#save(), read: async () => [] },
      clock: this.clock,
      tickMs: 100,
      handler: this.#handler(),
      network: { send: (messages) => this.#send(messages) },
      logger: silentLogger,
      counters: new LogCounters(),
    });
  }

  async step(message: Partial<Message> & Pick<Message, "type" | "from">): Promise<void> {
    const { term } = this.node.raw.basicStatus();
    const blank = { index: 0, logTerm: 0, entries: [], commit: 0, vote: 0n, reject: false, rejectHint: 0 };
    const rest = { snapshot: undefined, context: new Uint8Array(0), responses: [] };
    this.raftNode.step({ ...blank, ...rest, to: 1n, term, ...message });
    await settle();
  }

  /** Makes the member the leader by the vote of `other`. */
  async lead(other: NodeId): Promise<void> {
    this.raftNode.campaign();
    await settle();
    await this.step({ type: "MsgVoteResp", from: other });
  }

  /** Completes the oldest held write. */
  async stored(): Promise<void> {
    this.writes.shift()?.();
    await settle();
  }

  #save(): Promise<void> {
    return new Promise((resolve) => {
      if (this.held) this.writes.push(resolve);
      else setImmediate(resolve);
    });
  }

  #send(messages: readonly Message[]): void {
    for (const { commit, type, to, context } of messages) {
      if (type === "MsgHeartbeat") this.round = context;
      this.events.push(`${type} to ${to}`);
      this.told = Math.max(this.told, commit);
      if (commit > this.committed) this.early.push(`${type} to ${to} with commit ${commit}, known ${this.committed}`);
    }
  }

  #handler(): RaftHandler {
    return {
      beforeReady: () => undefined,
      leaderNews: () => undefined,
      commitMoved: (index) => {
        this.committed = index;
      },
      readStates: (states) => {
        for (const { index, context } of states) this.events.push(`${Buffer.from(context)} at ${index}`);
      },
      restored: () => undefined,
      committed: (entries) => {
        this.committed = Math.max(this.committed, entries.at(-1)?.index ?? 0);
        this.events.push(`apply ${entries.map(({ index }) => index)}`);
        return undefined;
      },
      sendSnapshot: () => undefined,
      refused: (id, reason) => {
        this.refused.push(`${id} ${reason}`);
      },
      isRemoved: () => false,
      tick: () => undefined,
      failed: (error) => {
        throw error;
      },
    };
  }
}

test("a leader's own handler learns a commit index before other members do", async () => {
  const loop = new Loop({ size: 3 });
  await loop.lead(2n);
  const { commit, term } = loop.node.raw.basicStatus();
  for (let index = commit + 1; index < 20; index++) {
    loop.raftNode.propose(1n as RequestId, Buffer.from("x"));
    await settle();
    // The quorum's answer arrives together with the next proposal, so the loop has a write to make as well.
    loop.raftNode.propose(2n as RequestId, Buffer.from("y"));
    await loop.step({ type: "MsgAppResp", from: 2n, index, term });
  }
  expect(loop.told).toBeGreaterThan(10);
  expect(loop.early).toEqual([]);
  expect(loop.refused).toEqual([]);
});

test("proposals of one turn of the event loop leave in one append to each follower", async () => {
  const loop = new Loop({ size: 3 });
  await loop.lead(2n);
  const { term } = loop.node.raw.basicStatus();
  for (const from of [2n, 3n]) await loop.step({ type: "MsgAppResp", from, index: 1, term });
  loop.events.length = 0;
  for (const id of [1n, 2n, 3n]) loop.raftNode.propose(id as RequestId, Buffer.from("x"));
  await settle();
  expect(loop.events.filter((event) => event.startsWith("MsgApp"))).toEqual(["MsgApp to 2", "MsgApp to 3"]);
  await loop.step({ type: "MsgAppResp", from: 2n, index: 4, term });
  expect(loop.events).toContain("apply 2,3,4");
  expect(loop.refused).toEqual([]);
});

test("a follower forwards the proposals of one turn of the event loop in one message", async () => {
  const loop = new Loop({ size: 3 });
  await loop.step({ type: "MsgHeartbeat", from: 2n, term: 1 });
  for (const id of [1n, 2n, 3n]) loop.raftNode.propose(id as RequestId, Buffer.from("x"));
  await settle();
  expect(loop.events.filter((event) => event.startsWith("MsgProp"))).toEqual(["MsgProp to 2"]);
});

test("of the proposals of one turn only those are refused that raft does not take", async () => {
  const loop = new Loop({ size: 3, maxUncommittedEntriesSize: 10 });
  await loop.lead(2n);
  const { term } = loop.node.raw.basicStatus();
  const propose = (id: bigint, bytes: number): void => loop.raftNode.propose(id as RequestId, Buffer.alloc(bytes));
  propose(1n, 6);
  await settle();
  propose(2n, 6);
  propose(3n, 2);
  await settle();
  expect(loop.refused).toEqual(["2 tooManyRequests"]);
  await loop.step({ type: "MsgAppResp", from: 2n, index: 3, term });
  expect(loop.committed).toBe(3);
});

test("a proposal precedes the transfer of the leadership that was asked for after it", async () => {
  const loop = new Loop({ size: 3 });
  await loop.lead(2n);
  loop.raftNode.propose(1n as RequestId, Buffer.from("x"));
  loop.raftNode.transferLeadership(2n);
  await settle();
  expect(loop.refused).toEqual([]);
});

const long = Buffer.alloc(raftLimits.longEntrySize);

test("while a leader stores a long entry, it answers reads, and applies what is stored", async () => {
  const loop = new Loop({ size: 3, reportsApplied: true, longEntrySize: long.length });
  await loop.lead(2n);
  loop.held = true;
  loop.raftNode.propose(1n as RequestId, Buffer.from("short"));
  loop.raftNode.propose(2n as RequestId, long);
  await settle();
  // The short entry is stored without the long one, which is being stored now.
  await loop.stored();
  expect(loop.writes).toHaveLength(1);
  loop.events.length = 0;
  await loop.step({ type: "MsgAppResp", from: 2n, index: 2 });
  expect(loop.events).toContain("apply 1,2");
  loop.raftNode.readIndex(Buffer.from("read"));
  await settle();
  await loop.step({ type: "MsgHeartbeatResp", from: 3n, context: loop.round });
  expect(loop.events).toContain("read at 2");
  expect(loop.events.filter((event) => event.startsWith("apply"))).toEqual(["apply 1,2"]);
  // Followers may store the long entry before the leader has: then it is committed, but not applied here.
  await loop.step({ type: "MsgAppResp", from: 2n, index: 3 });
  await loop.step({ type: "MsgAppResp", from: 3n, index: 3 });
  expect(loop.events).not.toContain("apply 3");
  await loop.stored();
  expect(loop.events).toContain("apply 3");
  expect(loop.early).toEqual([]);
});

test("while a follower stores a long entry, it answers heartbeats, and promises nothing", async () => {
  const loop = new Loop({ size: 3, term: 1, reportsApplied: true, longEntrySize: long.length });
  loop.held = true;
  const entry = (index: number, data: Buffer) => ({ index, term: 1, type: "EntryNormal" as const, data });
  await loop.step({ type: "MsgApp", from: 2n, entries: [entry(1, long)] });
  await loop.step({ type: "MsgApp", from: 2n, index: 1, logTerm: 1, entries: [entry(2, Buffer.from("short"))] });
  await loop.step({ type: "MsgHeartbeat", from: 2n, context: Buffer.from("read") });
  expect(loop.events).toEqual(["MsgHeartbeatResp to 2"]);
  // A vote in another term has to wait until that term is stored.
  await loop.step({ type: "MsgHeartbeat", from: 3n, term: 2 });
  expect(loop.events).toEqual(["MsgHeartbeatResp to 2"]);
  loop.held = false;
  await loop.stored();
  expect(loop.events.filter((event) => event === "MsgHeartbeatResp to 3")).toHaveLength(1);
  expect(loop.events.some((event) => event.startsWith("MsgAppResp"))).toBe(true);
});

test("a write that takes very long stops reads, as that of a disk that hangs", async () => {
  const loop = new Loop({ size: 3, term: 1, reportsApplied: true, longEntrySize: long.length });
  loop.held = true;
  const entry = { index: 1, term: 1, type: "EntryNormal" as const, data: long };
  await loop.step({ type: "MsgApp", from: 2n, entries: [entry] });
  loop.clock.advance(1_500);
  await loop.step({ type: "MsgHeartbeat", from: 2n });
  expect(loop.events).toEqual([]);
});
