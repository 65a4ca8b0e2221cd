import { assertNever, finish, unboundedWork } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Store, WriteTxn } from "../mvcc/index.js";
import { RangeResponse, ResponseHeader, type ResponseOp, type TxnRequest, TxnResponse } from "../wire/index.js";
import { applyDeleteRange } from "./delete-range.js";
import { moveKeys } from "./key-leases.js";
import { applyPut } from "./put.js";
import { applyRange } from "./range.js";
import { checkPlan } from "./txn-check.js";
import { type Plan, planTxn, type Step } from "./txn-plan.js";

/**
 * Carries out a txn as one revision. First all comparisons are decided, then everything in the branches taken is
 * checked, both on the state before; only then is anything written, and from there on nothing can be refused.
 *
 * @param answered false when nobody waits for what its ranges would read: they are checked all the same, since all
 *   members must agree on whether the txn is refused, but not carried out
 * @throws EtcdError `keyNotFound`, `leaseNotFound`, `futureRevision` or `compacted`
 */
export function applyTxn(store: Store, lessor: Lessor, request: TxnRequest, answered: boolean): TxnResponse {
  const plan = finish(planTxn(store, request, unboundedWork));
  checkPlan(store, lessor, plan);
  const txn = store.beginWrite();
  const responses = execute(txn, plan, answered);
  txn.end();
  moveKeys(lessor, txn.changes);
  const { revision } = store;
  return TxnResponse.create({ header: ResponseHeader.create({ revision }), succeeded: plan.succeeded, responses });
}

function execute(txn: WriteTxn, plan: Plan, answered: boolean): ResponseOp[] {
  return plan.steps.map((step): ResponseOp => ({ response: executeStep(txn, step, answered) }));
}

function executeStep(txn: WriteTxn, step: Step, answered: boolean): ResponseOp["response"] {
  switch (step?.case) {
    case "requestRange":
      return { case: "responseRange", value: answered ? applyRange(txn, step.value) : RangeResponse.create() };
    case "requestPut":
      return { case: "responsePut", value: applyPut(txn, step.value) };
    case "requestDeleteRange":
      return { case: "responseDeleteRange", value: applyDeleteRange(txn, step.value) };
    case "requestTxn": {
      const { succeeded } = step.plan;
      const responses = execute(txn, step.plan, answered);
      return {
        case: "responseTxn",
        value: TxnResponse.create({ header: ResponseHeader.create(), succeeded, responses }),
      };
    }
    case undefined:
      return undefined;
    default:
      return assertNever(step);
  }
}
