import type { Steps, WorkBudget } from "../base/index.js";
import type { SteppedReader } from "../mvcc/index.js";
import type { RequestOp, TxnRequest } from "../wire/index.js";
import { allHold } from "./compare.js";

/** Which branch a txn takes, and the txns inside of it: all decided on the state before the outermost one. */
export interface Plan {
  readonly succeeded: boolean;
  readonly steps: readonly Step[];
}

type Nested = { readonly case: "requestTxn"; readonly plan: Plan };
/** One operation of the branch; undefined stands for an empty one. */
export type Step = Exclude<RequestOp["request"], { readonly case: "requestTxn" }> | Nested;

/** Decides which branches are taken. The answer does not depend on where it is cut: `reader` stays the same state. */
export function* planTxn(
  reader: SteppedReader,
  { compare, success, failure }: TxnRequest,
  budget: WorkBudget,
): Steps<Plan> {
  const succeeded = yield* allHold(reader, compare, budget);
  const steps: Step[] = [];
  for (const { request } of succeeded ? success : failure) {
    if (request?.case !== "requestTxn") steps.push(request);
    else steps.push({ case: "requestTxn", plan: yield* planTxn(reader, request.value, budget) });
  }
  return { succeeded, steps };
}

/** Whether a txn only reads, whichever branch it takes; then it need not go through the log. */
export function isReadOnly({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].every(({ request }) => request?.case === "requestRange");
}

/** Whether all its reads may be answered by one member alone. */
export function isSerializable({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].every(
    ({ request }) => request?.case === "requestRange" && request.value.serializable,
  );
}
