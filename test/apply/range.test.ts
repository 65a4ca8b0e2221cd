import { expect, test, vi } from "vitest";
import { readRange } from "../../src/apply/index.js";
import { applyRange } from "../../src/apply/range.js";
import { systemClock } from "../../src/base/index.js";
import {
  KeyValue,
  LeaseGrantRequest,
  type RangeRequest,
  type RangeResponse,
  SortOrder,
  SortTarget,
} from "../../src/wire/index.js";
import { openEmpty, write } from "../mvcc/fixture.js";
import { type Bench, contextOf, openBench, put, range, text } from "./fixtures.js";

const { ASCEND, DESCEND } = SortOrder;
const { KEY, VERSION, CREATE, MOD, VALUE } = SortTarget;

/**
 * | key | create | mod | version | value |
 * | --- | ------ | --- | ------- | ----- |
 * | a   | 2      | 6   | 2       | z     |
 * | b   | 3      | 3   | 1       | y     |
 * | c   | 4      | 8   | 3       | y     |
 * | d   | 5      | 5   | 1       | x     |
 */
async function openFour(): Promise<Bench> {
  const bench = await openBench();
  for (const [key, value] of [
    ["a", "1"],
    ["b", "y"],
    ["c", "3"],
    ["d", "x"],
    ["a", "z"],
    ["c", "5"],
    ["c", "y"],
  ] as const) {
    bench.mustApply({ put: put(key, value) });
  }
  return bench;
}

const all = ["\0", "\0"] as const;

const rows: readonly {
  readonly name: string;
  readonly of?: readonly [string, string];
  readonly ask: Partial<RangeRequest>;
  readonly keys: string;
  readonly more?: boolean;
  readonly count?: number;
}[] = [
  { name: "one key", of: ["b", ""], ask: {}, keys: "b", count: 1 },
  { name: "a missing key", of: ["x", ""], ask: {}, keys: "", count: 0 },
  { name: "a range without its end", of: ["a", "c"], ask: {}, keys: "ab", count: 2 },
  { name: "a range that ends before it begins", of: ["c", "a"], ask: {}, keys: "", count: 0 },
  { name: "all keys from a key on", of: ["b", "\0"], ask: {}, keys: "bcd", count: 3 },
  { name: "all keys", ask: {}, keys: "abcd" },
  { name: "a limit that cuts", ask: { limit: 3 }, keys: "abc", more: true },
  { name: "a limit equal to the count", ask: { limit: 4 }, keys: "abcd" },
  { name: "a negative limit as none", ask: { limit: -1 }, keys: "abcd" },
  { name: "the largest limit", ask: { limit: Number.MAX_SAFE_INTEGER }, keys: "abcd" },
  { name: "only the count", ask: { countOnly: true }, keys: "" },
  { name: "only the count, with a limit that does not cut it", ask: { countOnly: true, limit: 1 }, keys: "" },
  { name: "an earlier revision", ask: { revision: 3 }, keys: "ab", count: 2 },
  { name: "a negative revision as the current one", ask: { revision: -5 }, keys: "abcd" },
  { name: "keys in descending order", ask: { sortOrder: DESCEND }, keys: "dcba" },
  {
    name: "keys in descending order, cut after the sort",
    ask: { sortOrder: DESCEND, limit: 2 },
    keys: "dc",
    more: true,
  },
  { name: "keys in ascending order", ask: { sortOrder: ASCEND, limit: 2 }, keys: "ab", more: true },
  { name: "by version, with equal ones in key order", ask: { sortOrder: ASCEND, sortTarget: VERSION }, keys: "bdac" },
  { name: "by version, descending", ask: { sortOrder: DESCEND, sortTarget: VERSION }, keys: "cabd" },
  { name: "by creation, descending", ask: { sortOrder: DESCEND, sortTarget: CREATE }, keys: "dcba" },
  { name: "by modification", ask: { sortOrder: ASCEND, sortTarget: MOD, limit: 2 }, keys: "bd", more: true },
  { name: "by value", ask: { sortOrder: ASCEND, sortTarget: VALUE }, keys: "dbca" },
  { name: "by value, descending", ask: { sortOrder: DESCEND, sortTarget: VALUE, limit: 1 }, keys: "a", more: true },
  { name: "by another target than the key, ascending without an order", ask: { sortTarget: MOD }, keys: "bdac" },
  {
    name: "by another target with a limit, which sorts only the fetched keys, one more than the limit",
    ask: { sortTarget: MOD, limit: 1 },
    keys: "b",
    more: true,
  },
  { name: "by the key without an order", ask: { sortTarget: KEY }, keys: "abcd" },
  { name: "by an unknown target, unsorted", ask: { sortOrder: ASCEND, sortTarget: 77 }, keys: "abcd" },
  { name: "a minimum modification revision", ask: { minModRevision: 6 }, keys: "ac" },
  { name: "a maximum modification revision", ask: { maxModRevision: 5 }, keys: "bd" },
  { name: "a minimum creation revision", ask: { minCreateRevision: 4 }, keys: "cd" },
  { name: "a maximum creation revision", ask: { maxCreateRevision: 3 }, keys: "ab" },
  {
    name: "all four bounds",
    ask: { minModRevision: 4, maxModRevision: 6, minCreateRevision: 2, maxCreateRevision: 4 },
    keys: "a",
  },
  {
    name: "bounds at an earlier revision, where only the disk knows when a key was created",
    ask: { revision: 7, minCreateRevision: 4, maxModRevision: 7 },
    keys: "cd",
  },
  { name: "a bound and a limit", ask: { minModRevision: 5, limit: 2 }, keys: "ac", more: true },
  { name: "a bound and a limit equal to the count", ask: { minModRevision: 5, limit: 3 }, keys: "acd" },
];

for (const { name, of = all, ask, keys, more = false, count = 4 } of rows) {
  test(`a range gives ${name}`, async () => {
    const { store } = await openFour();
    const request = range(...of, ask);
    const response = applyRange(store, request);
    expect(response.kvs.map((kv) => (kv instanceof Uint8Array ? KeyValue.decode(kv) : kv).key).join("")).toBe(keys);
    expect(response).toMatchObject({ more, count, header: { revision: 8 } });
    expect(await readRange(store, request, contextOf())).toEqual(response);
    // The answer without values is made from the index, and has the same bytes as if they had been read and dropped.
    const kvs = response.kvs.map((kv) => withoutValue(kv));
    const keysOnly = { ...request, keysOnly: true };
    expect(applyRange(store, keysOnly)).toEqual({ ...response, kvs });
    expect(await readRange(store, keysOnly, contextOf())).toEqual({ ...response, kvs });
  });
}

function withoutValue(kv: RangeResponse["kvs"][number]): Uint8Array {
  return KeyValue.encode({ ...(kv instanceof Uint8Array ? KeyValue.decode(kv) : kv), value: Buffer.of() });
}

test("a list without values reads none, not even of keys with a lease", async () => {
  const bench = await openBench();
  bench.mustApply({ leaseGrant: LeaseGrantRequest.create({ id: 7n, ttl: 100 }) });
  for (const [key, lease] of [
    ["a", 0n],
    ["b", 7n],
    ["c", 0n],
  ] as const)
    bench.mustApply({ put: put(key, "x", { lease }) });
  const stored = applyRange(bench.store, range(...all)).kvs;
  // The store is opened again: its cache is empty.
  const { store, backend } = await openBench({ backend: bench.backend });
  const read = vi.spyOn(backend, "get");
  for (const ask of [{}, { limit: 2 }, { sortOrder: DESCEND, sortTarget: MOD }, { minModRevision: 3 }]) {
    await readRange(store, range(...all, { ...ask, keysOnly: true }), contextOf());
  }
  const answer = await readRange(store, range(...all, { keysOnly: true }), contextOf());
  expect("kvs" in answer && answer.kvs).toEqual(stored.map((kv) => withoutValue(kv)));
  expect(read).not.toHaveBeenCalled();
  expect(applyRange(store, range(...all)).kvs).toEqual(stored);
  expect(read).toHaveBeenCalledTimes(3);
});

test("a range with keysOnly omits only the values", async () => {
  const { store } = await openFour();
  const [kv] = applyRange(store, range("a", "", { keysOnly: true })).kvs;
  expect(kv instanceof Uint8Array && KeyValue.decode(kv)).toEqual({
    key: "a",
    createRevision: 2,
    modRevision: 6,
    version: 2,
    value: new Uint8Array(0),
    lease: 0n,
  });
});

test("a plain range gives the stored bytes", async () => {
  const { store } = await openFour();
  const [kv] = applyRange(store, range("a")).kvs;
  expect(kv).toBeInstanceOf(Uint8Array);
  expect(text(KeyValue.decode(kv instanceof Uint8Array ? kv : new Uint8Array(0)).value)).toBe("z");
});

for (const { name, revision, want } of [
  { name: "a future revision", revision: 9, want: "futureRevision" },
  { name: "a compacted revision", revision: 3, want: "compacted" },
] as const) {
  test(`a range at ${name} is refused`, async () => {
    const { store } = await openFour();
    store.compact(4);
    expect(() => applyRange(store, range("a", "", { revision }))).toThrow(expect.objectContaining({ kind: want }));
    await expect(readRange(store, range("a", "", { revision }), contextOf())).rejects.toMatchObject({ kind: want });
    expect(applyRange(store, range("a", "", { revision: 4 })).count).toBe(1);
  });
}

test("a list with bounds reads only the values of pairs within them", async () => {
  const { store, backend } = await openBench({ backend: (await openFour()).backend });
  const read = vi.spyOn(backend, "get");
  for (const [ask, reads] of [
    [{ minModRevision: 6, maxCreateRevision: 3 }, 1],
    [{ maxModRevision: 5, sortOrder: DESCEND }, 2],
    [{ minCreateRevision: 9 }, 0],
  ] as const) {
    read.mockClear();
    const answer = await readRange(store, range(...all, ask), contextOf());
    expect([answer.count, read.mock.calls.length]).toEqual([4, reads]);
  }
});

const many = 10_000;

async function openMany(): Promise<Bench> {
  const bench = await openBench();
  for (let at = 0; at < many; at++) bench.mustApply({ put: put(`key/${at}`, `${at % 7}`) });
  return bench;
}

for (const { name, ask } of [
  { name: "plain", ask: {} },
  { name: "keys only", ask: { keysOnly: true } },
  { name: "bounded and sorted", ask: { minModRevision: 500, sortOrder: DESCEND, sortTarget: VALUE, limit: 7_000 } },
] as const) {
  test(`a large range is read over several turns with the same answer: ${name}`, async () => {
    const { store } = await openMany();
    const request = range("key/", "key0", ask);
    expect(await readRange(store, request, contextOf())).toEqual(applyRange(store, request));
  });
}

test("a large range is cancelled when its client gives up", async () => {
  let now = 0;
  // The clock advances by a millisecond at each call.
  const store = await openEmpty({ clock: { ...systemClock, now: () => now++ } });
  for (let at = 0; at < 1_000; at++) write(store, { put: `key/${at}` });
  const context = contextOf();
  const reading = readRange(store, range("key/", "key0", { keysOnly: true }), context);
  context.asker.leave();
  await expect(reading).rejects.toMatchObject({ kind: "canceled" });
});
