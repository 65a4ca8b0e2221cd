import { describe, expect, test } from "vitest";
import type { ApplyResult } from "../../../src/apply/index.js";
import { ManualClock, type RequestId, silentLogger } from "../../../src/base/index.js";
import { emptyConfState } from "../../../src/raft/index.js";
import { ServerCounters } from "../../../src/server/counters.js";
import { ApplyLoop } from "../../../src/server/log/apply-loop.js";
import { LogDemands } from "../../../src/server/log/log-demands.js";
import { LogPosition } from "../../../src/server/log/log-position.js";
import { CompareResult, CompareTarget, InternalRaftRequest } from "../../../src/wire/index.js";
import { type Bench, del, lease, openBench, put, range, txn } from "../../apply/fixtures.js";
import { on, TestSink, watchable } from "../../mvcc/watch-fixture.js";

const keys = 40_000;
/** The maximum number of small steps in a turn: visited index entries, deleted keys and created events. */
const stepsPerTurn = 33_000;

/** An apply loop on a clock that stands still, so that only the number of steps ends a turn. */
function loopOver({ applier, backend, consistentIndex }: Bench) {
  const results: ApplyResult[] = [];
  const proposals = { isWaiting: () => true, settle: (_: RequestId, result: ApplyResult) => results.push(result) };
  const position = new LogPosition(consistentIndex.index, consistentIndex.term);
  position.commitTo(1_000_000);
  const nothing = (): never => {
    throw new Error("not asked for here");
  };
  const failed = (error: Error): never => {
    throw error;
  };
  const loop = new ApplyLoop({
    ...{ applier, backend, position, clock: new ManualClock(), counters: new ServerCounters(), logger: silentLogger },
    ...{ proposals: proposals as never, confChanges: {} as never, slow: { applied: () => undefined } as never },
    ...{ skippedEntries: new Set<number>(), confState: emptyConfState, demands: new LogDemands([], 0) },
    ...{ reconfigure: nothing, onMembership: nothing, install: nothing, raiseNoSpace: nothing },
    ...{ onFirstOfTerm: () => undefined, onApplied: () => undefined, onFailure: failed },
  });
  return { loop, position, results };
}

/** Stores many keys, half of them with one lease, and creates three watchers of them. */
async function fill(bench: Bench): Promise<TestSink[]> {
  bench.mustApply({ leaseGrant: { id: lease(1), ttl: 60 } });
  for (let at = 0; at < keys; at += 1_000) {
    const puts = Array.from({ length: 1_000 }, (_, more) => ({
      put: put(`k${at + more}`, "value", { lease: at % 2_000 === 0 ? lease(1) : 0n }),
    }));
    bench.mustApply({ txn: txn([], puts) });
  }
  const watching = watchable(bench.store);
  return Array.from({ length: 3 }, () => {
    const sink = new TestSink();
    watching.newStream(sink).watch(0n, on("k", { end: "l", prevKv: true }));
    return sink;
  });
}

const positive = { target: CompareTarget.VERSION, result: CompareResult.GREATER };
const overAll = { key: "k", rangeEnd: "l", ...positive, targetUnion: { case: "version", value: 0 } } as const;
/** Ten ranges that hold the same keys: comparisons of one range would share one walk. */
const compares = Array.from({ length: 10 }, (_, at) => ({ ...overAll, rangeEnd: `l${at}` }));

describe("an entry with much work is applied over several turns of the event loop", () => {
  for (const { name, request, work, events } of [
    { name: "a delete of many keys", request: { deleteRange: del("k", "l") }, work: keys, events: keys },
    {
      name: "a delete that returns the previous pairs",
      request: { deleteRange: del("k", "l", true) },
      work: keys,
      events: keys,
    },
    { name: "comparisons of many keys", request: { txn: txn(compares, [{ put: put("z", "") }]) }, work: 10 * keys },
    {
      name: "a range within a transaction that writes",
      request: { txn: txn([], [{ range: range("k", "l", { sortTarget: 4, sortOrder: 2 }) }, { put: put("z", "") }]) },
      work: keys,
    },
    {
      name: "the end of a lease with many keys",
      request: { leaseRevoke: { id: lease(1) } },
      work: keys / 2,
      events: keys / 2,
    },
  ]) {
    test(name, async () => {
      const bench = await openBench();
      const sinks = await fill(bench);
      const { loop, position, results } = loopOver(bench);
      let turns = 0;
      const index = bench.consistentIndex.index + 1;
      const data = InternalRaftRequest.encode(InternalRaftRequest.create({ id: 1n, ...request }));
      loop.push([{ type: "EntryNormal", index, term: 1, data }]);
      // The second entry must wait for the last step of the first.
      const next = InternalRaftRequest.encode(InternalRaftRequest.create({ id: 2n, put: put("after", "") }));
      loop.push([{ type: "EntryNormal", index: index + 1, term: 1, data: next }]);
      for (; position.applied < index; turns++) {
        expect(results).toEqual([]);
        expect(bench.store.head("after")).toBeUndefined();
        await new Promise(setImmediate);
      }
      await loop.whenDrained();
      expect(results.map(({ error }) => error)).toEqual([undefined, undefined]);
      expect(turns).toBeGreaterThanOrEqual(Math.floor(work / stepsPerTurn));
      expect(turns).toBeGreaterThan(0);
      const heard = sinks.map(({ notices }) =>
        notices.reduce((sum, notice) => sum + (notice.kind === "events" ? notice.events.length : 0), 0),
      );
      expect(heard).toEqual(sinks.map(() => events ?? 0));
    });
  }

  test("a put with many watchers", async () => {
    const bench = await openBench();
    const watching = watchable(bench.store);
    const sinks = Array.from({ length: 70_000 }, () => new TestSink());
    for (const sink of sinks) watching.newStream(sink).watch(0n, on("a"));
    const { loop, position } = loopOver(bench);
    const data = InternalRaftRequest.encode(InternalRaftRequest.create({ id: 1n, put: put("a", "1") }));
    loop.push([{ type: "EntryNormal", index: bench.consistentIndex.index + 1, term: 1, data }]);
    let turns = 0;
    for (; position.applied === 0; turns++) await new Promise(setImmediate);
    expect(turns).toBeGreaterThanOrEqual(2);
    expect(sinks.every(({ notices }) => notices.length === 1)).toBe(true);
  });

  test("an entry whose application is stopped in the middle leaves no changes", async () => {
    const bench = await openBench();
    await fill(bench);
    const index = bench.consistentIndex.index + 1;
    await bench.backend.commit();
    const stored = await bench.backend.hash();
    const { loop, position } = loopOver(bench);
    const data = InternalRaftRequest.encode(InternalRaftRequest.create({ id: 1n, deleteRange: del("k", "l") }));
    loop.push([{ type: "EntryNormal", index, term: 1, data }]);
    expect(position.applied).toBe(index - 1);
    loop.stop();
    await new Promise(setImmediate);
    expect(await bench.backend.hash()).toBe(stored);
    expect(bench.consistentIndex.index).toBe(index - 1);
    await bench.backend.close();
  });
});
