import { describe, expect, test } from "vitest";
import type { Applier } from "../../../src/apply/index.js";
import { ManualClock, silentLogger } from "../../../src/base/index.js";
import { type Entry, emptyConfState } from "../../../src/raft/index.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { ApplyLoop } from "../../../src/server/log/apply-loop.js";
import { LogDemands } from "../../../src/server/log/log-demands.js";
import { LogPosition } from "../../../src/server/log/log-position.js";

const firsts = (from: number, count: number, term = 1): Entry[] =>
  Array.from({ length: count }, (_, at) => ({
    type: "EntryNormal",
    index: from + at,
    term,
    data: new Uint8Array(0),
  }));

/** A loop over a backend that accepts the changes of `room` entries, and more when a batch has been written. */
function setUp(room: number, skippedEntries: readonly number[] = []) {
  const lines: object[] = [];
  const state = { room, failure: undefined as Error | undefined };
  const terms: number[] = [];
  let written: { resolve: () => void; reject: (error: Error) => void } | undefined;
  const backend = {
    get full() {
      return state.room === 0;
    },
    commit: () =>
      new Promise<void>((resolve, reject) => {
        written = { resolve, reject };
      }),
  };
  const position = new LogPosition(0, 0);
  position.commitTo(100);
  const nothing = (): never => {
    throw new Error("not asked for here");
  };
  const applier = {
    applyEmpty: () => {
      state.room--;
    },
  };
  const unused = { settle: nothing, isWaiting: nothing };
  const loop = new ApplyLoop({
    applier: applier as unknown as Applier,
    ...{ backend, position, clock: new ManualClock(), counters: new ServerCounters() },
    demands: new LogDemands([], 0),
    proposals: unused as never,
    confChanges: unused as never,
    ...{ slow: unused as never, confState: emptyConfState, skippedEntries: new Set(skippedEntries) },
    logger: { ...silentLogger, error: (message, fields) => lines.push({ message, ...fields }) },
    ...{ reconfigure: nothing, onMembership: nothing, install: nothing, raiseNoSpace: nothing },
    ...{ onFirstOfTerm: (term: number) => terms.push(term), onApplied: () => undefined },
    onFailure: (error) => {
      state.failure = error;
    },
  });
  return { loop, position, state, terms, lines, written: () => written };
}

test("the loop stops while the backend is full, and continues when a batch is written", async () => {
  const { loop, position, state, written } = setUp(3);
  loop.push(firsts(1, 5));
  expect(position.applied).toBe(3);
  loop.push(firsts(6, 1));
  expect(position.applied).toBe(3);
  state.room = 10;
  written()?.resolve();
  await loop.whenDrained();
  expect(position.applied).toBe(6);
});

test("the loop fails when a batch cannot be written", async () => {
  const { loop, position, state, written } = setUp(1);
  loop.push(firsts(1, 2));
  written()?.reject(new Error("the disk is gone"));
  await loop.whenDrained();
  expect(state.failure?.message).toBe("the disk is gone");
  expect(position.applied).toBe(1);
});

test("a term begins with the first entry of that term, not with a late entry of an earlier term", () => {
  const { loop, terms } = setUp(10);
  loop.push([...firsts(1, 1, 2), ...firsts(2, 1, 5)]);
  expect(terms).toEqual([2, 5]);
});

describe("an entry that cannot be read", () => {
  const poison: Entry = { type: "EntryNormal", index: 2, term: 7, data: Uint8Array.of(0xff) };

  test("stops the loop with an error that names the entry's index", () => {
    const { loop, position, state } = setUp(10);
    loop.push([...firsts(1, 1), poison, ...firsts(3, 1)]);
    expect(state.failure?.message).toMatch(/^cannot apply entry 2 of term 7: malformed message/);
    expect(position.applied).toBe(1);
  });

  test("is applied as an empty entry if it is on the list of skipped entries, which is logged", () => {
    const { loop, position, state, terms, lines } = setUp(10, [2]);
    loop.push([...firsts(1, 1), poison, ...firsts(3, 1)]);
    expect(state.failure).toBeUndefined();
    expect(position.applied).toBe(3);
    // The skipped entry does not begin a term, unlike a leader's own empty entry.
    expect(terms).toEqual([1, 1]);
    expect(lines).toEqual([{ message: expect.stringContaining("skipped a log entry"), index: 2, term: 7, bytes: 1 }]);
  });

  test("is not skipped when it changes the membership", () => {
    const { loop, state } = setUp(10, [1]);
    loop.push([{ type: "EntryConfChange", index: 1, term: 1, data: new Uint8Array() }]);
    expect(state.failure?.message).toMatch("cannot apply entry 1 of term 1: it changes the membership");
  });
});
