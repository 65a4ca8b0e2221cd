import type { Steps, WorkBudget } from "../../base/index.js";
import { EventRun } from "../../mvcc/index.js";
import { varintBytes } from "../../server/index.js";
import { WatchResponse } from "../../wire/index.js";
import { countOf, type ListedEvent } from "./event-list.js";

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
  events: readonly ListedEvent[],
  bytesMax: number,
  budget: WorkBudget,
): Steps<readonly Fragment[]> {
  const marked = WatchResponse.encode({ ...head, fragment: true }).length;
  const cuts: number[] = [];
  let size = marked;
  let whole = WatchResponse.encode(head).length;
  let from = 0;
  let at = -1;
  for (const event of eachOf(events)) {
    at++;
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
    to: cuts[place] ?? at + 1,
    marked: place < cuts.length,
  }));
}

/** A single fragment with all events. */
export function wholeOf(events: readonly ListedEvent[]): Fragment {
  return { from: 0, to: countOf(events), marked: false };
}

/** The encoded length of an event within a response: tag, length and event. */
export function eventFieldBytes({ length }: { readonly length: number }): number {
  return 1 + varintBytes(length) + length;
}

/** The events of a fragment. */
export function eventsOf({ from, to }: Fragment, events: readonly ListedEvent[]): readonly ListedEvent[] {
  const found: ListedEvent[] = [];
  let first = 0;
  for (const event of events) {
    const count = event instanceof EventRun ? event.count : 1;
    const [low, high] = [Math.max(from - first, 0), Math.min(to - first, count)];
    if (low < high) found.push(event instanceof EventRun ? event.part(low, high) : event);
    first += count;
  }
  return found;
}

function* eachOf(events: readonly ListedEvent[]): Generator<{ readonly length: number }, void, undefined> {
  for (const event of events) {
    if (event instanceof EventRun) yield* event.each();
    else yield event;
  }
}
