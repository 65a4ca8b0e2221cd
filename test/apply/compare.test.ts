import { expect, test } from "vitest";
import { planTxn } from "../../src/apply/txn-plan.js";
import { finish, type Key, unboundedWork } from "../../src/base/index.js";
import type { KeyHead, SteppedReader } from "../../src/mvcc/index.js";
import { Compare, CompareResult, CompareTarget, TxnRequest } from "../../src/wire/index.js";

// Tests that comparisons of one range share one walk of the index, which is possible since nothing is applied
// meanwhile.

const heads: readonly KeyHead[] = [
  { createRevision: 2, modRevision: 2, version: 1 },
  { createRevision: 3, modRevision: 5, version: 2 },
];

/** A reader whose ranges contain `heads`, except for the range from "none" on, which is empty. */
function countingReader() {
  const walks: string[] = [];
  const reader = {
    head: () => heads[0],
    // biome-ignore lint/correctness/useYield: the range is one step
    *headsInSteps(key: Key, end: Key, _: unknown, visit: (head: KeyHead) => boolean) {
      walks.push(`${key} ${end}`);
      for (const head of key === "none" ? [] : heads) if (!visit(head)) return;
    },
  } as unknown as SteppedReader;
  return { walks, reader };
}

function versionOf(key: Key, rangeEnd: Key, result: CompareResult, version: number): Compare {
  const target = { target: CompareTarget.VERSION, targetUnion: { case: "version", value: version } } as const;
  return Compare.create({ key, rangeEnd, result, ...target });
}

const { GREATER, LESS, EQUAL } = CompareResult;

for (const { name, compares, want, walks } of [
  {
    name: "sixty comparisons of one range that hold",
    compares: Array.from({ length: 60 }, () => versionOf("a", "b", GREATER, 0)),
    want: true,
    walks: ["a b"],
  },
  {
    name: "two ranges, compared in turn",
    compares: [GREATER, LESS, GREATER].map((result, at) => versionOf(at === 1 ? "b" : "a", "c", result, at * 3)),
    want: false,
    walks: ["a c"],
  },
  {
    name: "a second comparison that fails for the second key",
    compares: [versionOf("a", "b", GREATER, 0), versionOf("a", "b", EQUAL, 1)],
    want: false,
    walks: ["a b"],
  },
  {
    name: "a range without keys, which counts as one missing key",
    compares: [versionOf("none", "o", EQUAL, 0), versionOf("none", "o", LESS, 1)],
    want: true,
    walks: ["none o"],
  },
  {
    name: "a single key that decides before any range",
    compares: [versionOf("a", "b", GREATER, 0), versionOf("a", "", GREATER, 9)],
    want: false,
    walks: [],
  },
]) {
  test(`comparisons: ${name}: ${want}`, () => {
    const counted = countingReader();
    const plan = finish(planTxn(counted.reader, TxnRequest.create({ compare: compares }), unboundedWork));
    expect(plan.succeeded).toBe(want);
    expect(counted.walks).toEqual(walks);
  });
}
