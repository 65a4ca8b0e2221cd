import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { finish, type Steps, unboundedWork, type WorkBudget } from "../../src/base/index.js";
import type { KeyHead, SteppedReader } from "../../src/mvcc/index.js";
import { KeyValue } from "../../src/wire/index.js";
import { openEmpty, show, showPair, type Write, write } from "./fixture.js";

const someKey = fc.constantFrom("a", "b", "c", "d", "e");
const someWrite: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ put: someKey, value: fc.string({ maxLength: 3 }) }),
  fc.record({ del: someKey }),
);

/** Ends a turn after every `count` steps. */
function everyFew(count: number): WorkBudget {
  let steps = 0;
  return { over: () => ++steps % count === 0 };
}

/** Reads all that a state offers, in steps. */
function* readAll(reader: SteppedReader, budget: WorkBudget): Steps<unknown> {
  const heads: KeyHead[] = [];
  const pairs: string[] = [];
  yield* reader.headsInSteps("a", "\0", budget, (head) => heads.push(head) > 0);
  yield* reader.pairsInSteps("b", "e", budget, (kv) => pairs.push(showPair(KeyValue.decode(kv))) > 0);
  const { kvs, count } = yield* reader.rangeInSteps("\0", "\0", { limit: 2 }, budget);
  return { heads, pairs, count, kvs: kvs.map((kv) => showPair(KeyValue.decode(kv))), single: reader.head("c") };
}

describe("a pinned state", () => {
  test("gives the same with any steps, whatever is written and compacted between them", async () => {
    const writes = fc.array(someWrite, { minLength: 1, maxLength: 12 });
    const property = fc.asyncProperty(writes, writes, fc.integer({ min: 1, max: 4 }), async (before, later, step) => {
      const store = await openEmpty();
      for (const each of before) write(store, each);
      const atOnce = finish(readAll(store, unboundedWork));
      const pinned = store.pin();
      const steps = readAll(pinned, everyFew(step));
      let read = steps.next();
      for (const each of later) {
        write(store, each);
        if (store.revision > store.compactedRevision + 1) store.compact(store.revision);
        if (read.done !== true) read = steps.next();
        await new Promise(setImmediate);
      }
      while (read.done !== true) read = steps.next();
      expect(read.value).toEqual(atOnce);
      pinned.release();
      await store.close();
    });
    await fc.assert(property, { numRuns: 60 });
  });

  test("stops when the visitor has seen enough", async () => {
    const store = await openEmpty();
    for (const put of ["a", "b", "c"]) write(store, { put });
    let seen = 0;
    finish(store.headsInSteps("a", "\0", unboundedWork, () => ++seen < 2));
    finish(store.pairsInSteps("a", "\0", unboundedWork, () => ++seen < 4));
    expect(seen).toBe(4);
    expect(show(store)).toHaveLength(3);
  });
});
