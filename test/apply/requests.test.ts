import { expect, test } from "vitest";
import { AlarmAction, AlarmType, type InternalRaftRequest, KeyValue } from "../../src/wire/index.js";
import { leasesOf } from "../lease/fixtures.js";
import { type Bench, del, lease, openBench, put, range, text, txn } from "./fixtures.js";

/** `a` = 1 (version 2, lease 7) and `b` = 2, at revision 4; lease 8 has no keys. */
async function openTwo(): Promise<Bench> {
  const bench = await openBench();
  bench.mustApply({ leaseGrant: { id: 7n, ttl: 60 } });
  bench.mustApply({ leaseGrant: { id: 8n, ttl: 60 } });
  bench.mustApply({ put: put("a", "0", { lease: 7n }) });
  bench.mustApply({ put: put("a", "1", { lease: 7n }) });
  bench.mustApply({ put: put("b", "2") });
  return bench;
}

/** The current state of a key as `value:lease@version`; empty if it does not exist. */
function now({ store }: Bench, key: string): string {
  const [stored] = store.range(key, "").kvs;
  if (stored === undefined) return "";
  const { value, lease: leaseId, version } = KeyValue.decode(stored);
  return `${text(value)}:${leaseId}@${version}`;
}

for (const { name, request, want, after, leaseOf } of [
  { name: "sets a value", request: put("b", "x"), want: 5, after: "x:0@2", leaseOf: 0n },
  { name: "attaches a lease", request: put("b", "x", { lease: 7n }), want: 5, after: "x:7@2", leaseOf: 7n },
  { name: "moves a key to another lease", request: put("a", "x", { lease: 8n }), want: 5, after: "x:8@3", leaseOf: 8n },
  { name: "detaches a key from its lease", request: put("a", "x"), want: 5, after: "x:0@3", leaseOf: 0n },
  {
    name: "keeps the value",
    request: put("b", "", { ignoreValue: true, lease: 7n }),
    want: 5,
    after: "2:7@2",
    leaseOf: 7n,
  },
  { name: "keeps the lease", request: put("a", "x", { ignoreLease: true }), want: 5, after: "x:7@3", leaseOf: 7n },
  {
    name: "keeps both",
    request: put("a", "", { ignoreLease: true, ignoreValue: true }),
    want: 5,
    after: "1:7@3",
    leaseOf: 7n,
  },
  { name: "creates a key", request: put("c", ""), want: 5, after: ":0@1", leaseOf: 0n },
] as const) {
  test(`a put ${name}`, async () => {
    const bench = await openTwo();
    const { response } = bench.mustApply({ put: request });
    expect(response).toMatchObject({ case: "put", value: { header: { revision: want }, prevKv: undefined } });
    expect(now(bench, request.key)).toBe(after);
    expect(bench.lessor.leaseOf(request.key)).toBe(leaseOf);
    expect(bench.store.revision).toBe(want);
  });
}

for (const { key, want } of [
  { key: "a", want: { key: "a", createRevision: 2, modRevision: 3, version: 2, lease: 7n } },
  { key: "c", want: undefined },
] as const) {
  test(`a put of ${key} returns the previous pair`, async () => {
    const { mustApply } = await openTwo();
    const { response } = mustApply({ put: put(key, "x", { prevKv: true }) });
    const before = response?.case === "put" ? response.value.prevKv : undefined;
    if (want === undefined) expect(before).toBeUndefined();
    else expect(before instanceof Uint8Array ? KeyValue.decode(before) : before).toMatchObject(want);
  });
}

for (const { name, request, deleted, revision, before } of [
  { name: "one key", request: del("a"), deleted: 1, revision: 5, before: [] },
  { name: "nothing", request: del("x"), deleted: 0, revision: 4, before: [] },
  { name: "a range", request: del("a", "c", true), deleted: 2, revision: 5, before: ["a", "b"] },
  { name: "all keys", request: del("\0", "\0", true), deleted: 2, revision: 5, before: ["a", "b"] },
] as const) {
  test(`a delete removes ${name}`, async () => {
    const { mustApply, store, lessor } = await openTwo();
    const { response } = mustApply({ deleteRange: request });
    expect(response).toMatchObject({ case: "deleteRange", value: { deleted, header: { revision } } });
    const prevKvs = response?.case === "deleteRange" ? response.value.prevKvs : [];
    expect(prevKvs.map((kv) => (kv instanceof Uint8Array ? KeyValue.decode(kv) : kv).key)).toEqual(before);
    expect(store.revision).toBe(revision);
    expect(lessor.leaseOf("a")).toBe(store.head("a") === undefined ? 0n : 7n);
  });
}

const refusals: readonly {
  readonly name: string;
  readonly request: Partial<InternalRaftRequest>;
  readonly want: string;
}[] = [
  {
    name: "a put with an unknown lease",
    request: { put: put("a", "x", { lease: 9n }) },
    want: "leaseNotFound",
  },
  {
    name: "a put that keeps the value of a missing key",
    request: { put: put("c", "", { ignoreValue: true }) },
    want: "keyNotFound",
  },
  {
    name: "a put that keeps the lease of a missing key",
    request: { put: put("c", "x", { ignoreLease: true }) },
    want: "keyNotFound",
  },
  {
    name: "an unknown lease before a missing key",
    request: { put: put("c", "", { ignoreValue: true, lease: 9n }) },
    want: "leaseNotFound",
  },
  { name: "a grant with an id that is in use", request: { leaseGrant: { id: 7n, ttl: 60 } }, want: "leaseExists" },
  {
    name: "a grant with a TTL that is too large",
    request: { leaseGrant: { id: 9n, ttl: 9_000_000_001 } },
    want: "leaseTtlTooLarge",
  },
  { name: "a grant without an id", request: { leaseGrant: { id: 0n, ttl: 60 } }, want: "leaseNotFound" },
  { name: "the revocation of an unknown lease", request: { leaseRevoke: { id: 9n } }, want: "leaseNotFound" },
  {
    name: "a compaction beyond the current revision",
    request: { compaction: { revision: 5, physical: false } },
    want: "futureRevision",
  },
  {
    name: "a compaction at a compacted revision",
    request: { compaction: { revision: -1, physical: false } },
    want: "compacted",
  },
  {
    name: "a range at a future revision",
    request: { range: range("a", "", { revision: 5 }) },
    want: "futureRevision",
  },
];

for (const { name, request, want } of refusals) {
  test(`a refusal changes nothing: ${name}`, async () => {
    const { apply, backend, store, lessor } = await openTwo();
    const before = { hash: await backend.hash(), revision: store.revision, leases: leasesOf(lessor).length };
    expect(apply(request)).toEqual({ error: expect.objectContaining({ kind: want }) });
    expect({ hash: await backend.hash(), revision: store.revision, leases: leasesOf(lessor).length }).toEqual(before);
  });
}

test("a lease is granted at least the minimum TTL", async () => {
  const { mustApply, lessor } = await openTwo();
  const { response } = mustApply({ leaseGrant: { id: -9n, ttl: 0 } });
  expect(response).toEqual({ case: "leaseGrant", value: expect.objectContaining({ id: -9n, ttl: 2, error: "" }) });
  expect(lessor.lookup(lease(-9))?.ttlSeconds).toBe(2);
});

test("a revocation deletes the keys of the lease as one revision, in key order", async () => {
  const { mustApply, store } = await openTwo();
  for (const key of ["z", "\u00ff", "m"]) mustApply({ put: put(key, "", { lease: 8n }) });
  const told: [number, string[]][] = [];
  store.onChanges((revision, changes) => told.push([revision, [...changes].map(({ type, key }) => `${type} ${key}`)]));
  const { response } = mustApply({ leaseRevoke: { id: 8n } });
  expect(told).toEqual([[8, ["delete m", "delete z", "delete \u00ff"]]]);
  expect(response).toMatchObject({ case: "leaseRevoke", value: { header: { revision: 8 } } });
});

test("the revocation of a lease without keys makes no revision", async () => {
  const { mustApply, store } = await openTwo();
  mustApply({ leaseRevoke: { id: 8n } });
  expect(store.revision).toBe(4);
});

test("a key that is deleted and put again is not attached to its old lease", async () => {
  const { mustApply, store, lessor } = await openTwo();
  mustApply({ deleteRange: del("a") });
  mustApply({ put: put("a", "new") });
  mustApply({ leaseRevoke: { id: 7n } });
  expect(lessor.lookup(lease(7))).toBeUndefined();
  expect(store.head("a")).toBeDefined();
});

test("a checkpoint is stored, and that of an unknown lease is ignored", async () => {
  const { mustApply, lessor } = await openTwo();
  const checkpoints = [
    { id: 9n, remainingTtl: 5 },
    { id: 7n, remainingTtl: 30 },
  ];
  expect(mustApply({ leaseCheckpoint: { checkpoints } }).response).toMatchObject({ case: "leaseCheckpoint" });
  lessor.promote(0);
  expect(lessor.remainingSeconds(lease(7))).toBe(30);
});

test("a compaction returns a promise of its end", async () => {
  const { mustApply, store } = await openTwo();
  const result = mustApply({ compaction: { revision: 4, physical: true } });
  expect(result.response).toMatchObject({ case: "compaction", value: { header: { revision: 4 } } });
  expect(store.compactedRevision).toBe(4);
  if (result.error === undefined) await result.done;
  expect(() => store.range("a", "", { revision: 3 })).toThrow();
});

test("a read-only request without a waiter is not carried out", async () => {
  const { apply } = await openTwo();
  expect(apply({ range: range("a") }, false).response).toMatchObject({ value: { count: 0 } });
  const written = apply({ txn: txn([], [{ put: put("c", "x") }, { range: range("a") }]) }, false);
  expect(written.response).toMatchObject({ value: { header: { revision: 5 } } });
});

test("a txn with an invalid range is refused on all members, with or without a waiter", async () => {
  const { apply, store } = await openTwo();
  const request = { txn: txn([], [{ put: put("c", "x") }, { range: range("a", "", { revision: 99 }) }]) };
  expect(apply(request, false)).toEqual({ error: expect.objectContaining({ kind: "futureRevision" }) });
  expect(store.revision).toBe(4);
});

test("a list of alarms changes nothing", async () => {
  const { mustApply, alarms } = await openTwo();
  const alarm = { action: AlarmAction.GET, memberId: 0n, alarm: AlarmType.NONE };
  expect(mustApply({ alarm }).response).toMatchObject({ case: "alarm", value: { alarms: [] } });
  expect(alarms.get(AlarmType.NONE)).toEqual([]);
});
