import { expect, test } from "vitest";
import { isReadOnly, isSerializable, readTxn, wholeTxn } from "../../src/apply/index.js";
import {
  type Compare,
  CompareResult,
  CompareTarget,
  KeyValue,
  type ResponseOp,
  type TxnRequest,
  type TxnResponse,
} from "../../src/wire/index.js";
import { type Bench, bytes, contextOf, del, type Op, openBench, put, range, text, txn } from "./fixtures.js";

const { EQUAL, GREATER, LESS, NOT_EQUAL } = CompareResult;
const { VERSION, CREATE, MOD, VALUE, LEASE } = CompareTarget;

/** `a` = m, created at 2, modified at 4, version 2, lease 7; `b` = n, created and modified at 3, no lease. */
async function openTwo(): Promise<Bench> {
  const bench = await openBench();
  bench.mustApply({ leaseGrant: { id: 7n, ttl: 60 } });
  bench.mustApply({ put: put("a", "k") });
  bench.mustApply({ put: put("b", "n") });
  bench.mustApply({ put: put("a", "m", { lease: 7n }) });
  return bench;
}

function run(bench: Bench, request: TxnRequest): TxnResponse {
  const { response } = bench.mustApply({ txn: request });
  if (response?.case !== "txn") throw new Error("a txn is answered with a txn's response");
  return response.value;
}

const version = (value: number) => ({ case: "version", value }) as const;
const createRevision = (value: number) => ({ case: "createRevision", value }) as const;
const modRevision = (value: number) => ({ case: "modRevision", value }) as const;
const value = (of: string) => ({ case: "value", value: bytes(of) }) as const;
const leaseId = (of: bigint) => ({ case: "lease", value: of }) as const;

const rows: readonly {
  readonly name: string;
  readonly on: Partial<Compare>;
  /** The relations among `=`, `>`, `<` and `!=` that hold. */
  readonly holds: string;
}[] = [
  { name: "its version with the same", on: { key: "a", target: VERSION, targetUnion: version(2) }, holds: "=" },
  { name: "its version with a lower one", on: { key: "a", target: VERSION, targetUnion: version(1) }, holds: "> !=" },
  { name: "its version with a higher one", on: { key: "a", target: VERSION, targetUnion: version(3) }, holds: "< !=" },
  { name: "its creation with the same", on: { key: "a", target: CREATE, targetUnion: createRevision(2) }, holds: "=" },
  {
    name: "its creation with a higher revision",
    on: { key: "a", target: CREATE, targetUnion: createRevision(9) },
    holds: "< !=",
  },
  {
    name: "its modification with a lower revision",
    on: { key: "a", target: MOD, targetUnion: modRevision(3) },
    holds: "> !=",
  },
  { name: "its modification with the same", on: { key: "a", target: MOD, targetUnion: modRevision(4) }, holds: "=" },
  { name: "its value with the same", on: { key: "a", target: VALUE, targetUnion: value("m") }, holds: "=" },
  { name: "its value with a prefix", on: { key: "a", target: VALUE, targetUnion: value("") }, holds: "> !=" },
  { name: "its value with a later one", on: { key: "a", target: VALUE, targetUnion: value("ma") }, holds: "< !=" },
  {
    name: "its value by bytes instead of characters",
    on: { key: "a", target: VALUE, targetUnion: value("\u00ff") },
    holds: "< !=",
  },
  { name: "its lease with the same", on: { key: "a", target: LEASE, targetUnion: leaseId(7n) }, holds: "=" },
  { name: "its lease with a negative one", on: { key: "a", target: LEASE, targetUnion: leaseId(-1n) }, holds: "> !=" },
  { name: "no lease with 0", on: { key: "b", target: LEASE, targetUnion: leaseId(0n) }, holds: "=" },
  { name: "a version without an operand, which is 0", on: { key: "a", target: VERSION }, holds: "> !=" },
  { name: "a value without an operand, which is empty", on: { key: "a", target: VALUE }, holds: "> !=" },
  {
    name: "a version with the operand of another target",
    on: { key: "a", target: VERSION, targetUnion: modRevision(2) },
    holds: "> !=",
  },
  {
    name: "a missing key, which has version 0",
    on: { key: "x", target: VERSION, targetUnion: version(0) },
    holds: "=",
  },
  {
    name: "a missing key, which has creation revision 0",
    on: { key: "x", target: CREATE, targetUnion: createRevision(1) },
    holds: "< !=",
  },
  {
    name: "a missing key, which has modification revision 0",
    on: { key: "x", target: MOD, targetUnion: modRevision(-1) },
    holds: "> !=",
  },
  {
    name: "a missing key, which has lease 0",
    on: { key: "x", target: LEASE, targetUnion: leaseId(1n) },
    holds: "< !=",
  },
  { name: "a missing key, which has no value", on: { key: "x", target: VALUE, targetUnion: value("") }, holds: "" },
  { name: "an unknown target", on: { key: "a", target: 77, targetUnion: version(5) }, holds: "=" },
  {
    name: "all keys of a range",
    on: { key: "a", rangeEnd: "\0", target: VERSION, targetUnion: version(0) },
    holds: "> !=",
  },
  {
    name: "a range in which one key differs",
    on: { key: "a", rangeEnd: "c", target: VERSION, targetUnion: version(1) },
    holds: "",
  },
  {
    name: "an empty range, which is like a missing key",
    on: { key: "x", rangeEnd: "z", target: VERSION, targetUnion: version(0) },
    holds: "=",
  },
  { name: "an empty range, which has no value", on: { key: "x", rangeEnd: "z", target: VALUE }, holds: "" },
  {
    name: "an empty range, which has lease 0",
    on: { key: "x", rangeEnd: "z", target: LEASE, targetUnion: leaseId(0n) },
    holds: "=",
  },
  {
    name: "the values of a range",
    on: { key: "a", rangeEnd: "c", target: VALUE, targetUnion: value("l") },
    holds: "> !=",
  },
];

for (const { name, on, holds } of rows) {
  test(`a comparison of ${name} holds for "${holds}"`, async () => {
    const bench = await openTwo();
    const relations = [
      ["=", EQUAL],
      [">", GREATER],
      ["<", LESS],
      ["!=", NOT_EQUAL],
    ] as const;
    const held = relations.filter(([, result]) => run(bench, txn([{ ...on, result }], [])).succeeded);
    expect(held.map(([sign]) => sign).join(" ")).toBe(holds);
  });
}

test("an unknown relation holds", async () => {
  const compare = { key: "a", target: VERSION, targetUnion: version(9), result: 77 } as const;
  expect(run(await openTwo(), txn([compare], [])).succeeded).toBe(true);
});

/** The answers of a txn in short form, with kvs as `key=value@mod`. */
function short(responses: readonly ResponseOp[]): unknown[] {
  return responses.map(({ response }) => {
    switch (response?.case) {
      case "responseRange":
        return response.value.kvs
          .map((kv) => (kv instanceof Uint8Array ? KeyValue.decode(kv) : kv))
          .map((kv) => `${kv.key}=${text(kv.value)}@${kv.modRevision}`)
          .join(" ");
      case "responsePut":
        return `put@${response.value.header?.revision}`;
      case "responseDeleteRange":
        return `del ${response.value.deleted}@${response.value.header?.revision}`;
      case "responseTxn":
        return [response.value.succeeded, ...short(response.value.responses)];
      default:
        return response;
    }
  });
}

const isA = { key: "a", target: VALUE, targetUnion: value("m") } as const;
const hasC = { key: "c", target: VERSION, targetUnion: version(0), result: GREATER } as const;

const scripts: readonly {
  readonly name: string;
  readonly request: TxnRequest;
  readonly want: readonly unknown[];
  readonly revision: number;
}[] = [
  { name: "nothing", request: txn([], []), want: [true], revision: 4 },
  {
    name: "the success branch",
    request: txn([isA], [{ put: put("c", "1") }], [{ del: del("a") }]),
    want: [true, "put@5"],
    revision: 5,
  },
  {
    name: "the failure branch",
    request: txn([isA, hasC], [{ put: put("c", "1") }], [{ del: del("a") }]),
    want: [false, "del 1@5"],
    revision: 5,
  },
  {
    name: "several writes as one revision",
    request: txn([], [{ put: put("c", "1") }, { put: put("d", "1") }, { del: del("a", "c") }]),
    want: [true, "put@5", "put@5", "del 2@5"],
    revision: 5,
  },
  {
    name: "reads that see earlier writes of the txn",
    request: txn(
      [],
      [{ range: range("a", "\0") }, { put: put("c", "1") }, { del: del("a") }, { range: range("a", "\0") }],
    ),
    want: [true, "a=m@4 b=n@3", "put@5", "del 1@5", "b=n@3 c=1@5"],
    revision: 5,
  },
  {
    name: "a read of an earlier revision, which sees no writes of the txn",
    request: txn([], [{ put: put("a", "1") }, { range: range("a", "", { revision: 4 }) }]),
    want: [true, "put@5", "a=m@4"],
    revision: 5,
  },
  {
    name: "a delete of a missing key, which makes no revision",
    request: txn([], [{ del: del("x") }]),
    want: [true, "del 0@4"],
    revision: 4,
  },
  {
    name: "nested txns, whose compares all use the state before the txn",
    request: txn(
      [],
      [
        { put: put("c", "1") },
        { txn: txn([hasC], [{ put: put("d", "wrong") }], [{ put: put("d", "right") }, { range: range("c", "\0") }]) },
        { txn: txn([isA], [{ txn: txn([hasC], [], [{ del: del("a") }]) }]) },
        { range: range("a", "\0") },
      ],
    ),
    want: [true, "put@5", [false, "put@5", "c=1@5 d=right@5"], [true, [false, "del 1@5"]], "b=n@3 c=1@5 d=right@5"],
    revision: 5,
  },
];

for (const { name, request, want, revision } of scripts) {
  test(`a txn does ${name}`, async () => {
    const bench = await openTwo();
    const response = run(bench, request);
    expect([response.succeeded, ...short(response.responses)]).toEqual(want);
    expect(response.header?.revision).toBe(revision);
    expect(bench.store.revision).toBe(revision);
  });
}

test("the answer of a nested txn has an empty header", async () => {
  const { responses } = run(await openTwo(), txn([], [{ txn: txn([], [{ put: put("c", "") }]) }]));
  const [first] = responses;
  expect(first?.response?.value.header).toEqual({ clusterId: 0n, memberId: 0n, revision: 0, raftTerm: 0 });
});

test("a txn attaches and detaches leases", async () => {
  const bench = await openTwo();
  run(bench, txn([], [{ put: put("b", "", { lease: 7n }) }, { put: put("c", "", { lease: 7n }) }, { del: del("a") }]));
  expect(["a", "b", "c"].map((key) => bench.lessor.leaseOf(key))).toEqual([0n, 7n, 7n]);
});

const write: Op = { put: put("c", "1") };
for (const { name, ops, want } of [
  {
    name: "a put with an unknown lease",
    ops: [write, { put: put("d", "", { lease: 9n }) }],
    want: "leaseNotFound",
  },
  {
    name: "a put that keeps the value of a missing key",
    ops: [write, { put: put("d", "", { ignoreValue: true }) }],
    want: "keyNotFound",
  },
  {
    name: "a put that keeps the value of a key that the txn creates",
    ops: [{ put: put("d", "") }, { put: put("d", "", { ignoreLease: true }) }],
    want: "keyNotFound",
  },
  {
    name: "a put that keeps the value of a key that a nested txn deletes",
    ops: [{ txn: txn([], [{ del: del("a", "b") }]) }, { txn: txn([], [{ put: put("a", "", { ignoreValue: true }) }]) }],
    want: "keyNotFound",
  },
  {
    name: "a put that keeps the value of a key that the txn has deleted",
    ops: [{ del: del("a", "\0") }, { put: put("a", "", { ignoreLease: true }) }],
    want: "keyNotFound",
  },
  {
    name: "an invalid range before a put that keeps a deleted value",
    ops: [
      { del: del("a", "\0") },
      { put: put("a", "", { ignoreLease: true }) },
      { range: range("a", "", { revision: 9 }) },
    ],
    want: "futureRevision",
  },
  {
    name: "a missing key before an unknown lease",
    ops: [{ put: put("d", "", { ignoreValue: true, lease: 9n }) }],
    want: "keyNotFound",
  },
  {
    name: "a range at a future revision",
    ops: [write, { range: range("a", "", { revision: 5 }) }],
    want: "futureRevision",
  },
  { name: "a range at a compacted one", ops: [write, { range: range("a", "", { revision: 2 }) }], want: "compacted" },
  {
    name: "a range at a negative revision after a compaction",
    ops: [{ range: range("a", "", { revision: -1 }) }],
    want: "compacted",
  },
  {
    name: "invalid puts before invalid ranges",
    ops: [{ range: range("a", "", { revision: 5 }) }, { put: put("d", "", { lease: 9n }) }],
    want: "leaseNotFound",
  },
  {
    name: "an invalid put in a nested txn",
    ops: [write, { txn: txn([], [{ put: put("d", "", { lease: 9n }) }]) }],
    want: "leaseNotFound",
  },
  {
    name: "an invalid range in a nested txn",
    ops: [write, { txn: txn([], [{ range: range("a", "", { revision: 9 }) }]) }],
    want: "futureRevision",
  },
] as const) {
  test(`a txn is refused, and nothing is changed: ${name}`, async () => {
    const bench = await openTwo();
    await bench.store.compact(3).done;
    const before = await bench.backend.hash();
    expect(bench.apply({ txn: txn([], ops) })).toEqual({ error: expect.objectContaining({ kind: want }) });
    expect(await bench.backend.hash()).toBe(before);
    expect(bench.store.revision).toBe(4);
  });
}

test("a put may keep the value of a key that the txn has deleted and put again", async () => {
  const bench = await openTwo();
  const ops: Op[] = [{ del: del("a", "\0") }, { put: put("a", "new") }, { put: put("a", "", { ignoreValue: true }) }];
  expect(short(run(bench, txn([], [...ops, { range: range("a") }])).responses).at(-1)).toBe("a=new@5");
});

test("the branch that is not taken is not checked", async () => {
  const bench = await openTwo();
  const bad: Op = { put: put("d", "", { lease: 9n }) };
  expect(run(bench, txn([isA], [write], [bad, { txn: txn([], [bad]) }])).succeeded).toBe(true);
});

for (const { name, request, readOnly, serializable } of [
  {
    name: "ranges",
    request: txn([isA], [{ range: range("a") }], [{ range: range("b") }]),
    readOnly: true,
    serializable: false,
  },
  {
    name: "serializable ranges",
    request: txn([], [{ range: range("a", "", { serializable: true }) }]),
    readOnly: true,
    serializable: true,
  },
  { name: "nothing", request: txn([], []), readOnly: true, serializable: true },
  { name: "a put in the other branch", request: txn([], [], [write]), readOnly: false, serializable: false },
  {
    name: "a nested txn of any kind",
    request: txn([], [{ txn: txn([], []) }]),
    readOnly: false,
    serializable: false,
  },
] as const) {
  test(`a txn of ${name} is ${readOnly ? "" : "not "}read-only and ${serializable ? "" : "not "}serializable`, () => {
    expect(isReadOnly(request)).toBe(readOnly);
    expect(isSerializable(request)).toBe(serializable);
  });
}

test("readTxn() answers from one state over all its turns", async () => {
  const bench = await openTwo();
  for (let key = 0; key < 5_000; key++) bench.mustApply({ put: put(`many/${key}`, "1") });
  const { revision } = bench.store;
  const ranges: Op[] = [
    { range: range("many/", "many0") },
    { range: range("a") },
    { range: range("many/", "many0", { countOnly: true }) },
  ];
  const reading = readTxn(bench.store, txn([isA], ranges), contextOf());
  for (let key = 0; key < 5_000; key++) bench.mustApply({ put: put(`many/${key}`, "2") });
  bench.mustApply({ deleteRange: del("a") });
  bench.mustApply({ compaction: { revision: bench.store.revision, physical: true } });
  const response = await wholeTxn(await reading);
  expect(response).toMatchObject({ succeeded: true, header: { revision } });
  const values = response.responses.flatMap(({ response: each }) =>
    each?.case === "responseRange" ? [each.value] : [],
  );
  expect(values.map(({ count, header }) => [count, header?.revision])).toEqual([
    [5_000, revision],
    [1, revision],
    [5_000, revision],
  ]);
  const kvs = values
    .flatMap(({ kvs: each }) => each)
    .map((kv) => (kv instanceof Uint8Array ? KeyValue.decode(kv) : kv));
  expect(new Set(kvs.map((kv) => text(kv.value)))).toEqual(new Set(["1", "m"]));
});

test("readTxn() refuses the same as a txn through the log", async () => {
  const { store } = await openTwo();
  const bad = txn([], [{ range: range("a", "", { revision: 9 }) }]);
  await expect(readTxn(store, bad, contextOf())).rejects.toMatchObject({ kind: "futureRevision" });
});
