import { type Identity, nobody } from "../auth/index.js";
import { EtcdError, type LeaseId, type Steps, type WorkBudget } from "../base/index.js";
import type { WriteTxn } from "../mvcc/index.js";
import {
  type InternalRaftRequest,
  LeaseRevokeResponse,
  type PutRequest,
  RangeResponse,
  ResponseHeader,
  type TxnRequest,
} from "../wire/index.js";
import { refusedByAlarm } from "./alarm-gate.js";
import type { ApplierOptions, Position } from "./applier-options.js";
import type { Command } from "./command.js";
import { applyDeleteRange } from "./delete-range.js";
import { moveKeys } from "./key-leases.js";
import { checkPermission } from "./permissions.js";
import { applyPut, checkLease, checkPrevious } from "./put.js";
import { applyRangeInSteps } from "./range-steps.js";
import type { ApplyResponse, ApplyResult } from "./result.js";
import { applyTxn } from "./txn.js";
import { checkPlan } from "./txn-check.js";
import { planTxn } from "./txn-plan.js";

/** Cost of deleting a key, in the unit of `WorkBudget`: bytes that could be read in the same time. */
const bytesOfDelete = 2048;

/** An entry that does not fit one turn of the event loop. */
interface LargeEntry {
  readonly position: Position;
  readonly answered: boolean;
  readonly budget: WorkBudget;
}

/**
 * Applies a large entry in steps, with other work of the event loop between them. No other entry is applied before the
 * last step. The first steps read and check, on the state before the entry. The next ones write: the backend keeps all
 * changes together, and readers see none of them. Then, within one turn, the changes become readable, the consistent
 * index moves, and the backend may write them. Leases and watchers follow. The budget decides only where the steps are
 * cut.
 */
export function* applyInSteps(
  options: ApplierOptions,
  request: InternalRaftRequest,
  command: Command,
  entry: LargeEntry,
): Steps<ApplyResult> {
  const { alarms, auth, consistentIndex, lessor, quota } = options;
  const { index, term } = entry.position;
  const who: Identity = request.header ?? nobody;
  try {
    const refusal = refusedByAlarm(alarms, request);
    if (refusal !== undefined) throw new EtcdError(refusal);
    yield* checkPermission(auth, lessor, who, command, entry.budget);
    // The quota must be asked first, since carrying out the request changes the size in use.
    const allowed = quota.allows(request);
    const response = yield* carryOut(options, command, entry);
    return allowed ? { response } : { response, overQuota: true };
  } catch (error) {
    // Only checks throw an EtcdError, and all checks come before the first change.
    if (!(error instanceof EtcdError)) throw error;
    consistentIndex.advance(index, term, () => undefined);
    return { error };
  }
}

function* carryOut(options: ApplierOptions, command: Command, entry: LargeEntry): Steps<ApplyResponse> {
  const { store, lessor, consistentIndex } = options;
  const { answered, budget, position } = entry;
  switch (command.case) {
    case "range": {
      const value = answered ? yield* applyRangeInSteps(store, command.value, budget) : RangeResponse.create();
      consistentIndex.advance(position.index, position.term, () => undefined);
      return { case: "range", value };
    }
    case "put":
      checkLease(lessor, command.value);
      checkPrevious(store, command.value);
      return { case: "put", value: yield* write(options, entry, (txn) => putInSteps(txn, command.value)) };
    case "deleteRange": {
      const value = yield* write(options, entry, (txn) => applyDeleteRange(txn, command.value, answered, budget));
      return { case: "deleteRange", value };
    }
    case "txn":
      return { case: "txn", value: yield* txnInSteps(options, command.value, entry) };
    case "leaseRevoke": {
      yield* revoke(options, command.value.id as LeaseId, entry);
      const header = ResponseHeader.create({ revision: store.revision });
      return { case: "leaseRevoke", value: LeaseRevokeResponse.create({ header }) };
    }
    default:
      throw new Error(`an entry of this kind fits one turn: ${command.case}`);
  }
}

// biome-ignore lint/correctness/useYield: one put is one step
function* putInSteps(txn: WriteTxn, request: PutRequest) {
  return applyPut(txn, request);
}

function* txnInSteps(options: ApplierOptions, request: TxnRequest, entry: LargeEntry) {
  const { store, lessor } = options;
  const { answered, budget } = entry;
  const plan = yield* planTxn(store, request, budget);
  yield* checkPlan(store, lessor, plan, budget);
  return yield* write(options, entry, (txn) => applyTxn({ txn, answered, budget }, plan));
}

/** Revokes a lease: it exists until its keys are gone, and disappears in the same turn as they do. */
function* revoke(options: ApplierOptions, id: LeaseId, entry: LargeEntry): Steps<void> {
  const { lessor } = options;
  const lease = lessor.lookup(id);
  if (lease === undefined) throw new EtcdError("leaseNotFound");
  const keys = yield* lease.sortedKeysInSteps(entry.budget);
  yield* write(options, entry, function* (txn): Steps<void> {
    for (const key of keys) {
      txn.deleteRange(key, "");
      if (entry.budget.over(bytesOfDelete)) yield;
    }
    lessor.revoke(id);
  });
}

/** Makes one revision of the store; the leases and the watchers follow. */
function* write<Result>(
  { backend, store, lessor, consistentIndex }: ApplierOptions,
  { budget, position: { index, term } }: LargeEntry,
  change: (txn: WriteTxn) => Steps<Result>,
): Steps<Result> {
  backend.hold();
  consistentIndex.begin(index);
  const txn = store.beginWrite();
  const result = yield* change(txn);
  // No other code runs from here to `release`, so nobody sees the changes without the index, on disk or in memory.
  const telling = txn.endInSteps(budget);
  consistentIndex.end(index, term);
  backend.release();
  yield* moveKeys(lessor, txn.changes.ofLeases(), budget);
  if (telling !== undefined) yield* telling;
  return result;
}
