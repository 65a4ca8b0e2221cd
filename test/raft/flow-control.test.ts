import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Inflights } from "../../src/raft/inflights.js";
import { Progress } from "../../src/raft/progress.js";
import { addressed, TestNode } from "./kit.js";

const limits = { messages: 3, bytes: 100 };

function progress(match: number, next: number): Progress {
  return new Progress(limits, { match, next, isLearner: false, active: true });
}

describe("the window of messages on their way", () => {
  test("holds what was added and not yet freed, like a plain list", () => {
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

  test("takes nothing once it is full", () => {
    const window = new Inflights(9, 10);
    window.add(1, 10);
    expect(() => window.add(2, 0)).toThrow("only while the window has room");
  });
});

describe("progress of a follower", () => {
  for (const { name, match, next, rejected, hint, want } of [
    { name: "the only append out", match: 0, next: 10, rejected: 9, hint: 5, want: 6 },
    { name: "an append no longer out", match: 0, next: 10, rejected: 5, hint: 5, want: 10 },
    { name: "an append, with a hint behind it", match: 0, next: 10, rejected: 9, hint: 9, want: 9 },
    { name: "an append, with a hint before what matches", match: 4, next: 10, rejected: 9, hint: 2, want: 5 },
  ]) {
    test(`while probing, refusing ${name} makes ${want} the next entry`, () => {
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
    test(`while replicating, refusing ${rejected} with ${match} matched makes ${want} the next entry`, () => {
      const member = progress(match, 10);
      member.becomeReplicate();
      member.sentEntries(4, 0);
      member.maybeStepBack(rejected, 0);
      expect(member.next).toBe(want);
    });
  }

  test("probing pauses with the first append that holds entries, an empty one does not", () => {
    const member = progress(0, 1);
    member.sentEntries(0, 0);
    expect(member.paused).toBe(false);
    member.sentEntries(1, 1);
    expect(member.paused).toBe(true);
  });

  test("replicating pauses when the window is full of messages, or of bytes", () => {
    const many = progress(0, 1);
    const large = progress(0, 1);
    for (const member of [many, large]) member.becomeReplicate();
    for (let sent = 0; sent < 3; sent++) many.sentEntries(1, 1);
    large.sentEntries(1, 100);
    expect([many.paused, large.paused]).toEqual([true, true]);
    expect([many.view().inflight, large.view().inflight]).toEqual([3, 1]);
  });

  test("an acknowledgement moves next with match, and never back", () => {
    const member = progress(3, 5);
    expect([member.maybeUpdate(2), member.maybeUpdate(3)]).toEqual([false, false]);
    expect([member.maybeUpdate(4), member.next]).toEqual([true, 5]);
    expect([member.maybeUpdate(8), member.next]).toEqual([true, 9]);
  });

  test("a commit index is sent again only while it may move the follower's", () => {
    const member = progress(5, 8);
    member.sentCommit(5);
    expect([member.canBumpCommit(5), member.canBumpCommit(6)]).toEqual([false, true]);
    member.sentCommit(7);
    expect(member.canBumpCommit(9)).toBe(false);
  });
});

describe("replication under flow control", () => {
  test("through a full window only an empty append passes, once per heartbeat answer", () => {
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

  test("an append holds entries up to its limit, but one at least", () => {
    const node = new TestNode({ maxSizePerMessage: 0 }).lead();
    for (const text of ["a", "b", "c"]) node.propose(text);
    const sent = node.receive("MsgAppResp", 2n, { index: 1 }).filter(({ to }) => to === 2n);
    expect(sent.filter(({ entries }) => entries.length > 0).map(({ entries }) => entries.length)).toEqual([1, 1, 1]);
  });

  test("proposals wait for none when nothing is uncommitted, and are dropped past the limit", () => {
    const node = new TestNode({ maxUncommittedEntriesSize: 10 }).lead();
    node.receive("MsgAppResp", 2n, { index: 1 });
    node.propose("larger than the limit");
    expect(() => node.propose("x")).toThrow("raft proposal dropped");
    node.receive("MsgAppResp", 2n, { index: 2 });
    for (const text of ["12345", "1234", "1"]) node.propose(text);
    expect(() => node.propose("x")).toThrow("raft proposal dropped");
  });

  test("committed entries come in portions, each after the one before is applied", () => {
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
});
