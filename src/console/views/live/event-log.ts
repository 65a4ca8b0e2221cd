import type { WatchEvent } from "../../api/watch.js";

/** An event of a watch, and when the page got it, in ms since 1970. */
export interface LoggedEvent extends WatchEvent {
  readonly atMs: number;
}

/** Bounds of an `EventLog`. */
export interface EventLogLimits {
  readonly events: number;
  /** Keys and values of all kept events together, in bytes. */
  readonly bytes: number;
}

const liveLimits: EventLogLimits = { events: 2_000, bytes: 16 * 1024 * 1024 };

/** For how many whole seconds the log counts events. */
export const rateSeconds = 60;

/** The newest events of a watch. The oldest ones go when there are too many or when they hold too many bytes. */
export class EventLog {
  readonly #limits: EventLogLimits;
  #events: readonly LoggedEvent[] = [];
  #bytes = 0;
  #total = 0;
  /** Events of a second, by its number since 1970. Holds at most `rateSeconds` + 1 entries. */
  readonly #perSecond = new Map<number, number>();

  constructor(limits: EventLogLimits = liveLimits) {
    this.#limits = limits;
  }

  /** Kept events, oldest first. */
  get events(): readonly LoggedEvent[] {
    return this.#events;
  }

  /** Number of all events since the log was created or cleared. */
  get total(): number {
    return this.#total;
  }

  /** Number of events that are no longer kept. */
  get dropped(): number {
    return this.#total - this.#events.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  add(events: readonly WatchEvent[], atMs: number): void {
    const second = Math.floor(atMs / 1_000);
    this.#perSecond.set(second, (this.#perSecond.get(second) ?? 0) + events.length);
    for (const old of this.#perSecond.keys()) if (old < second - rateSeconds) this.#perSecond.delete(old);
    this.#total += events.length;
    const all = [...this.#events, ...events.map((event) => ({ ...event, atMs }))];
    this.#bytes += events.reduce((sum, event) => sum + bytesOf(event), 0);
    let excess = 0;
    for (const oldest of all) {
      if (all.length - excess <= this.#limits.events && this.#bytes <= this.#limits.bytes) break;
      this.#bytes -= bytesOf(oldest);
      excess++;
    }
    this.#events = all.slice(excess);
  }

  clear(): void {
    this.#events = [];
    this.#bytes = 0;
    this.#total = 0;
    this.#perSecond.clear();
  }

  /** Events of each of the last `rateSeconds` whole seconds before `nowMs`, oldest first. */
  rates(nowMs: number): readonly number[] {
    const now = Math.floor(nowMs / 1_000);
    return Array.from({ length: rateSeconds }, (_, at) => this.#perSecond.get(now - rateSeconds + at) ?? 0);
  }
}

/** Bytes of an event's key and values. */
export function bytesOf({ kv, prevKv }: WatchEvent): number {
  return kv.key.length + kv.value.length + (prevKv?.value.length ?? 0);
}

/** Which events of the log to show. */
export interface EventFilter {
  /** Shown are keys that contain this text, without regard to case; empty shows all. */
  readonly text: string;
  readonly type: "all" | WatchEvent["type"];
}

/** @param shown how a key is written on the page, so that a filter finds what the reader sees */
export function filtered(
  events: readonly LoggedEvent[],
  { text, type }: EventFilter,
  shown: (key: string) => string,
): readonly LoggedEvent[] {
  const wanted = text.toLowerCase();
  if (wanted === "" && type === "all") return events;
  return events.filter(
    (event) =>
      (type === "all" || event.type === type) && (wanted === "" || shown(event.kv.key).toLowerCase().includes(wanted)),
  );
}
