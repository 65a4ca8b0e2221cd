import type { Random } from "../../src/base/index.js";
import {
  AlarmAction,
  type AlarmRequest,
  AlarmType,
  type CompactionRequest,
  type Compare,
  type DeleteRangeRequest,
  type LeaseGrantRequest,
  type LeaseRevokeRequest,
  type PutRequest,
  type RangeRequest,
  type TxnRequest,
} from "../../src/wire/index.js";
import { bytes, del, type Op, put, range, txn } from "./fixtures.js";

/** A client's request of a kind that goes through the log. */
export type Ask =
  | { readonly case: "put"; readonly value: PutRequest }
  | { readonly case: "deleteRange"; readonly value: DeleteRangeRequest }
  | { readonly case: "txn"; readonly value: TxnRequest }
  | { readonly case: "compaction"; readonly value: CompactionRequest }
  | { readonly case: "leaseGrant"; readonly value: LeaseGrantRequest }
  | { readonly case: "leaseRevoke"; readonly value: LeaseRevokeRequest }
  | { readonly case: "alarm"; readonly value: AlarmRequest };

const keys = ["a", "aa", "b", "c", "\u0001", "\u00ff", "k/1", "k/2"] as const;
const ends = ["", "", "", "c", "l", "\0", "\u00ff"] as const;

const values = ["", "x", "yy", "\u0000\u00fe"] as const;
/** The maximum depth of nested txns. */
const insideMax = 3;
const ttls = [0, 1_000, 9_000_000_000, 9_000_000_001] as const;

/** Generates `count` valid and invalid requests with few keys and leases. */
export function* randomAsks(random: Random, count: number): Generator<Ask> {
  const pick = <Item>(items: readonly [Item, ...Item[]]): Item => items[random.int(items.length)] ?? items[0];
  const chance = (percent: number): boolean => random.int(100) < percent;
  const someLease = (): bigint => pick([0n, 0n, 0n, 7n, -8n, 9n]);
  // Revisions near the current one of the store, some of them in the future.
  let revision = 1;
  const someRevision = (): number => (chance(70) ? 0 : chance(10) ? -1 : Math.max(1, revision - random.int(20) + 3));

  // Puts in txns do not use ignoreValue or ignoreLease, since etcd 3.5 panics if the txn has deleted the key before.
  const somePut = (inTxn: boolean): PutRequest => {
    const more = { prevKv: chance(30), lease: someLease() };
    if (inTxn) return put(pick(keys), pick(values), more);
    if (chance(8)) return put(pick(keys), "", { ...more, ignoreValue: true });
    if (chance(8)) return put(pick(keys), "kept", { ...more, lease: 0n, ignoreLease: true });
    return put(pick(keys), pick(values), more);
  };
  const someDelete = (): DeleteRangeRequest => del(pick(keys), pick(ends), chance(50));
  const someRange = (): RangeRequest =>
    range(pick(keys), pick(ends), {
      revision: someRevision(),
      limit: pick([0, 0, 1, 2, -1]),
      sortOrder: random.int(3),
      sortTarget: random.int(5),
      keysOnly: chance(15),
      countOnly: chance(10),
      minModRevision: chance(15) ? someRevision() : 0,
      maxModRevision: chance(15) ? someRevision() : 0,
      minCreateRevision: chance(15) ? someRevision() : 0,
      maxCreateRevision: chance(15) ? someRevision() : 0,
    });
  const someOperand = (): Compare["targetUnion"] => {
    const value = pick([0, 1, 2, revision, revision - 3]);
    return pick<Compare["targetUnion"]>([
      undefined,
      { case: "version", value },
      { case: "createRevision", value },
      { case: "modRevision", value },
      { case: "value", value: bytes("x") },
      { case: "lease", value: someLease() },
    ]);
  };
  const targets = { version: 0, createRevision: 1, modRevision: 2, value: 3, lease: 4 } as const;
  const someCompare = (): Partial<Compare> => {
    const targetUnion = someOperand();
    const target = targetUnion === undefined || chance(5) ? random.int(6) : targets[targetUnion.case];
    return { key: pick(keys), rangeEnd: pick(ends), target, targetUnion, result: random.int(5) };
  };
  const someOp = (depth: number): Op => {
    const kind = random.int(10);
    if (kind < 4) return { put: somePut(true) };
    if (kind < 6) return { del: someDelete() };
    if (kind < 9 || depth >= insideMax) return { range: someRange() };
    return { txn: someTxn(depth + 1) };
  };
  const some = <Item>(most: number, make: () => Item): Item[] => Array.from({ length: random.int(most + 1) }, make);
  const someTxn = (depth: number): TxnRequest =>
    txn(
      some(2, someCompare),
      some(3, () => someOp(depth)),
      some(3, () => someOp(depth)),
    );

  for (let turn = 0; turn < count; turn++) {
    // The store is full at the end. There are no nested txns then, since etcd 3.5 does not count their puts.
    const full = turn >= count - 40;
    if (turn === count - 40) yield noSpaceAlarm(AlarmAction.ACTIVATE);
    const kind = random.int(100);
    revision += kind < 70 ? 1 : 0;
    if (kind < 30) yield { case: "put", value: somePut(false) };
    else if (kind < 40) yield { case: "deleteRange", value: someDelete() };
    else if (kind < 85) yield { case: "txn", value: someTxn(full ? insideMax : 0) };
    else if (kind < 91) yield { case: "leaseGrant", value: { id: pick([7n, -8n, 9n]), ttl: pick(ttls) } };
    else if (kind < 95) yield { case: "leaseRevoke", value: { id: pick([7n, -8n, 9n]) } };
    else yield { case: "compaction", value: { revision: revision - random.int(30), physical: true } };
  }
  yield noSpaceAlarm(AlarmAction.DEACTIVATE);
}

function noSpaceAlarm(action: AlarmAction): Ask {
  return { case: "alarm", value: { action, memberId: 1n, alarm: AlarmType.NOSPACE } };
}
