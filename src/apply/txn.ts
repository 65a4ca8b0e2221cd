import { assertNever, finish, unboundedWork } from "../base/index.js";
import type { Lessor } from "../lease/index.js";
import type { Store, WriteTxn } from "../mvcc/index.js";
import { RangeResponse, ResponseHeader, type ResponseOp, type TxnRequest, TxnResponse } from "../wire/index.js";
import { applyDeleteRange } from "./delete-range.js";
import { moveKeys } from "./key-leases.js";
import { applyPut } from "./put.js";
import { applyRange } from "./range.js";
import { checkPlan } from "./txn-check.js";
import { type Nested, type Plan, planTxn, type Step } from "./txn-plan.js";

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

/** A plan that is being carried out: its first steps have their responses. */
interface Executing {
  readonly steps: readonly Step[];
  readonly responses: ResponseOp[];
}

/** A loop and no recursion, as in `planTxn`. */
function execute(txn: WriteTxn, plan: Plan, answered: boolean): readonly ResponseOp[] {
  const outermost: Executing = { steps: plan.steps, responses: [] };
  const open = [outermost];
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    const { steps, responses } = inner;
    const at = responses.length;
    if (at === steps.length) {
      open.pop();
      continue;
    }
    const step = steps[at];
    if (step?.case === "requestTxn") {
      const nested: Executing = { steps: step.plan.steps, responses: [] };
      const { succeeded } = step.plan;
      const value = TxnResponse.create({ header: ResponseHeader.create(), succeeded, responses: nested.responses });
      responses.push({ response: { case: "responseTxn", value } });
      open.push(nested);
    } else responses.push({ response: executeStep(txn, step, answered) });
  }
  return outermost.responses;
}

function executeStep(txn: WriteTxn, step: Exclude<Step, Nested>, answered: boolean): ResponseOp["response"] {
  switch (step?.case) {
    case "requestRange":
      return { case: "responseRange", value: answered ? applyRange(txn, step.value) : RangeResponse.create() };
    case "requestPut":
      return { case: "responsePut", value: applyPut(txn, step.value) };
    case "requestDeleteRange":
      return { case: "responseDeleteRange", value: applyDeleteRange(txn, step.value) };
    case undefined:
      return undefined;
    default:
      return assertNever(step);
  }
}
