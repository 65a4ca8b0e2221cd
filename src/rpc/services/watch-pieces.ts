import type { Steps, WorkBudget } from "../../base/index.js";
import { EventRun } from "../../mvcc/index.js";
import { type Encoded, type Event, LongEvent, openedField, WatchResponse } from "../../wire/index.js";
import type { MessageInPieces } from "../grpc/sent-messages.js";
import type { ListedEvent } from "./event-list.js";
import { eventFieldBytes } from "./watch-fragments.js";

/** The approximate length of the pieces into which short events are joined. */
const pieceBytes = 64 * 1024;
/** The number of the field `events`, the last of a `WatchResponse`. */
const eventsField = 11;

/**
 * Encodes a watch response in pieces and in steps. The pieces are the stored pairs of long events, and short events
 * that are joined. Those of runs are joined already.
 *
 * @param head the response without its events
 */
export function* responseInPieces(
  head: WatchResponse,
  events: readonly ListedEvent[],
  budget: WorkBudget,
): Steps<MessageInPieces> {
  const pieces = [WatchResponse.encode(head)];
  let short: Encoded<Event>[] = [];
  let shortBytes = 0;
  const putShort = (): void => {
    if (short.length > 0) pieces.push(WatchResponse.encode(WatchResponse.create({ events: short })));
    short = [];
    shortBytes = 0;
  };
  for (const event of events) {
    if (event instanceof EventRun) {
      putShort();
      for (const piece of event.pieces()) {
        pieces.push(piece);
        if (budget.over(0)) yield;
      }
      continue;
    }
    if (event instanceof LongEvent) {
      putShort();
      pieces.push(openedField(eventsField, event.length), ...event.pieces);
    } else {
      short.push(event);
      shortBytes += eventFieldBytes(event);
      if (shortBytes >= pieceBytes) putShort();
    }
    if (budget.over(event instanceof LongEvent ? 0 : event.length)) yield;
  }
  putShort();
  return { length: pieces.reduce((sum, { length }) => sum + length, 0), pieces };
}
