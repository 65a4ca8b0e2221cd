import type { Steps, WorkBudget } from "../../base/index.js";
import { varintBytes } from "../../server/index.js";
import { type EncodedEvent, WatchResponse } from "../../wire/index.js";

/** The events `[from, to)` of a response, which are sent as a response of their own. */
export interface Fragment {
  readonly from: number;
  readonly to: number;
  /** Whether further fragments follow, which the response says. */
  readonly marked: boolean;
}

/**
 * Cuts a response into fragments shorter than `bytesMax`, unless a single event is longer. The cuts are at the same
 * events as in etcd.
 *
 * @param head the response without its events
 */
export function* fragmentsOf(
  head: WatchResponse,
  events: readonly EncodedEvent[],
  bytesMax: number,
  budget: WorkBudget,
): Steps<readonly Fragment[]> {
  const marked = WatchResponse.encode({ ...head, fragment: true }).length;
  const cuts: number[] = [];
  let size = marked;
  let whole = WatchResponse.encode(head).length;
  let from = 0;
  for (const [at, event] of events.entries()) {
    const bytes = eventFieldBytes(event);
    whole += bytes;
    if (at > from && size + bytes >= bytesMax) {
      cuts.push(at);
      from = at;
      size = marked;
    }
    size += bytes;
    if (budget.over(0)) yield;
  }
  if (whole < bytesMax) return [wholeOf(events)];
  return [0, ...cuts].map((start, place) => ({
    from: start,
    to: cuts[place] ?? events.length,
    marked: place < cuts.length,
  }));
}

/** A single fragment with all events. */
export function wholeOf(events: readonly EncodedEvent[]): Fragment {
  return { from: 0, to: events.length, marked: false };
}

/** The encoded length of an event within a response: tag, length and event. */
export function eventFieldBytes({ length }: EncodedEvent): number {
  return 1 + varintBytes(length) + length;
}
