import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMessage, type Entry } from "../../src/raft/index.js";
import { Inflights } from "../../src/raft/inflights.js";
import { Progress } from "../../src/raft/progress.js";
import { addressed, entriesOf, TestNode } from "./kit.js";

const limits = { messages: 3, bytes: 100 };

function progress(match: number, next: number): Progress {
  return new Progress(limits, { match, next, isLearner: false, active: true });
}

describe("the window of messages in flight", () => {
  test("has the messages that were added and not freed, like a plain list", () => {
    const action = fc.oneof(fc.record({ add: fc.nat(30) }), fc.record({ free: fc.nat(40) }));
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const window = new Inflights(5, 60);
        let list: { index: number; bytes: number }[] = [];
        let index = 0;
        for (const step of actions) {
          if ("free" in step) {
            window.freeUpTo(step.free);
            list = list.filter((each) => each.index > step.free);
          } else if (!window.full) {
            index += 2;
            window.add(index, step.add);
            list.push({ index, bytes: step.add });
          }
          const bytes = list.reduce((sum, each) => sum + each.bytes, 0);
          expect([window.count, window.full]).toEqual([list.length, list.length >= 5 || bytes >= 60]);
        }
      }),
    );
  });

  test("refuses messages when it is full", () => {
    const window = new Inflights(9, 10);
    window.add(1, 10);
    expect(() => window.add(2, 0)).toThrow("only while the window has room");
  });
});

describe("progress of a follower", () => {
  for (const { name, match, next, rejected, hint, want } of [
    { name: "the only append in flight", match: 0, next: 10, rejected: 9, hint: 5, want: 6 },
    { name: "an append that is no longer in flight", match: 0, next: 10, rejected: 5, hint: 5, want: 10 },
    { name: "an append with a hint at its own index", match: 0, next: 10, rejected: 9, hint: 9, want: 9 },
    { name: "an append with a hint below the match index", match: 4, next: 10, rejected: 9, hint: 2, want: 5 },
  ]) {
    test(`while probing, a refusal of ${name} makes ${want} the next index`, () => {
      const member = progress(match, next);
      expect(member.maybeStepBack(rejected, hint)).toBe(want !== next);
      expect(member.next).toBe(want);
    });
  }

  for (const { match, rejected, want } of [
    { match: 5, rejected: 5, want: 10 },
    { match: 5, rejected: 4, want: 10 },
    { match: 5, rejected: 9, want: 6 },
  ]) {
    test(`while replicating, a refusal of ${rejected} with match ${match} makes ${want} the next index`, () => {
      const member = progress(match, 10);
      member.becomeReplicate();
      member.sentEntries(4, 0);
      member.maybeStepBack(rejected, 0);
      expect(member.next).toBe(want);
    });
  }

  test("probing pauses after an append with entries, but not after an empty one", () => {
    const member = progress(0, 1);
    member.sentEntries(0, 0);
    expect(member.paused).toBe(false);
    member.sentEntries(1, 1);
    expect(member.paused).toBe(true);
  });

  test("replicating pauses when the window is full, in messages or in bytes", () => {
    const many = progress(0, 1);
    const large = progress(0, 1);
    for (const member of [many, large]) member.becomeReplicate();
    for (let sent = 0; sent < 3; sent++) many.sentEntries(1, 1);
    large.sentEntries(1, 100);
    expect([many.paused, large.paused]).toEqual([true, true]);
    expect([many.view().inflight, large.view().inflight]).toEqual([3, 1]);
  });

  test("an acknowledgement moves the next index after match, and never back", () => {
    const member = progress(3, 5);
    expect([member.maybeUpdate(2), member.maybeUpdate(3)]).toEqual([false, false]);
    expect([member.maybeUpdate(4), member.next]).toEqual([true, 5]);
    expect([member.maybeUpdate(8), member.next]).toEqual([true, 9]);
  });

  test("a commit index is sent again only while it can raise the follower's", () => {
    const member = progress(5, 8);
    member.sentCommit(5);
    expect([member.canBumpCommit(5), member.canBumpCommit(6)]).toEqual([false, true]);
    member.sentCommit(7);
    expect(member.canBumpCommit(9)).toBe(false);
  });
});

describe("replication under flow control", () => {
  test("with a full window only an empty append is sent after each heartbeat answer", () => {
    const node = new TestNode({ maxInflightMessages: 2 }).lead();
    node.receive("MsgAppResp", 2n, { index: 1 });
    const sent = ["a", "b", "c", "d"].flatMap((text) => node.propose(text)).filter(({ to }) => to === 2n);
    expect(sent.map(({ entries }) => entries.length)).toEqual([1, 1]);
    for (let round = 0; round < 3; round++) {
      const again = node.receive("MsgHeartbeatResp", 2n);
      expect(again).toMatchObject([{ type: "MsgApp", to: 2n, entries: [] }]);
      expect(addressed(node.tick()).filter((text) => text === "MsgApp>2")).toEqual([]);
    }
    const freed = node.receive("MsgAppResp", 2n, { index: 3 }).filter(({ to }) => to === 2n);
    expect(freed.flatMap(({ entries }) => entries.map((entry) => entry.index))).toEqual([4, 5]);
  });

  test("an append has entries up to its limit, but at least one", () => {
    const node = new TestNode({ maxSizePerMessage: 0 }).lead();
    for (const text of ["a", "b", "c"]) node.propose(text);
    const sent = node.receive("MsgAppResp", 2n, { index: 1 }).filter(({ to }) => to === 2n);
    expect(sent.filter(({ entries }) => entries.length > 0).map(({ entries }) => entries.length)).toEqual([1, 1, 1]);
  });

  test("a proposal is dropped above the limit of uncommitted bytes, unless nothing is uncommitted", () => {
    const node = new TestNode({ maxUncommittedEntriesSize: 10 }).lead();
    node.receive("MsgAppResp", 2n, { index: 1 });
    node.propose("larger than the limit");
    expect(() => node.propose("x")).toThrow("raft proposal dropped");
    node.receive("MsgAppResp", 2n, { index: 2 });
    for (const text of ["12345", "1234", "1"]) node.propose(text);
    expect(() => node.propose("x")).toThrow("raft proposal dropped");
  });

  test("committed entries are given out in portions, each after the previous one is applied", () => {
    const node = new TestNode({ size: 1, maxCommittedSizePerReady: 1 }).lead();
    for (const text of ["a", "b"]) node.raw.propose(Buffer.from(text));
    node.store(node.raw.ready());
    node.raw.advance();
    for (const expected of ["a", "b"]) {
      const { committedEntries } = node.raw.ready();
      expect(committedEntries.map(({ data }) => Buffer.from(data).toString())).toEqual([expected]);
      node.raw.advance();
    }
    expect(node.raw.hasReady()).toBe(false);
  });

  test("a Ready stores entries up to its limit, and acknowledges, commits and applies no later ones", () => {
    const node = new TestNode({ maxStoredSizePerReady: 250, term: 1 });
    const entries = [1, 2, 3, 4, 5].map((index): Entry => {
      return { term: 1, index, type: "EntryNormal", data: Buffer.alloc(100) };
    });
    node.raw.step(createMessage("MsgApp", 1n, 2n, 1, { entries, commit: 5 }));
    const seen: string[] = [];
    while (node.raw.hasReady()) {
      const ready = node.raw.ready();
      const promised = ready.messages.filter(({ type }) => type === "MsgAppResp").map(({ index }) => index);
      const stored = ready.entries.map(({ index }) => index);
      const applied = ready.committedEntries.map(({ index }) => index);
      seen.push(`stores ${stored} commits ${ready.hardState?.commit} applies ${applied} promises ${promised}`);
      node.store(ready);
      node.raw.advance();
    }
    expect(seen).toEqual([
      "stores 1,2 commits 2 applies 1,2 promises ",
      "stores 3,4 commits 4 applies 3,4 promises ",
      "stores 5 commits 5 applies 5 promises 5",
    ]);
  });

  test("a Ready ends before a long entry that follows shorter ones", () => {
    const node = new TestNode({ longEntrySize: 100, term: 1 });
    const entries = [1, 1, 100, 200, 1, 100].map((bytes, at): Entry => {
      return { term: 1, index: at + 1, type: "EntryNormal", data: Buffer.alloc(bytes) };
    });
    node.raw.step(createMessage("MsgApp", 1n, 2n, 1, { entries }));
    const stored: number[][] = [];
    while (node.raw.hasReady()) {
      const ready = node.raw.ready();
      if (ready.entries.length > 0) stored.push(ready.entries.map(({ index }) => index));
      node.store(ready);
      node.raw.advance();
    }
    expect(stored).toEqual([[1, 2], [3, 4, 5], [6]]);
  });

  test("a single voter commits each part of its entries as soon as it is stored", () => {
    const node = new TestNode({ size: 1, maxStoredSizePerReady: 250 }).lead();
    for (let count = 0; count < 4; count++) node.raw.propose(Buffer.alloc(100));
    const commits: number[] = [];
    while (node.raw.hasReady()) {
      node.store(node.raw.ready());
      node.raw.advance();
      commits.push(node.commit);
    }
    expect(commits.slice(0, 2)).toEqual([3, 5]);
  });

  test("an acknowledgement does not wait for entries that were truncated", () => {
    const node = new TestNode({ maxStoredSizePerReady: 1, term: 1 });
    const entries = (term: number, count: number): Entry[] =>
      entriesOf(Array.from({ length: count }, () => term)).map((entry) => ({ ...entry, data: Buffer.alloc(9) }));
    node.raw.step(createMessage("MsgApp", 1n, 2n, 1, { entries: entries(1, 5) }));
    node.raw.step(createMessage("MsgApp", 1n, 3n, 2, { entries: entries(2, 2) }));
    const answers = node.work().filter(({ type }) => type === "MsgAppResp");
    expect(answers.map(({ to, term, index }) => `${to}: ${index} in term ${term}`)).toEqual([
      "2: 5 in term 1",
      "3: 2 in term 2",
    ]);
    expect(node.log).toEqual([2, 2]);
  });
});
