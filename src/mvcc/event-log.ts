import { type Encoded, type EncodedEvent, Event, LongEvent, openedField, wholeEvent } from "../wire/index.js";

/** The bytes of a chunk. A longer event has a chunk of its own. */
const chunkBytes = 64 * 1024;
/** The number of the field `events` of a `WatchResponse`. */
const eventsField = 11;

interface Chunk {
  readonly bytes: Buffer;
  /** The number of its first event. */
  readonly first: number;
  usedBytes: number;
}

/**
 * Encoded events outside of V8's heap, one after the other as they stand in a `WatchResponse`. One revision may change
 * all keys, and an object for each event would take several times its bytes. All watchers of the events share them.
 */
export class EventLog {
  readonly #chunks: Chunk[] = [];
  #length = 0;

  /** Adds an event. @returns its number */
  append(event: EncodedEvent): number {
    const head = openedField(eventsField, event.length);
    const bytes = head.length + event.length;
    let chunk = this.#chunks.at(-1);
    if (chunk === undefined || chunk.usedBytes + bytes > chunk.bytes.length) {
      chunk = { bytes: Buffer.allocUnsafeSlow(Math.max(bytes, chunkBytes)), first: this.#length, usedBytes: 0 };
      this.#chunks.push(chunk);
    }
    for (const piece of event instanceof LongEvent ? [head, ...event.pieces] : [head, event]) {
      chunk.bytes.set(piece, chunk.usedBytes);
      chunk.usedBytes += piece.length;
    }
    return this.#length++;
  }

  /** The events from number `from` up to `to`, as fields of a response. A piece ends after an event. */
  *pieces(from: number, to: number): Generator<Uint8Array, void, undefined> {
    for (let at = this.#chunkOf(from); ; at++) {
      const chunk = this.#chunks[at];
      if (chunk === undefined || chunk.first >= to) return;
      const next = this.#chunks[at + 1]?.first ?? this.#length;
      const start = from <= chunk.first ? 0 : offsetIn(chunk, from);
      const end = to >= next ? chunk.usedBytes : offsetIn(chunk, to);
      yield chunk.bytes.subarray(start, end);
    }
  }

  #chunkOf(event: number): number {
    let [low, high] = [0, this.#chunks.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#chunks[middle]?.first ?? 0) <= event) low = middle;
      else high = middle;
    }
    return low;
  }
}

/** Consecutive events of a log. */
export class EventRun {
  readonly #log: EventLog;
  readonly #from: number;
  readonly #to: number;

  /** @param from the number of its first event, which is the only one by default */
  constructor(log: EventLog, from: number, to = from + 1) {
    this.#log = log;
    this.#from = from;
    this.#to = to;
  }

  /** The number of events. */
  get count(): number {
    return this.#to - this.#from;
  }

  /** The run with one more event; undefined when this event does not follow in the same log. */
  extended(log: EventLog, event: number): EventRun | undefined {
    return log === this.#log && event === this.#to ? new EventRun(log, this.#from, event + 1) : undefined;
  }

  /** The run of its events from `from` up to `to`, counted from its first one. */
  part(from: number, to: number): EventRun {
    return new EventRun(this.#log, this.#from + from, this.#from + to);
  }

  /** The events, as fields of a `WatchResponse`. A piece ends after an event. */
  pieces(): Iterable<Uint8Array> {
    return this.#log.pieces(this.#from, this.#to);
  }

  /** The events, one by one. */
  *each(): Generator<Uint8Array, void, undefined> {
    for (const piece of this.pieces()) {
      for (let at = 0; at < piece.length; ) {
        const { start, end } = fieldAt(piece, at);
        yield piece.subarray(start, end);
        at = end;
      }
    }
  }
}

/** The events of a batch, each in one piece. */
export function* eachEvent(events: readonly (EncodedEvent | EventRun)[]): Generator<Encoded<Event>, void, undefined> {
  for (const event of events) {
    if (!(event instanceof EventRun)) yield wholeEvent(event);
    else for (const bytes of event.each()) yield Event.encoded(bytes);
  }
}

/** Where an event begins in its chunk. */
function offsetIn({ bytes, first }: Chunk, event: number): number {
  let at = 0;
  for (let number = first; number < event; number++) at = fieldAt(bytes, at).end;
  return at;
}

/** The bytes of the field whose tag stands at `at`. */
function fieldAt(bytes: Uint8Array, at: number): { readonly start: number; readonly end: number } {
  let length = 0;
  let start = at + 1;
  for (let unit = 1; ; unit *= 0x80) {
    const byte = bytes[start++] ?? 0;
    length += (byte & 0x7f) * unit;
    if (byte < 0x80) return { start, end: start + length };
  }
}
