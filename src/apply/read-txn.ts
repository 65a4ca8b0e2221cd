import { EtcdError } from "../base/index.js";
import type { PinnedRange, Store } from "../mvcc/index.js";
import {
  type RangeRequest,
  type RangeResponse,
  ResponseHeader,
  type ResponseOp,
  type TxnRequest,
  TxnResponse,
} from "../wire/index.js";
import { LongRange, pairOverheadBytes, wholeRange } from "./long-range.js";
import { readPinned } from "./read-range.js";
import { checkAsked, type ReadContext, rest } from "./reading.js";
import { checkRanges } from "./txn-check.js";
import { type Plan, planTxn } from "./txn-plan.js";

/**
 * The most bytes of a transaction's range that is answered in one piece. It is small, since a transaction has many
 * ranges.
 */
const shortRangeBytesMax = 16 * 1024;

/** The answer to a read-only transaction that is too long to be kept. Its owner must close it. */
export class LongTxn {
  readonly revision: number;
  readonly succeeded: boolean;
  readonly ranges: readonly (RangeResponse | LongRange)[];
  readonly #release: () => void;

  /** @param release releases the memory of the short ranges */
  constructor(revision: number, succeeded: boolean, ranges: LongTxn["ranges"], release: () => void) {
    this.revision = revision;
    this.succeeded = succeeded;
    this.ranges = ranges;
    this.#release = release;
  }

  close(): void {
    closeAll(this.ranges);
    this.#release();
  }
}

/**
 * Answers a read-only transaction (`isReadOnly`) without the log: its comparisons and ranges see the state at the call,
 * in turns between which the event loop is free. The caller must close a `LongTxn`.
 *
 * @throws EtcdError as `readRange`
 */
export async function readTxn(store: Store, request: TxnRequest, context: ReadContext): Promise<TxnResponse | LongTxn> {
  const { revision } = store;
  // Pins the state until all requested ranges have been opened.
  const state = store.pin();
  const opened: { readonly asked: RangeRequest; readonly pinned: PinnedRange }[] = [];
  const ranges: (RangeResponse | LongRange)[] = [];
  let heldBytes = 0;
  const release = (): void => {
    context.memory.release(heldBytes);
    heldBytes = 0;
  };
  try {
    const turns = store.turns(context.asker.client);
    const plan = await turns.run(planTxn(state, request, turns), () => checkAsked(context.asker));
    checkRanges(store, plan);
    for (const asked of rangesOf(plan)) {
      opened.push({ asked, pinned: store.openRange(asked.key, asked.rangeEnd, asked.revision, revision) });
    }
    for (const { asked, pinned } of opened) {
      const range = await readPinned(store, pinned, asked, { ...context, shortBytesMax: shortRangeBytesMax }, turns);
      ranges.push(range);
      if (turns.over(0)) await rest(turns, context.asker);
      if (range instanceof LongRange) continue;
      const bytes = range.kvs.reduce((sum, kv) => sum + sizeOf(kv) + pairOverheadBytes, 0);
      if (!context.memory.tryTake(bytes)) throw new EtcdError("overloaded");
      heldBytes += bytes;
    }
    const { succeeded } = plan;
    if (heldBytes > context.shortBytesMax || ranges.some((range) => range instanceof LongRange)) {
      return new LongTxn(revision, succeeded, ranges, release);
    }
    release();
    return await wholeTxn({ revision, succeeded, ranges });
  } catch (error) {
    closeAll(ranges);
    for (const { pinned } of opened) pinned.close();
    release();
    throw error;
  } finally {
    state.release();
  }
}

/** The whole answer. Closes its ranges. */
export async function wholeTxn(
  answer: TxnResponse | Pick<LongTxn, "revision" | "succeeded" | "ranges">,
): Promise<TxnResponse> {
  if (!("ranges" in answer)) return answer;
  const { revision, succeeded, ranges } = answer;
  const responses: ResponseOp[] = [];
  for (const range of ranges) responses.push({ response: { case: "responseRange", value: await wholeRange(range) } });
  return TxnResponse.create({ header: ResponseHeader.create({ revision }), succeeded, responses });
}

function rangesOf({ steps }: Plan): RangeRequest[] {
  return steps.flatMap((step) => (step?.case === "requestRange" ? [step.value] : []));
}

function sizeOf(kv: RangeResponse["kvs"][number]): number {
  return kv instanceof Uint8Array ? kv.length : kv.key.length + kv.value.length;
}

function closeAll(ranges: readonly (RangeResponse | LongRange)[]): void {
  for (const range of ranges) if (range instanceof LongRange) range.close();
}
