import fc from "fast-check";
import { expect, test } from "vitest";
import { CompareResult, CompareTarget, KeyValue, type TxnRequest } from "../../src/wire/index.js";
import { del, type Op, openBench, put, range, text, txn } from "./fixtures.js";

interface Pair {
  readonly value: string;
  readonly version: number;
  readonly create: number;
  readonly mod: number;
}

/** The simplest model of the key space. */
class Model {
  pairs = new Map<string, Pair>();
  revision = 1;

  run(request: TxnRequest): void {
    const before = new Map(this.pairs);
    if (this.#carryOut(request, before) > 0) this.revision++;
  }

  #carryOut({ compare, success, failure }: TxnRequest, before: ReadonlyMap<string, Pair>): number {
    const holds = compare.every(({ key, targetUnion, result }) => {
      const version = before.get(key)?.version ?? 0;
      const operand = targetUnion?.case === "version" ? targetUnion.value : 0;
      return result === CompareResult.EQUAL ? version === operand : version > operand;
    });
    let changes = 0;
    for (const { request } of holds ? success : failure) {
      if (request?.case === "requestPut") {
        const { key, value } = request.value;
        const was = this.pairs.get(key);
        const mod = this.revision + 1;
        this.pairs.set(key, { value: text(value), version: (was?.version ?? 0) + 1, create: was?.create ?? mod, mod });
        changes++;
      } else if (request?.case === "requestDeleteRange") {
        const { key, rangeEnd } = request.value;
        for (const each of [...this.pairs.keys()].filter((name) => within(name, key, rangeEnd))) {
          this.pairs.delete(each);
          changes++;
        }
      } else if (request?.case === "requestTxn") changes += this.#carryOut(request.value, before);
    }
    return changes;
  }

  rows(): unknown[] {
    const sorted = [...this.pairs].sort(([one], [other]) => (one < other ? -1 : 1));
    return sorted.map(([key, { value, version, create, mod }]) => [key, value, version, create, mod]);
  }
}

function within(name: string, key: string, end: string): boolean {
  if (end === "") return name === key;
  return name >= key && (end === "\0" || name < end);
}

const key = fc.constantFrom("a", "b", "c", "d");
const end = fc.constantFrom("", "", "b", "d", "\0");
const compare = fc
  .record({ key, operand: fc.nat(2), result: fc.constantFrom(CompareResult.EQUAL, CompareResult.GREATER) })
  .map(({ key: of, operand, result }) => {
    const targetUnion = { case: "version", value: operand } as const;
    return { key: of, target: CompareTarget.VERSION, targetUnion, result };
  });

const { request } = fc.letrec<{ op: Op; request: TxnRequest }>((tie) => ({
  op: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.tuple(key, fc.string({ maxLength: 3 })).map(([of, value]): Op => ({ put: put(of, value) })),
    fc.tuple(key, end).map(([of, to]): Op => ({ del: del(of, to) })),
    fc.tuple(key, end).map(([of, to]): Op => ({ range: range(of, to) })),
    tie("request").map((nested): Op => ({ txn: nested })),
  ),
  request: fc
    .tuple(
      fc.array(compare, { maxLength: 2 }),
      fc.array(tie("op"), { maxLength: 4 }),
      fc.array(tie("op"), { maxLength: 3 }),
    )
    .map(([compares, success, failure]) => txn(compares, success, failure)),
}));

test("random txns have the same result as in a plain model", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
      const { mustApply, store } = await openBench();
      const model = new Model();
      for (const each of requests) {
        model.run(each);
        mustApply({ txn: each });
        const rows = store.range("\0", "\0").kvs.map((kv) => {
          const { key: of, value, version, createRevision, modRevision } = KeyValue.decode(kv);
          return [of, text(value), version, createRevision, modRevision];
        });
        expect(rows).toEqual(model.rows());
        expect(store.revision).toBe(model.revision);
      }
    }),
    { numRuns: 200 },
  );
});
