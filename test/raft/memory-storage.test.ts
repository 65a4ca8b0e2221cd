import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { EntryWindow } from "../../src/raft/entry-window.js";
import { type Entry, emptyConfState, entriesSize, MemoryStorage, StorageError } from "../../src/raft/index.js";
import { entriesOf } from "./kit.js";

/** A storage that is compacted up to 3 (term 3), with entries 4 to 6 of terms 4, 5 and 6. */
function storage(): MemoryStorage {
  const made = new MemoryStorage();
  made.append(entriesOf([1, 2, 3, 4, 5, 6]));
  made.compact(3);
  return made;
}

/** The result of a call, or the kind of its error. */
function answer<T>(ask: () => T): T | string {
  try {
    return ask();
  } catch (error) {
    if (error instanceof StorageError) return error.kind;
    throw error;
  }
}

const indexes = (made: MemoryStorage): number[] =>
  made.entries(made.firstIndex(), made.lastIndex() + 1, Number.POSITIVE_INFINITY).map(({ index }) => index);

describe("MemoryStorage", () => {
  for (const [index, want] of [
    [2, "compacted"],
    [3, 3],
    [4, 4],
    [6, 6],
    [7, "unavailable"],
  ] as const) {
    test(`term(${index}) is ${want}`, () => expect(answer(() => storage().term(index))).toBe(want));
  }

  const size = entriesSize(entriesOf([4, 5, 6], 4));
  for (const [low, high, maxBytes, want] of [
    [2, 6, Number.POSITIVE_INFINITY, "compacted"],
    [3, 4, Number.POSITIVE_INFINITY, "compacted"],
    [4, 5, Number.POSITIVE_INFINITY, [4]],
    [4, 7, Number.POSITIVE_INFINITY, [4, 5, 6]],
    [4, 7, size, [4, 5, 6]],
    [4, 7, size - 1, [4, 5]],
    [4, 7, 0, [4]],
    [5, 5, 0, []],
  ] as const) {
    test(`entries(${low}, ${high}, ${maxBytes}) are ${want}`, () => {
      const got = answer(() => storage().entries(low, high, maxBytes));
      expect(typeof got === "string" ? got : got.map(({ index }) => index)).toEqual(want);
    });
  }

  for (const [name, terms, first, want] of [
    ["all entries", [4, 5, 6], 4, [4, 5, 6]],
    ["a later tail", [4, 7], 4, [4, 7]],
    ["compacted and later entries", [1, 2, 3, 4, 9], 1, [4, 9]],
    ["a middle", [8], 5, [4, 8]],
    ["what follows", [6, 7], 7, [4, 5, 6, 6, 7]],
    ["only compacted entries", [1, 2], 1, [4, 5, 6]],
  ] as const) {
    test(`append() of ${name} leaves terms ${want}`, () => {
      const made = storage();
      made.append(entriesOf(terms, first));
      expect(made.entries(4, made.lastIndex() + 1, Number.POSITIVE_INFINITY).map(({ term }) => term)).toEqual(want);
    });
  }

  test("append() refuses a gap", () => {
    expect(() => storage().append(entriesOf([9], 8))).toThrow("without a gap");
  });

  test("entries that were read do not change when the log changes", () => {
    const made = storage();
    const before = made.entries(4, 7, Number.POSITIVE_INFINITY);
    made.append(entriesOf([9, 9], 5));
    made.compact(5);
    expect(before.map(({ term }) => term)).toEqual([4, 5, 6]);
  });

  for (const [index, want] of [
    [2, "compacted"],
    [3, "compacted"],
    [4, [5, 6]],
    [6, []],
  ] as const) {
    test(`compact(${index}) leaves ${want}`, () => {
      const made = storage();
      expect(answer(() => made.compact(index)) ?? indexes(made)).toEqual(want);
    });
  }

  test("a snapshot must be at an entry of the log, and not older than the last one", () => {
    const made = storage();
    const confState = { ...emptyConfState, voters: [1n] };
    expect(made.createSnapshot(5, confState, Buffer.from("x")).metadata).toEqual({ index: 5, term: 5, confState });
    expect(made.createSnapshot(6, undefined, Buffer.from("y")).metadata.confState).toBe(confState);
    expect(answer(() => made.createSnapshot(5, undefined, Buffer.from("z")))).toBe("snapshotOutOfDate");
    expect(indexes(made)).toEqual([4, 5, 6]);
  });

  test("a received snapshot replaces the whole log, and an older one is refused", () => {
    const made = storage();
    const snapshot = (index: number) => ({
      metadata: { index, term: 7, confState: emptyConfState },
      data: Buffer.alloc(0),
    });
    made.applySnapshot(snapshot(20));
    expect([made.firstIndex(), made.lastIndex(), made.term(20)]).toEqual([21, 20, 7]);
    expect(answer(() => made.applySnapshot(snapshot(19)))).toBe("snapshotOutOfDate");
  });
});

describe("the memory of the entries", () => {
  const large = (terms: readonly number[], first = 1): Entry[] =>
    entriesOf(terms, first).map((entry) => ({ ...entry, data: Buffer.alloc(10_000) }));

  test("is counted when entries are appended, overwritten, compacted or replaced", () => {
    const storage = new MemoryStorage();
    const one = (): number => storage.heldBytes / (storage.lastIndex() - storage.firstIndex() + 1);
    storage.append(large([1, 1, 1, 1, 1]));
    const each = one();
    expect(each).toBeGreaterThan(10_000);
    storage.append(large([2, 2], 4));
    expect(one()).toBe(each);
    storage.compact(3);
    expect(one()).toBe(each);
    storage.append(large([2, 2, 2], 2));
    expect([one(), storage.firstIndex(), storage.lastIndex()]).toEqual([each, 4, 4]);
    storage.applySnapshot({ metadata: { index: 9, term: 2, confState: emptyConfState }, data: Buffer.alloc(0) });
    expect(storage.heldBytes).toBe(0);
  });

  test("tells how many of the last entries fit into a number of bytes", () => {
    const storage = new MemoryStorage();
    storage.append(large([1, 1, 1, 1, 1]).map((entry) => ({ ...entry, data: Buffer.alloc(300_000) })));
    storage.compact(1);
    expect([0, 750_000, 10_000_000].map((bytes) => storage.firstWithin(bytes, 4))).toEqual([5, 3, 2]);
  });
});

describe("a window of entries", () => {
  test("has the same entries as a plain list", () => {
    const action = fc.oneof(
      fc.record({ push: fc.integer({ min: 1, max: 2000 }) }),
      fc.record({ drop: fc.nat(2000) }),
      fc.record({ truncate: fc.nat(500) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 30 }), (actions) => {
        const window = new EntryWindow(1);
        let first = 1;
        let end = 1;
        for (const step of actions) {
          if ("push" in step) {
            window.push(
              entriesOf(
                Array.from({ length: step.push }, () => 1),
                end,
              ),
            );
            end += step.push;
          } else if ("drop" in step) {
            first = Math.min(end, first + step.drop);
            window.dropBefore(first);
          } else {
            end = Math.max(first, end - step.truncate);
            window.truncate(end);
          }
          expect([window.first, window.end, window.length]).toEqual([first, end, end - first]);
          expect([window.at(first - 1), window.at(end)]).toEqual([undefined, undefined]);
          expect(window.slice(first, end).map(({ index }) => index)).toEqual(
            Array.from({ length: end - first }, (_, at) => first + at),
          );
        }
      }),
      { numRuns: 50 },
    );
  });
});
