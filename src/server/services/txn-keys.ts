import { EtcdError, IntervalTree, isOneKey, type Key, keyAfter } from "../../base/index.js";
import { type RequestOp, type TxnRequest, withNestedTxns } from "../../wire/index.js";

/** What the operations of one branch would write, nested transactions included. */
interface Writes {
  puts: Set<Key>;
  deletes: Deletes;
}

/** Both branches of one transaction; only one of them will happen. */
interface Branches {
  readonly success: Writes;
  readonly failure: Writes;
}

/**
 * Refuses a transaction with a branch that would write one key twice: two puts, or a put and a delete, in operations
 * that can both happen. Two deletes may meet, and so may the two branches of one nested transaction.
 *
 * As in etcd, a delete from a key on without an end meets nothing here, and the put of a nested transaction is held
 * against the deletes of nested transactions before it, not of those behind it.
 *
 * It takes about n log n for n operations, however they are nested: the smaller of two sets joins the larger. The
 * innermost transactions come first, in a loop, since nothing but the count of operations bounds how deep they lie.
 *
 * @throws EtcdError `duplicateKey`
 */
export function checkKeys(request: TxnRequest): void {
  const txns = withNestedTxns(request);
  // Most transactions write one key in a branch.
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
  // Both are checked before either is taken: only one of them will happen.
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

/** Ranges that are deleted. */
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
    let met = false;
    this.#tree.around(key, () => {
      met = true;
    });
    return met;
  }

  /** Both; one of the two is used up. */
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
