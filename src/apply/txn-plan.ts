import type { Reader } from "../mvcc/index.js";
import type { RequestOp, TxnRequest } from "../wire/index.js";
import { holds } from "./compare.js";

/** Which branch a txn takes, and the txns inside of it: all decided on the state before the outermost one. */
export interface Plan {
  readonly succeeded: boolean;
  readonly steps: readonly Step[];
}

type Nested = { readonly case: "requestTxn"; readonly plan: Plan };
/** One operation of the branch; undefined stands for an empty one. */
export type Step = Exclude<RequestOp["request"], { readonly case: "requestTxn" }> | Nested;

export function planTxn(reader: Reader, { compare, success, failure }: TxnRequest): Plan {
  const succeeded = compare.every((each) => holds(reader, each));
  const steps = (succeeded ? success : failure).map(({ request }): Step => {
    return request?.case === "requestTxn" ? { case: "requestTxn", plan: planTxn(reader, request.value) } : request;
  });
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
