import { EtcdError, isOneKey, type Key, type MemoryAsker, type MemoryPot } from "../base/index.js";
import type { Store } from "../mvcc/index.js";
import type { RequestOp, TxnRequest } from "../wire/index.js";
import { pairOverheadBytes } from "./long-range.js";
import { fetchLimit, readsKeysOnly } from "./range.js";
import { checkAsked } from "./reading.js";

/** Memory of an answer per byte of its pairs: the pairs still exist while the answer is encoded in one piece. */
const encodedFactor = 2;

/**
 * Takes memory for the pairs in the answer of a transaction that writes: those of its ranges, and the deleted ones that
 * it asks for. These are read while the log is applied, where nothing can be refused any more. So they are measured
 * before the request is proposed, in all branches.
 *
 * @returns bytes taken; the caller releases them
 * @throws EtcdError `overloaded` when there is no room, `canceled` when the asker is gone
 */
export async function admitRanges(
  store: Store,
  request: TxnRequest,
  memory: MemoryPot,
  asker: MemoryAsker,
): Promise<number> {
  let takenBytes = 0;
  const take = (bytes: number): void => {
    if (!memory.tryTake(bytes)) throw new EtcdError("overloaded");
    takenBytes += bytes;
  };
  const state = store.pin();
  try {
    const turns = store.turns(asker.client);
    for (const range of rangesOf(request)) {
      let left = range.most;
      const visit = ({ length }: Uint8Array): boolean => {
        take(encodedFactor * (length + pairOverheadBytes));
        return --left > 0;
      };
      const { key, rangeEnd, keysOnly } = range;
      await turns.run(state.pairsInSteps(key, rangeEnd, turns, visit, keysOnly), () => checkAsked(asker));
    }
    return takenBytes;
  } catch (error) {
    memory.release(takenBytes);
    throw error;
  } finally {
    state.release();
  }
}

/** Whether any range of the transaction may span several keys. */
export function hasRanges(request: TxnRequest): boolean {
  // Nearly all transactions name single keys only; these are recognised without a generator.
  if (request.success.every(ofSingleKey) && request.failure.every(ofSingleKey)) return false;
  for (const _ of rangesOf(request)) return true;
  return false;
}

function ofSingleKey({ request }: RequestOp): boolean {
  switch (request?.case) {
    case "requestRange":
    case "requestDeleteRange":
      return isOneKey(request.value.rangeEnd);
    case "requestTxn":
      return false;
    default:
      return true;
  }
}

/** A range whose pairs are part of an answer. */
interface AnsweredRange {
  readonly key: Key;
  readonly rangeEnd: Key;
  /** The most pairs that are read. */
  readonly most: number;
  readonly keysOnly: boolean;
}

/**
 * Ranges of more than one key whose pairs are asked for, nested transactions included. A loop, so that any depth is
 * safe.
 */
function* rangesOf(request: TxnRequest): Generator<AnsweredRange, void, undefined> {
  const open = [request];
  for (let txn = open.pop(); txn !== undefined; txn = open.pop()) {
    for (const branch of [txn.success, txn.failure]) {
      for (const { request: operation } of branch) {
        if (operation?.case === "requestTxn") open.push(operation.value);
        const range = answeredBy(operation);
        if (range !== undefined && !isOneKey(range.rangeEnd)) yield range;
      }
    }
  }
}

function answeredBy(operation: RequestOp["request"]): AnsweredRange | undefined {
  switch (operation?.case) {
    case "requestRange": {
      const { key, rangeEnd, countOnly } = operation.value;
      const most = fetchLimit(operation.value) || Number.POSITIVE_INFINITY;
      return countOnly ? undefined : { key, rangeEnd, most, keysOnly: readsKeysOnly(operation.value) };
    }
    case "requestDeleteRange": {
      const { key, rangeEnd, prevKv } = operation.value;
      return prevKv ? { key, rangeEnd, most: Number.POSITIVE_INFINITY, keysOnly: false } : undefined;
    }
    default:
      return undefined;
  }
}
