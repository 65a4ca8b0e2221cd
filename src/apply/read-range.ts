import { isOneKey } from "../base/index.js";
import type { PinnedRange, Store } from "../mvcc/index.js";
import type { RangeRequest, RangeResponse } from "../wire/index.js";
import { LongRange, ReadHold } from "./long-range.js";
import { applyRange, orderOf } from "./range.js";
import { readInKeyOrder } from "./read-in-key-order.js";
import { readSorted } from "./read-sorted.js";
import { type ReadContext, workingBytes } from "./reading.js";

/**
 * Answers a Range request from the state at the call, without the log. A range of more than one key waits for memory
 * before it is read, and is read in turns, between which the event loop is free. The caller must close a `LongRange`.
 *
 * @throws EtcdError `futureRevision` or `compacted`; `overloaded` when there is no memory for the answer; `canceled`
 * when the asker is gone between two turns
 */
export async function readRange(
  store: Store,
  request: RangeRequest,
  context: ReadContext,
): Promise<RangeResponse | LongRange> {
  const { key, rangeEnd, revision } = request;
  if (isOneKey(rangeEnd)) return applyRange(store, request);
  return await readPinned(store, store.openRange(key, rangeEnd, revision), request, context);
}

/** Like `readRange`, for a range that is already open. A `LongRange` closes it; otherwise it is closed here. */
export async function readPinned(
  store: Store,
  pinned: PinnedRange,
  request: RangeRequest,
  context: ReadContext,
  turns = store.turns(context.asker.client),
): Promise<RangeResponse | LongRange> {
  const { asker, memory } = context;
  let hold: ReadHold | undefined;
  let answer: RangeResponse | LongRange | undefined;
  try {
    if (!memory.takeIfRoom(workingBytes)) await memory.admit(workingBytes, asker);
    hold = new ReadHold(pinned, memory, workingBytes);
    const reading = { request, hold, context, turns };
    const order = orderOf(request);
    answer = order === undefined ? await readInKeyOrder(reading) : await readSorted(reading, order);
    return answer;
  } finally {
    if (!(answer instanceof LongRange)) {
      hold?.close();
      pinned.close();
    }
  }
}
