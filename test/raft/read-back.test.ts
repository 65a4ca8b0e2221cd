import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Entry, emptyConfState, LogOutline, MemoryStorage, StorageError } from "../../src/raft/index.js";
import { createMessage } from "../../src/raft/message.js";
import type { Message, Ready } from "../../src/raft/types.js";
import { entriesOf, TestNode } from "./kit.js";

const noLimit = Number.POSITIVE_INFINITY;
/** Memory for one entry, whatever its length. */
const oneEntry = 1;

/** A storage that has been given entries of these terms, and has the last of them in memory. */
function storageOf(terms: readonly number[], first = 1): MemoryStorage {
  const made = new MemoryStorage(oneEntry);
  made.append(entriesOf(terms, first));
  return made;
}

function indexesOr(read: () => readonly Entry[]): string {
  try {
    return read()
      .map(({ index, term }) => `${index}/${term}`)
      .join(" ");
  } catch (error) {
    if (error instanceof StorageError) return error.kind;
    throw error;
  }
}

describe("a storage with a bound in bytes", () => {
  test("keeps the newest entries, and the terms of all", () => {
    const made = storageOf([1, 1, 2, 5, 5]);
    expect([made.firstIndex(), made.firstInMemory(), made.lastIndex()]).toEqual([1, 5, 5]);
    expect([0, 1, 2, 3, 4, 5].map((index) => made.term(index))).toEqual([0, 1, 1, 2, 5, 5]);
    expect(indexesOr(() => made.entries(5, 6, noLimit))).toBe("5/5");
    expect(indexesOr(() => made.entries(4, 6, noLimit))).toBe("notInMemory");
    expect(indexesOr(() => made.entries(0, 6, noLimit))).toBe("compacted");
  });

  for (const { name, change, read, want } of [
    { name: "an intact part", change: () => undefined, read: [2, 6], want: "2/1 3/2 4/5" },
    {
      name: "a part that is cut",
      change: (made: MemoryStorage) => made.append(entriesOf([6], 4)),
      read: [2, 5],
      want: "2/1 3/2",
    },
    {
      name: "a part that is compacted",
      change: (made: MemoryStorage) => made.compact(2),
      read: [3, 6],
      want: "3/2 4/5",
    },
    { name: "a part that is gone", change: (made: MemoryStorage) => made.compact(2), read: [2, 6], want: "compacted" },
    {
      name: "a part that a snapshot replaced",
      change: (made: MemoryStorage) => {
        made.applySnapshot({ metadata: { index: 9, term: 7, confState: emptyConfState }, data: Buffer.alloc(0) });
      },
      read: [2, 6],
      want: "compacted",
    },
  ] as const) {
    for (const when of ["before", "after"]) {
      test(`returns ${name} that was read back ${when} the change`, () => {
        const made = storageOf([1, 1, 2, 5, 5]);
        const stored = entriesOf([1, 1, 2, 5]);
        if (when === "before") made.readBack(stored);
        change(made);
        if (when === "after") made.readBack(stored);
        expect(indexesOr(() => made.entries(read[0], read[1], noLimit))).toBe(want);
      });
    }
  }

  test("drops what was read back first when it has read too much", () => {
    const made = new MemoryStorage(oneEntry);
    const data = Buffer.alloc(1024 * 1024);
    const stored = entriesOf(Array<number>(40).fill(1)).map((entry) => ({ ...entry, data }));
    made.append(stored);
    for (let first = 0; first < 40; first += 4) made.readBack(stored.slice(first, first + 4));
    expect(indexesOr(() => made.entries(1, 2, noLimit))).toBe("notInMemory");
    expect(indexesOr(() => made.entries(38, 39, noLimit))).toBe("38/1");
  });
});

describe("the outline of a log", () => {
  test("knows terms, conf changes and bytes of any log, whatever is cut or compacted", () => {
    const action = fc.oneof(
      fc.record({ add: fc.integer({ min: 1, max: 30 }), bytes: fc.integer({ min: 0, max: 90_000 }) }),
      fc.record({ cut: fc.nat(40) }),
      fc.record({ compact: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        const outline = new LogOutline({ index: 0, term: 0 });
        let [compacted, term, model]: [number, number, Entry[]] = [0, 1, []];
        const sum = (entries: readonly Entry[]) => entries.reduce((all, { data }) => all + data.length + 200, 0);
        for (const step of actions) {
          const end = compacted + model.length + 1;
          if ("add" in step) {
            const data = Buffer.alloc(step.bytes);
            for (let at = 0; at < step.add; at++) {
              const type = at % 7 === 3 ? "EntryConfChange" : "EntryNormal";
              const entry: Entry = { term, index: end + at, type, data };
              outline.add(entry);
              model.push(entry);
            }
          } else if ("cut" in step) {
            const from = Math.max(compacted + 1, end - step.cut);
            const gone = model.filter(({ index }) => index >= from);
            outline.cutFrom(from, sum(gone.slice(-10)));
            model = model.filter(({ index }) => index < from);
            term++;
          } else {
            const upTo = Math.min(end - 1, compacted + step.compact);
            if (upTo === compacted) continue;
            outline.compact(upTo);
            model = model.filter(({ index }) => index > upTo);
            compacted = upTo;
          }
          expect([outline.first, outline.end]).toEqual([compacted + 1, compacted + 1 + model.length]);
          expect(model.map(({ index }) => outline.termAt(index))).toEqual(model.map((entry) => entry.term));
          for (const low of [compacted + 1, compacted + 5]) {
            const inRange = model.filter(
              ({ index, type }) => index >= low && index < low + 6 && type !== "EntryNormal",
            );
            expect(outline.hasConfChange(low, low + 6)).toBe(inRange.length > 0);
          }
        }
      }),
    );
  });

  test("counts bytes to about 512 KiB", () => {
    const outline = new LogOutline({ index: 0, term: 0 });
    const mebibyte = 1024 * 1024;
    for (const entry of entriesOf(Array<number>(10_000).fill(1))) outline.add({ ...entry, data: Buffer.alloc(824) });
    const near = (bytes: number, want: number) => expect(Math.abs(bytes - want)).toBeLessThanOrEqual(512 * 1024);
    near(outline.bytes, 10_240_000);
    near(outline.bytesAfter(4_000), 6_144_000);
    near((10_000 - outline.firstWithin(2 * mebibyte, 10_000)) * 1024, 2 * mebibyte);
    expect(outline.firstWithin(0, 10_000)).toBe(10_001);
    outline.compact(5_000);
    near(outline.bytes, 5_120_000);
    outline.cutFrom(9_001, 0);
    near(outline.bytes, 4_096_000);
  });
});

/** A leader of three with a log of 20 entries, of which it has the last in memory. The second member has them all. */
function leaderOf20(): TestNode {
  const node = new TestNode({ log: Array<number>(19).fill(1), memoryBytes: oneEntry, maxSizePerMessage: 0 }).lead();
  node.receive("MsgAppResp", 2n, { index: 20 });
  return node;
}

/** Carries out all Readys. @returns the reads that they ask for */
function readsOf(node: TestNode, act: () => void): { reads: number[]; sent: Message[] } {
  act();
  const reads: number[] = [];
  const sent: Message[] = [];
  while (node.raw.hasReady()) {
    const ready: Ready = node.raw.ready();
    node.store(ready);
    reads.push(...ready.reads);
    sent.push(...ready.messages);
    node.raw.advance();
  }
  return { reads, sent };
}

const appends = (sent: readonly Message[]): string[] =>
  sent.filter(({ type, to }) => type === "MsgApp" && to === 3n).map((each) => each.entries.map((e) => e.index).join());

/** An answer of the third member, whose log ends at `index`, to the probe at the end of the leader's log. */
function behind(node: TestNode, index: number): void {
  const { term } = node;
  const body = { index: 19, reject: true, rejectHint: index, logTerm: 1 };
  node.raw.step(createMessage("MsgAppResp", 1n, 3n, term, body));
}

describe("a leader whose older entries are on disk only", () => {
  test("asks for them once, however often the follower answers, and sends them when they are there", () => {
    const node = leaderOf20();
    const first = readsOf(node, () => behind(node, 4));
    expect([first.reads, appends(first.sent)]).toEqual([[5], []]);
    const again = readsOf(node, () => node.raw.step(createMessage("MsgHeartbeatResp", 1n, 3n, node.term, {})));
    expect([again.reads, appends(again.sent)]).toEqual([[], []]);
    node.storage.readBack(entriesOf(Array<number>(3).fill(1), 5));
    const sent = readsOf(node, () => node.raw.entriesRead(5));
    // A follower that is probed gets one append until it answers.
    expect([sent.reads, appends(sent.sent)]).toEqual([[], ["5"]]);
    const rest = readsOf(node, () => node.raw.step(createMessage("MsgAppResp", 1n, 3n, node.term, { index: 5 })));
    expect([rest.reads, appends(rest.sent)]).toEqual([[8], ["6", "7"]]);
  });

  test("goes on with the next entries when the read brought nothing new", () => {
    const node = leaderOf20();
    expect(readsOf(node, () => behind(node, 4)).reads).toEqual([5]);
    expect(readsOf(node, () => node.raw.entriesRead(5)).reads).toEqual([5]);
  });

  test("sends a snapshot when they were compacted while they were read", () => {
    const node = leaderOf20();
    expect(readsOf(node, () => behind(node, 4)).reads).toEqual([5]);
    node.storage.createSnapshot(15, undefined, Buffer.alloc(0));
    node.storage.compact(10);
    const { sent } = readsOf(node, () => node.raw.entriesRead(5));
    expect(sent.map(({ type, to }) => [type, to])).toEqual([["MsgSnap", 3n]]);
  });

  test("forgets the read when it does not lead any more", () => {
    const node = leaderOf20();
    expect(readsOf(node, () => behind(node, 4)).reads).toEqual([5]);
    readsOf(node, () => node.raw.step(createMessage("MsgHeartbeat", 1n, 2n, node.term + 1, {})));
    node.storage.readBack(entriesOf([1, 1], 5));
    expect(readsOf(node, () => node.raw.entriesRead(5))).toEqual({ reads: [], sent: [] });
  });
});

describe("a member whose committed entries are on disk only", () => {
  const member = (log: number[]) => new TestNode({ log, memoryBytes: oneEntry, maxSizePerMessage: noLimit });

  test("applies them in order when they have been read", () => {
    const node = member([1, 1, 1, 1, 1]);
    const commit = () => node.raw.step(createMessage("MsgHeartbeat", 1n, 2n, 1, { commit: 5 }));
    expect(readsOf(node, commit).reads).toEqual([1]);
    expect(readsOf(node, () => node.raw.tick())).toEqual({ reads: [], sent: [] });
    node.storage.readBack(entriesOf([1, 1]));
    expect(readsOf(node, () => node.raw.entriesRead(1)).reads).toEqual([3]);
    expect(node.applied.map(({ index }) => index)).toEqual([1, 2]);
    node.storage.readBack(entriesOf([1, 1], 3));
    expect(readsOf(node, () => node.raw.entriesRead(3)).reads).toEqual([]);
    expect(node.applied.map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
  });

  for (const { type, campaigns } of [
    { type: "EntryNormal", campaigns: true },
    { type: "EntryConfChange", campaigns: false },
  ] as const) {
    test(`${campaigns ? "campaigns" : "does not campaign"} with an unapplied ${type} among them`, () => {
      const node = new TestNode({ memoryBytes: oneEntry, reportsApplied: true });
      const entries = entriesOf([1, 1, 1]).map((entry) => (entry.index === 2 ? { ...entry, type } : entry));
      readsOf(node, () => {
        node.raw.step(createMessage("MsgApp", 1n, 2n, 1, { entries, commit: 3 }));
      });
      const { sent } = readsOf(node, () => node.raw.campaign());
      expect(sent.map((each) => each.type)).toEqual(campaigns ? ["MsgVote", "MsgVote"] : []);
    });
  }
});
