import { describe, expect, test } from "vitest";
import { type Entry, emptyConfState, entriesSize, MemoryStorage, silentRaftLogger } from "../../src/raft/index.js";
import { RaftLog } from "../../src/raft/log.js";
import { Unstable } from "../../src/raft/unstable.js";
import { entriesOf } from "./kit.js";

const noLimit = Number.POSITIVE_INFINITY;

/** A log with stored entries 1 to 3 (terms 1, 2, 2) and unstored entries 4 and 5 (terms 3, 3). */
function log(maxApplyingBytes = noLimit): RaftLog {
  const storage = new MemoryStorage();
  storage.append(entriesOf([1, 2, 2]));
  const made = new RaftLog(storage, silentRaftLogger, maxApplyingBytes);
  made.append(entriesOf([3, 3], 4));
  return made;
}

/** A log with stored entries 1 to 5, compacted up to 3. */
function compacted(): RaftLog {
  const storage = new MemoryStorage();
  storage.append(entriesOf([1, 2, 2, 3, 3]));
  storage.compact(3);
  return new RaftLog(storage, silentRaftLogger, noLimit);
}

function entriesIn(made: RaftLog): readonly Entry[] {
  const entries = made.entriesFrom(1, noLimit);
  return typeof entries === "string" ? [] : entries;
}

const termsOf = (made: RaftLog): number[] => entriesIn(made).map(({ term }) => term);

describe("RaftLog", () => {
  test("follow() accepts an append only after an entry that the log has", () => {
    expect(log().follow({ index: 5, term: 2 }, entriesOf([4], 6), 0)).toBeUndefined();
    expect(log().follow({ index: 9, term: 3 }, [], 0)).toBeUndefined();
    expect(log().follow({ index: 5, term: 3 }, entriesOf([4], 6), 0)).toBe(6);
  });

  for (const { name, previous, terms, after } of [
    { name: "stored entries", previous: { index: 1, term: 1 }, terms: [4, 4], after: [1, 4, 4] },
    { name: "unstored entries", previous: { index: 4, term: 3 }, terms: [4], after: [1, 2, 2, 3, 4] },
    {
      name: "nothing if the log has all entries",
      previous: { index: 2, term: 2 },
      terms: [2, 3],
      after: [1, 2, 2, 3, 3],
    },
  ]) {
    test(`follow() replaces ${name}`, () => {
      const made = log();
      made.follow(previous, entriesOf(terms, previous.index + 1), 0);
      expect(termsOf(made)).toEqual(after);
    });
  }

  for (const { commit, want } of [
    { commit: 1, want: 1 },
    { commit: 4, want: 4 },
    { commit: 9, want: 4 },
  ]) {
    test(`follow() commits up to ${want} when the leader has ${commit} and the message ends at 4`, () => {
      const made = log();
      made.follow({ index: 3, term: 2 }, entriesOf([3], 4), commit);
      expect(made.committed).toBe(want);
    });
  }

  test("a committed entry is never replaced", () => {
    const made = log();
    made.commitTo(2);
    expect(() => made.follow({ index: 1, term: 1 }, entriesOf([4], 2), 0)).toThrow("conflict with committed entry");
    expect(() => made.append(entriesOf([4], 2))).toThrow("is out of range");
  });

  test("the commit index does not go beyond the log", () => {
    expect(() => log().commitTo(6)).toThrow("Was the raft log corrupted, truncated, or lost?");
  });

  for (const { index, term, want } of [
    { index: 5, term: 3, want: { index: 5, term: 3 } },
    { index: 5, term: 2, want: { index: 3, term: 2 } },
    { index: 4, term: 1, want: { index: 1, term: 1 } },
    { index: 3, term: 0, want: { index: 0, term: 0 } },
    { index: 9, term: 1, want: { index: 9, term: 0 } },
  ]) {
    test(`the search back from ${index} for a term of at most ${term} ends at ${want.index}`, () => {
      expect(log().findConflictByTerm(index, term)).toEqual(want);
    });
  }

  test("the search back ends where terms are no longer known", () => {
    expect(compacted().findConflictByTerm(5, 1)).toEqual({ index: 2, term: 0 });
  });

  test("terms are known from the last compacted entry to the last one", () => {
    const made = compacted();
    expect([2, 3, 4, 5, 6].map((index) => made.termAt(index))).toEqual([undefined, 2, 3, 3, undefined]);
    expect(made.entriesFrom(3, noLimit)).toBe("compacted");
    expect(made.entriesFrom(6, noLimit)).toEqual([]);
  });

  test("a limit in bytes applies to stored and unstored entries together", () => {
    const all = entriesIn(log());
    for (let count = 1; count <= all.length; count++) {
      const room = entriesSize(all.slice(0, count));
      expect(log().entriesFrom(1, room)).toHaveLength(count);
      if (count > 1) expect(log().entriesFrom(1, room - 1)).toHaveLength(count - 1);
    }
    expect(log().entriesFrom(2, 0)).toHaveLength(1);
  });

  test("unstored entries are given out for application only if the caller stores them first", () => {
    const made = log();
    made.commitTo(5);
    expect(made.nextCommitted(true, []).map(({ index }) => index)).toEqual([1, 2, 3]);
    made.unstable.acceptInProgress(1);
    expect(made.nextCommitted(true, []).map(({ index }) => index)).toEqual([1, 2, 3, 4]);
    made.unstable.acceptInProgress();
    expect(made.nextCommitted(true, []).map(({ index }) => index)).toEqual([1, 2, 3, 4, 5]);
    expect(made.nextCommitted(false, []).map(({ index }) => index)).toEqual([1, 2, 3]);
  });

  test("entries are given out up to the limit, and further ones after these are applied", () => {
    const two = entriesSize(entriesOf([1, 2]));
    const made = log(two);
    made.unstable.acceptInProgress();
    made.commitTo(5);
    const first = made.nextCommitted(true, []);
    expect(first.map(({ index }) => index)).toEqual([1, 2]);
    made.acceptApplying(2, entriesSize(first), true);
    expect(made.hasNextCommitted(true)).toBe(false);
    made.appliedTo(2, entriesSize(first));
    expect(made.nextCommitted(true, []).map(({ index }) => index)).toEqual([3, 4]);
  });

  test("no entries are given out while a snapshot is pending", () => {
    const made = log();
    made.commitTo(3);
    made.restore({ metadata: { index: 9, term: 4, confState: emptyConfState }, data: Buffer.alloc(0) });
    expect([made.firstIndex, made.lastIndex, made.committed]).toEqual([10, 9, 9]);
    expect([made.hasNextCommitted(true), made.termAt(9)]).toEqual([false, 4]);
  });

  for (const { applied, fails } of [
    { applied: 1, fails: true },
    { applied: 2, fails: false },
    { applied: 3, fails: false },
    { applied: 4, fails: true },
  ]) {
    test(`with 2 applied and 3 committed, applying up to ${applied} ${fails ? "fails" : "is accepted"}`, () => {
      const made = log();
      made.commitTo(3);
      made.appliedTo(2, 0);
      if (fails) expect(() => made.appliedTo(applied, 0)).toThrow("is out of range");
      else expect(made.appliedTo(applied, 0)).toBeUndefined();
    });
  }
});

describe("the unstable end of the log", () => {
  /** Entries 5 to 7 with terms 1, 1 and 2, of which 5 and 6 are being written. */
  function unstable(): Unstable {
    const made = new Unstable(5, silentRaftLogger);
    made.truncateAndAppend(5, entriesOf([1, 1], 5));
    made.acceptInProgress();
    made.truncateAndAppend(7, entriesOf([2], 7));
    return made;
  }

  const marks = (made: Unstable): number[] => [made.offset, made.inProgressEnd, made.end];

  for (const { name, from, terms, want } of [
    { name: "after the end", from: 8, terms: [2], want: [5, 7, 9] },
    { name: "over entries that are not being written", from: 7, terms: [3, 3], want: [5, 7, 9] },
    { name: "over entries that are being written", from: 6, terms: [3], want: [5, 6, 7] },
    { name: "over all unstored entries", from: 5, terms: [3], want: [5, 5, 6] },
    { name: "also over stored entries", from: 3, terms: [3, 3], want: [3, 3, 5] },
  ]) {
    test(`append ${name}`, () => {
      const made = unstable();
      made.truncateAndAppend(from, entriesOf(terms, from));
      expect(marks(made)).toEqual(want);
      expect(made.nextEntries().map(({ index }) => index)).toEqual(
        Array.from({ length: made.end - made.inProgressEnd }, (_, at) => made.inProgressEnd + at),
      );
    });
  }

  for (const { name, index, term, want } of [
    { name: "some of the entries being written", index: 5, term: 1, want: [6, 7, 8] },
    { name: "all entries being written", index: 6, term: 1, want: [7, 7, 8] },
    { name: "an entry that was overwritten since", index: 6, term: 9, want: [5, 7, 8] },
    { name: "an entry that was stored before", index: 4, term: 1, want: [5, 7, 8] },
    { name: "an entry that no longer exists", index: 9, term: 2, want: [5, 7, 8] },
  ]) {
    test(`stored: ${name}`, () => {
      const made = unstable();
      made.stableTo(index, term);
      expect(marks(made)).toEqual(want);
    });
  }

  test("a snapshot is given out once and dropped when it is stored", () => {
    const made = unstable();
    const snapshot = { metadata: { index: 9, term: 3, confState: emptyConfState }, data: Buffer.alloc(0) };
    made.restore(snapshot);
    expect([made.nextSnapshot, made.lastIndex, made.termAt(9)]).toEqual([snapshot, 9, 3]);
    made.acceptInProgress();
    expect([made.nextSnapshot, made.snapshot]).toEqual([undefined, snapshot]);
    made.stableSnapshotTo(8);
    expect(made.snapshot).toBe(snapshot);
    made.stableSnapshotTo(9);
    expect([made.snapshot, made.lastIndex]).toEqual([undefined, undefined]);
  });
});
