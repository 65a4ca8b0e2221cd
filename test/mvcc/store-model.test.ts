import { setImmediate as nextTurn } from "node:timers/promises";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Backend } from "../../src/backend/index.js";
import { EtcdError } from "../../src/base/index.js";
import type { Store } from "../../src/mvcc/index.js";
import { KeyValue } from "../../src/wire/index.js";
import { openBackend, openOver, show, type Write, write } from "./fixture.js";
import { Model } from "./model.js";

const key = fc.constantFrom("a", "b", "b\0", "c", "d\xff", "e");
const range = fc.tuple(key, fc.oneof(key, fc.constant("\0")));
const put = fc.record({
  put: key,
  value: fc.string({ maxLength: 3, unit: "grapheme-ascii" }),
  lease: fc.constantFrom(0n, 0n, 7n, -8n),
});
const remove = fc.record({ del: fc.oneof(key, range) });

/** A transaction writes a key only once, as the checks of requests ensure. */
const txn = fc.array(fc.oneof({ weight: 4, arbitrary: put }, { weight: 1, arbitrary: remove }), { maxLength: 4 });

const step = fc.oneof(
  { weight: 12, arbitrary: txn.map((writes) => ({ do: "write" as const, writes: onePerKey(writes) })) },
  { weight: 2, arbitrary: fc.nat({ max: 40 }).map((revision) => ({ do: "compact" as const, revision: revision - 2 })) },
  { weight: 1, arbitrary: fc.boolean().map((finished) => ({ do: "restart" as const, finished })) },
  { weight: 3, arbitrary: fc.nat({ max: 3 }).map((turns) => ({ do: "rest" as const, turns })) },
  { weight: 2, arbitrary: range.map(([low, high]) => ({ do: "read" as const, low, high })) },
);

function onePerKey(writes: readonly Write[]): Write[] {
  const puts = writes.flatMap(({ put }) => (put === undefined ? [] : [put]));
  return writes.filter((write, at) => {
    if (write.put !== undefined) return writes.findIndex(({ put }) => put === write.put) === at;
    return !puts.some((key) => covers(write.del ?? "", key));
  });
}

function covers(del: string | readonly [string, string], key: string): boolean {
  if (typeof del === "string") return del === key;
  return key >= del[0] && (del[1] === "\0" || key < del[1]);
}

test("the store agrees with a plain list of all changes", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const backend = await openBackend();
      const model = new Model();
      // With a tiny cache values are read from all places.
      let store = await openOver(backend, { cacheBytesMax: 600, compactionBatch: 2 });
      let compaction: Promise<void> = Promise.resolve();
      for (const step of steps) {
        switch (step.do) {
          case "write":
            expect(write(store, ...step.writes)).toBe(model.write(step.writes));
            break;
          case "compact": {
            const outcome = refusal(() => model.compact(step.revision));
            expect(refusal(() => (compaction = store.compact(step.revision).done))).toBe(outcome);
            compaction.catch(() => undefined);
            break;
          }
          case "restart":
            if (step.finished) await compaction;
            compaction = Promise.resolve();
            await store.close();
            store = await reopen(backend, model);
            break;
          case "rest": // The compaction continues in the pause.
            for (let turn = 0; turn < step.turns; turn++) await nextTurn();
            break;
          case "read":
            compareReads(store, model, step.low, step.high);
            break;
        }
      }
      await compareAll(store, model);
      await store.close();
      store = await reopen(backend, model);
      await compareAll(store, model);
      await store.close();
      await backend.close();
    }),
    { numRuns: 300 },
  );
});

async function reopen(backend: Backend, model: Model): Promise<Store> {
  const leases: [string, bigint][] = [];
  const store = await openOver(backend, { cacheBytesMax: 600, onLease: (key, id) => leases.push([key, id]) });
  expect(leases.toSorted()).toEqual(model.leases().toSorted());
  return store;
}

function compareReads(store: Store, model: Model, low: string, high: string): void {
  const oldest = Math.max(model.compacted, 1);
  for (let revision = oldest; revision <= model.revision; revision++) {
    const keys = model.keys(revision, low, high);
    expect(store.range(low, high, { revision, countOnly: true })).toMatchObject({ kvs: [], count: keys.length });
    const limited = store.range(low, high, { revision, limit: 2 });
    expect([limited.kvs.length, limited.count]).toEqual([Math.min(keys.length, 2), keys.length]);
    const withoutValues = limited.kvs.map((kv) => KeyValue.encode({ ...KeyValue.decode(kv), value: Buffer.of() }));
    expect(store.range(low, high, { revision, limit: 2, keysOnly: true }).kvs).toEqual(withoutValues);
  }
}

async function compareAll(store: Store, model: Model): Promise<void> {
  expect([store.revision, store.compactedRevision]).toEqual([model.revision, model.compacted]);
  expect(store.keyCount).toBe(model.show(model.revision).length);
  for (let revision = Math.max(model.compacted, 1); revision <= model.revision; revision++) {
    expect(show(store, revision)).toEqual(model.show(revision));
  }
  if (model.compacted > 1) expect(refusal(() => show(store, model.compacted - 1))).toBe("compacted");
  expect(refusal(() => show(store, model.revision + 1))).toBe("futureRevision");
  // All changes at the compacted revision are kept, since none of its puts can have been replaced before it.
  const { changes, through } = await store.changesFrom(Math.max(model.compacted, 0), 1000);
  const seen = Array.from(changes, ({ type, key, modRevision }) => `${type} ${key} ${modRevision}`);
  expect(seen).toEqual(model.changes(Math.max(model.compacted, 0)));
  expect(through).toBe(model.revision);
}

function refusal(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (error) {
    if (error instanceof EtcdError) return error.kind;
    throw error;
  }
}
