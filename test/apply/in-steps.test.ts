import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ApplyResult } from "../../src/apply/index.js";
import type { WorkBudget } from "../../src/base/index.js";
import type { WatchableStore } from "../../src/mvcc/index.js";
import {
  CompareResult,
  CompareTarget,
  type EncodedEvent,
  Event,
  InternalRaftRequest,
  wholeEvent,
} from "../../src/wire/index.js";
import { leasesOf } from "../lease/fixtures.js";
import { type Delivered, on, showEvent, TestSink, watchable } from "../mvcc/watch-fixture.js";
import { type Bench, del, lease, openBench, put, range, txn } from "./fixtures.js";

const someKey = fc.constantFrom("a", "b", "c", "d", "e", "f");
const someEnd = fc.constantFrom("", "c", "e", "\0");
const someLease = fc.constantFrom(0, 0, 1, 2);

const somePut = fc
  .tuple(someKey, fc.string({ maxLength: 3 }), someLease, fc.boolean())
  .map(([key, value, id, prevKv]) => put(key, value, { lease: lease(id), prevKv }));
const someDelete = fc.tuple(someKey, someEnd, fc.boolean()).map(([key, end, prevKv]) => del(key, end, prevKv));
const someRange = fc
  .tuple(someKey, someEnd, fc.integer({ min: 0, max: 2 }), fc.boolean())
  .map(([key, end, limit, keysOnly]) => range(key, end, { limit, keysOnly }));
const someOp = fc.oneof(
  somePut.map((each) => ({ put: each })),
  someDelete.map((each) => ({ del: each })),
  someRange.map((each) => ({ range: each })),
);
const someCompare = fc.tuple(someKey, someEnd, fc.integer({ min: 0, max: 3 })).map(([key, rangeEnd, value]) => ({
  ...{ key, rangeEnd, result: CompareResult.GREATER, target: CompareTarget.VERSION },
  targetUnion: { case: "version", value } as const,
}));
const someTxn = fc
  .tuple(
    fc.array(someCompare, { maxLength: 2 }),
    fc.array(someOp, { maxLength: 5 }),
    fc.array(someOp, { maxLength: 3 }),
  )
  .map(([compare, success, failure]) => txn(compare, success, [...failure, { txn: txn([], success) }]));
const someRequest: fc.Arbitrary<Partial<InternalRaftRequest>> = fc.oneof(
  somePut.map((each) => ({ put: each })),
  someDelete.map((each) => ({ deleteRange: each })),
  someTxn.map((each) => ({ txn: each })),
  someRange.map((each) => ({ range: each })),
  someLease.map((id) => ({ leaseGrant: { id: lease(id), ttl: 60 } })),
  someLease.map((id) => ({ leaseRevoke: { id: lease(id) } })),
  fc.integer({ min: 1, max: 30 }).map((revision) => ({ compaction: { revision, physical: false } })),
);

/** Ends steps often, at points from the seed. */
function cutAt(cuts: readonly boolean[]): WorkBudget {
  let at = 0;
  return { over: () => cuts[at++ % cuts.length] === true };
}

/** The whole state of a member. */
async function stateOf({ backend, store, lessor, consistentIndex }: Bench): Promise<unknown> {
  // The commit also writes the consistent index, which is not written with each entry.
  await backend.commit();
  const hash = store.revision >= Math.max(store.compactedRevision, 0) ? await store.hashKv(0) : undefined;
  return {
    ...{ revision: store.revision, keys: store.keyCount, hash, stored: await backend.hash() },
    pairs: readNow({ store }),
    leases: leasesOf(lessor).map((each) => [each.id, each.keys()]),
    index: consistentIndex.index,
  };
}

/** The state at the current revision. */
function readNow({ store }: Pick<Bench, "store">): unknown {
  const { kvs, count, revision } = store.range("\0", "\0");
  return { kvs: kvs.map(String), count, revision, head: store.head("c"), keys: store.keyCount };
}

interface Watching {
  readonly sink: TestSink;
  readonly from: number;
}

function watchAll(watching: WatchableStore, from: number, startRevision = 0): Watching {
  const sink = new TestSink();
  watching.newStream(sink).watch(0n, on("\0", { end: "\0", startRevision, prevKv: true }));
  return { sink, from };
}

function eventsOf(notices: readonly Delivered[]): string[] {
  return notices.flatMap((notice) => (notice.kind === "events" ? notice.events.map(showEvent) : []));
}

function revisionOf(event: EncodedEvent): number {
  return Event.decode(wholeEvent(event)).kv?.modRevision ?? 0;
}

async function done(result: ApplyResult): Promise<void> {
  if (result.error === undefined) await result.done;
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

describe("an entry that is applied in steps", () => {
  test("gives the same bytes, answers and events as one applied at once, and no reader sees a part of it", async () => {
    const property = fc.asyncProperty(
      fc.array(someRequest, { minLength: 5, maxLength: 25 }),
      fc.array(fc.boolean(), { minLength: 3, maxLength: 40 }),
      fc.constantFrom(1, 600),
      (requests, cuts, watchers) => compareRuns(requests, cuts, watchers),
    );
    await fc.assert(property, { numRuns: 25 });
  }, 120_000);
});

async function compareRuns(
  requests: readonly Partial<InternalRaftRequest>[],
  cuts: readonly boolean[],
  watcherCount: number,
): Promise<void> {
  const [whole, stepped] = [await openBench(), await openBench()];
  const [wholeWatch, steppedWatch] = [watchable(whole.store), watchable(stepped.store)];
  const reference = watchAll(wholeWatch, 0);
  // With many watchers even the events of a small entry are made in steps.
  const watching = Array.from({ length: watcherCount }, () => watchAll(steppedWatch, 0));
  const budget = cutAt([...cuts, true]);
  for (const request of requests) {
    const want = whole.apply(request);
    const before = readNow(stepped);
    await stepped.backend.commit();
    const storedBefore = await stepped.backend.hash();
    const at = { index: stepped.consistentIndex.index + 1, term: 1 };
    const applied = stepped.applier.apply(InternalRaftRequest.create(request), at, true, budget);
    let result: ApplyResult;
    if ("steps" in applied) {
      let step = applied.steps.next();
      for (; step.done !== true; step = applied.steps.next()) {
        await turns(1);
        const unseen = stepped.consistentIndex.index < at.index;
        if (unseen) expect(readNow(stepped)).toEqual(before);
        else expect(readNow(stepped)).toEqual(readNow(whole));
        if (unseen) expect(await stepped.backend.hash()).toBe(storedBefore);
        const { revision } = stepped.store;
        if (watching.length < 1_000) {
          watching.push(watchAll(steppedWatch, revision + 1));
          watching.push(watchAll(steppedWatch, revision + 1, revision + 1));
        }
      }
      result = step.value;
    } else {
      result = applied;
    }
    expect(result).toEqual({ ...want, ...("done" in want ? { done: expect.anything() } : {}) });
    await Promise.all([done(want), done(result)]);
    expect(await stateOf(stepped)).toEqual(await stateOf(whole));
  }
  for (let turn = 0; turn < 1_000 && steppedWatch.slowWatcherCount > 0; turn++) await turns(1);
  const all = reference.sink.notices.flatMap((notice) => (notice.kind === "events" ? [...notice.events] : []));
  for (const { sink, from } of watching) {
    expect(eventsOf(sink.notices)).toEqual(all.filter((event) => revisionOf(event) >= from).map(showEvent));
  }
  await Promise.all([whole.store.close(), stepped.store.close()]);
}
