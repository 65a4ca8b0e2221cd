import { isOneKey, type Steps, type WorkBudget } from "../base/index.js";
import type { WriteTxn } from "../mvcc/index.js";
import { RangeResponse, ResponseHeader, type ResponseOp, TxnResponse } from "../wire/index.js";
import { applyDeleteRange } from "./delete-range.js";
import { carryOutPut, putResponse } from "./put.js";
import { applyRange } from "./range.js";
import { applyRangeInSteps } from "./range-steps.js";
import type { Nested, Plan, Step } from "./txn-plan.js";

/** Context in which a txn is carried out. */
interface Execution {
  readonly txn: WriteTxn;
  /** False when nobody waits for the response: ranges have been checked, and are not read. */
  readonly answered: boolean;
  readonly budget: WorkBudget;
  /** Response to each put that returns no previous pair. */
  putAnswer?: ResponseOp["response"];
}

/** A plan that is being carried out; the steps done so far have their responses. */
interface Executing {
  readonly steps: readonly Step[];
  readonly responses: ResponseOp[];
}

/**
 * Carries out a txn as one revision. Its plan has passed `checkPlan`, so nothing can be refused any more. A loop, not a
 * recursion, as in `planTxn`.
 */
export function* applyTxn(execution: Execution, plan: Plan): Steps<TxnResponse> {
  const { txn, budget } = execution;
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
      if (budget.over(0)) yield;
      continue;
    }
    const response = executeOneKey(execution, step) ?? (yield* executeStep(execution, step));
    responses.push({ response });
    if (budget.over(bytesOf(response))) yield;
  }
  const revision = txn.changes.length > 0 ? txn.revision + 1 : txn.revision;
  const { responses } = outermost;
  return TxnResponse.create({ header: ResponseHeader.create({ revision }), succeeded: plan.succeeded, responses });
}

/** Carries out a put, or a range of one key, at once; undefined when `step` is something else. */
function executeOneKey(execution: Execution, step: Exclude<Step, Nested>): ResponseOp["response"] {
  const { txn, answered } = execution;
  if (step?.case === "requestPut") {
    const before = carryOutPut(txn, step.value);
    if (before !== undefined) return { case: "responsePut", value: putResponse(txn.revision + 1, before) };
    // All other puts of the txn have the same answer.
    execution.putAnswer ??= { case: "responsePut", value: putResponse(txn.revision + 1, undefined) };
    return execution.putAnswer;
  }
  if (step?.case !== "requestRange" || !isOneKey(step.value.rangeEnd)) return undefined;
  return { case: "responseRange", value: answered ? applyRange(txn, step.value) : RangeResponse.create() };
}

/** Bytes of the pair that answers an operation of one key. */
function bytesOf(response: ResponseOp["response"]): number {
  const pair = response?.case === "responsePut" ? response.value.prevKv : undefined;
  const read = response?.case === "responseRange" ? response.value.kvs[0] : pair;
  return read instanceof Uint8Array ? read.length : 0;
}

function* executeStep(execution: Execution, step: Exclude<Step, Nested>): Steps<ResponseOp["response"]> {
  const { txn, answered, budget } = execution;
  switch (step?.case) {
    case "requestRange": {
      const value = answered ? yield* applyRangeInSteps(txn, step.value, budget) : RangeResponse.create();
      return { case: "responseRange", value };
    }
    case "requestDeleteRange":
      return { case: "responseDeleteRange", value: yield* applyDeleteRange(txn, step.value, answered, budget) };
    default:
      return undefined;
  }
}
