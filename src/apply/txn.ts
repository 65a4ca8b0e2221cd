import { assertNever, type Steps, type WorkBudget } from "../base/index.js";
import type { WriteTxn } from "../mvcc/index.js";
import { RangeResponse, ResponseHeader, type ResponseOp, TxnResponse } from "../wire/index.js";
import { applyDeleteRange } from "./delete-range.js";
import { applyPut } from "./put.js";
import { applyRangeInSteps } from "./range-steps.js";
import type { Nested, Plan, Step } from "./txn-plan.js";

/** Context in which a txn is carried out. */
interface Execution {
  readonly txn: WriteTxn;
  /** False when nobody waits for the response: ranges have been checked, and are not read. */
  readonly answered: boolean;
  readonly budget: WorkBudget;
}

/** Carries out a txn as one revision. Its plan has passed `checkPlan`, so nothing can be refused any more. */
export function* applyTxn(execution: Execution, plan: Plan): Steps<TxnResponse> {
  const responses = yield* execute(execution, plan);
  const { txn } = execution;
  const revision = txn.changes.length > 0 ? txn.revision + 1 : txn.revision;
  return TxnResponse.create({ header: ResponseHeader.create({ revision }), succeeded: plan.succeeded, responses });
}

/** A plan that is being carried out; the steps done so far have their responses. */
interface Executing {
  readonly steps: readonly Step[];
  readonly responses: ResponseOp[];
}

/** A loop, not a recursion, as in `planTxn`. */
function* execute(execution: Execution, plan: Plan): Steps<readonly ResponseOp[]> {
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
    } else responses.push({ response: yield* executeStep(execution, step) });
    if (execution.budget.over(0)) yield;
  }
  return outermost.responses;
}

function* executeStep(execution: Execution, step: Exclude<Step, Nested>): Steps<ResponseOp["response"]> {
  const { txn, answered, budget } = execution;
  switch (step?.case) {
    case "requestRange": {
      const value = answered ? yield* applyRangeInSteps(txn, step.value, budget) : RangeResponse.create();
      return { case: "responseRange", value };
    }
    case "requestPut":
      return { case: "responsePut", value: applyPut(txn, step.value) };
    case "requestDeleteRange":
      return { case: "responseDeleteRange", value: yield* applyDeleteRange(txn, step.value, answered, budget) };
    case undefined:
      return undefined;
    default:
      return assertNever(step);
  }
}
