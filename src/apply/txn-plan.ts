import type { Steps, WorkBudget } from "../base/index.js";
import type { SteppedReader } from "../mvcc/index.js";
import type { Compare, RequestOp, TxnRequest } from "../wire/index.js";
import { allHold, holdsForHead, isOfOneHead } from "./compare.js";

/** The branches that a txn and the txns inside it take, all decided on the state before the outermost txn. */
export interface Plan {
  readonly succeeded: boolean;
  readonly steps: readonly Step[];
}

export type Nested = { readonly case: "requestTxn"; readonly plan: Plan };
/** One operation of the branch; undefined for an operation without a request. */
export type Step = Exclude<RequestOp["request"], { readonly case: "requestTxn" }> | Nested;

/** A plan whose branch has not been chosen yet. */
interface Undecided {
  readonly request: TxnRequest;
  readonly plan: { succeeded: boolean; readonly steps: Step[] };
}

/**
 * Decides which branches are taken. Where the steps are cut does not change the result, since `reader` stays in one
 * state. This is a loop, not a recursion: a request in the log may nest txns as deeply as it has bytes.
 */
export function* planTxn(reader: SteppedReader, request: TxnRequest, budget: WorkBudget): Steps<Plan> {
  const outermost = undecided(request);
  const found = [outermost];
  for (const { request: txn, plan } of found) {
    plan.succeeded = true;
    let others: Compare[] | undefined;
    for (const compare of txn.compare) {
      if (isOfOneHead(compare)) plan.succeeded = holdsForHead(reader, compare);
      else if (others === undefined) others = [compare];
      else others.push(compare);
      if (!plan.succeeded) break;
      if (budget.over(0)) yield;
    }
    if (plan.succeeded && others !== undefined) plan.succeeded = yield* allHold(reader, others, budget);
    for (const { request: operation } of plan.succeeded ? txn.success : txn.failure) {
      if (operation?.case !== "requestTxn") plan.steps.push(operation);
      else {
        const nested = undecided(operation.value);
        plan.steps.push({ case: "requestTxn", plan: nested.plan });
        found.push(nested);
      }
    }
  }
  return outermost.plan;
}

function undecided(request: TxnRequest): Undecided {
  return { request, plan: { succeeded: false, steps: [] } };
}

export type Leaf = Exclude<Step, Nested>;

/** All steps in the order in which they are carried out; the steps of a nested txn stand in its place. */
export function stepsInOrder({ steps }: Plan): readonly Leaf[] {
  if (steps.every(isLeaf)) return steps;
  const found: Leaf[] = [];
  const open = [{ steps, at: 0 }];
  for (let inner = open.at(-1); inner !== undefined; inner = open.at(-1)) {
    if (inner.at === inner.steps.length) {
      open.pop();
      continue;
    }
    const step = inner.steps[inner.at++];
    if (step?.case === "requestTxn") open.push({ steps: step.plan.steps, at: 0 });
    else found.push(step);
  }
  return found;
}

function isLeaf(step: Step): step is Leaf {
  return step?.case !== "requestTxn";
}

/** Whether a txn only reads, whichever branch it takes. It then need not go through the log. */
export function isReadOnly({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].every(({ request }) => request?.case === "requestRange");
}

/** Whether a single member may answer all reads of the txn. */
export function isSerializable({ success, failure }: TxnRequest): boolean {
  return [...success, ...failure].every(
    ({ request }) => request?.case === "requestRange" && request.value.serializable,
  );
}
