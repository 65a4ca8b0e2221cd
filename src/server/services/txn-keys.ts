import { EtcdError, IntervalTree, isOneKey, type Key, keyAfter } from "../../base/index.js";
import { type RequestOp, type TxnRequest, withNestedTxns } from "../../wire/index.js";

/** The keys that the operations of a branch, including nested transactions, would write. */
interface Writes {
  puts: Set<Key>;
  deletes: Deletes;
}

/** The writes of both branches of a transaction, of which only one will be executed. */
interface Branches {
  readonly success: Writes;
  readonly failure: Writes;
}

/**
 * Refuses a transaction with a branch that would write a key twice: with two puts, or a put and a delete, that can both
 * be executed. Two deletes may overlap, and so may the two branches of a nested transaction.
 *
 * As in etcd, a delete of all keys from a key on is not checked, and a put in a nested transaction is compared with the
 * deletes in nested transactions before it, but not with those behind it.
 *
 * It takes O(n log n) for n operations, however they are nested, since the smaller of two sets is added to the larger.
 * The innermost transactions are checked first, in a loop, since nesting is bounded by the number of operations only.
 *
 * @throws EtcdError `duplicateKey`
 */
export function checkKeys(request: TxnRequest): void {
  const txns = withNestedTxns(request);
  // Most transactions have at most one operation in each branch and need no check.
  if (txns.length === 1 && request.success.length < 2 && request.failure.length < 2) return;
  const nested = new Map<TxnRequest, Branches>();
  for (const txn of txns.toReversed()) {
    nested.set(txn, { success: writesOf(txn.success, nested), failure: writesOf(txn.failure, nested) });
  }
}

function writesOf(operations: readonly RequestOp[], nested: ReadonlyMap<TxnRequest, Branches>): Writes {
  const writes: Writes = { puts: new Set(), deletes: new Deletes() };
  for (const { request } of operations) {
    if (request?.case === "requestDeleteRange") writes.deletes.add(request.value.key, request.value.rangeEnd);
  }
  for (const { request } of operations) {
    const branches = request?.case === "requestTxn" ? nested.get(request.value) : undefined;
    if (branches !== undefined) takeNested(writes, branches);
  }
  for (const { request } of operations) {
    if (request?.case !== "requestPut") continue;
    const { key } = request.value;
    refuseIfWritten(writes, key);
    writes.puts.add(key);
  }
  return writes;
}

function takeNested(writes: Writes, { success, failure }: Branches): void {
  // Both branches are checked before either is added, since only one of them will be executed.
  if (writes.puts.size > 0 || !writes.deletes.empty) {
    for (const key of success.puts) refuseIfWritten(writes, key);
    for (const key of failure.puts) refuseIfWritten(writes, key);
  }
  for (const branch of [success, failure]) {
    writes.puts = joined(writes.puts, branch.puts);
    writes.deletes = writes.deletes.joined(branch.deletes);
  }
}

function refuseIfWritten(writes: Writes, key: Key): void {
  if (writes.puts.has(key) || writes.deletes.meet(key)) throw new EtcdError("duplicateKey");
}

function joined(left: Set<Key>, right: Set<Key>): Set<Key> {
  const [smaller, larger] = left.size < right.size ? [left, right] : [right, left];
  for (const key of smaller) larger.add(key);
  return larger;
}

/** The key ranges that are deleted. */
class Deletes {
  readonly #ranges: (readonly [low: Key, high: Key])[] = [];
  readonly #tree = new IntervalTree<true>();

  get empty(): boolean {
    return this.#ranges.length === 0;
  }

  add(key: Key, end: Key): void {
    const high = isOneKey(end) ? keyAfter(key) : end;
    if (key < high) this.#insert([key, high]);
  }

  meet(key: Key): boolean {
    if (this.empty) return false;
    let met = false;
    this.#tree.around(key, () => {
      met = true;
    });
    return met;
  }

  /** The union of both, which reuses and changes one of them. */
  joined(other: Deletes): Deletes {
    const [smaller, larger] = this.#ranges.length < other.#ranges.length ? [this, other] : [other, this];
    for (const range of smaller.#ranges) larger.#insert(range);
    return larger;
  }

  #insert(range: readonly [low: Key, high: Key]): void {
    this.#ranges.push(range);
    this.#tree.set(range[0], range[1], true);
  }
}
