import { expect, test } from "vitest";
import { ManualClock, type RequestId, silentLogger } from "../../../src/base/index.js";
import type { Message, NodeId } from "../../../src/raft/index.js";
import { LogCounters } from "../../../src/server/consensus/log-counters.js";
import { type RaftHandler, RaftNode } from "../../../src/server/consensus/raft-node.js";
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

  constructor(setup: NodeSetup) {
    this.node = new TestNode({ checkQuorum: true, ...setup });
    this.raftNode = new RaftNode({
      node: this.node.raw,
      storage: this.node.storage,
      wal: { save: () => new Promise((resolve) => setImmediate(resolve)) },
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

  #send(messages: readonly Message[]): void {
    for (const { commit, type, to } of messages) {
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
      readStates: () => undefined,
      restored: () => undefined,
      committed: (entries) => {
        this.committed = Math.max(this.committed, entries.at(-1)?.index ?? 0);
        return undefined;
      },
      sendSnapshot: () => undefined,
      refused: (id, reason) => {
        throw new Error(`proposal ${id} is refused: ${reason}`);
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
});
