import { Event, EventType, type KeyValue } from "./generated/kv.js";
import { openedField } from "./opened-field.js";
import type { Encoded } from "./protobuf.js";

/** Length of an event's pairs above which copying them into one piece costs more than keeping the pieces. */
const longPairsBytesMin = 16 * 1024;
/** Tag of an `Event`'s type, then the field numbers of its pair and of the pair before. */
const [typeTag, kvField, prevKvField] = [8, 2, 3];

/** An encoded event in pieces: the stored pairs, which are not copied, and the bytes before each of them. */
export class LongEvent {
  /** Length of all pieces together. */
  readonly length: number;
  readonly pieces: readonly Uint8Array[];

  constructor(pieces: readonly Uint8Array[]) {
    this.pieces = pieces;
    this.length = pieces.reduce((sum, { length }) => sum + length, 0);
  }
}

/** An encoded event; in one piece when it is short. */
export type EncodedEvent = Encoded<Event> | LongEvent;

/** The fields of an `Event`, with encoded pairs. */
export interface EventFields {
  readonly type: number;
  readonly kv: Encoded<KeyValue>;
  readonly prevKv: Encoded<KeyValue> | undefined;
}

export function encodeEvent(event: EventFields): EncodedEvent {
  const { type, kv, prevKv } = event;
  if (kv.length + (prevKv?.length ?? 0) < longPairsBytesMin) return Event.encode(event);
  const kvHead = openedField(kvField, kv.length);
  const pieces = [type === EventType.PUT ? kvHead : Uint8Array.from([typeTag, type, ...kvHead]), kv];
  if (prevKv !== undefined) pieces.push(openedField(prevKvField, prevKv.length), prevKv);
  return new LongEvent(pieces);
}

/** The event in one piece. */
export function wholeEvent(event: EncodedEvent): Encoded<Event> {
  return event instanceof LongEvent ? Event.encoded(Buffer.concat(event.pieces)) : event;
}
