import type { WatchEvent } from "../../api/watch.js";
import { bytesOf } from "./event-log.js";

/** The sum of all changes of one key after a first revision, up to and including a second one. */
export interface KeyChange {
  readonly key: string;
  readonly kind: "created" | "changed" | "deleted" | "came and went" | "rewritten";
  /** The value at the first revision; undefined when the key did not exist. */
  readonly before: string | undefined;
  /** The value at the second revision; undefined when the key did not exist. */
  readonly after: string | undefined;
  /** Number of puts and deletions. */
  readonly changes: number;
  readonly lastRevision: number;
}

/** All changes after revision `from`, up to and including `to`. */
export interface Compared {
  readonly from: number;
  readonly to: number;
  readonly changes: readonly KeyChange[];
  readonly events: number;
  /** Whether a bound ended the comparison before the second revision. */
  readonly stopped: boolean;
}

/** Bounds of a comparison of two revisions. */
export interface ComparisonLimits {
  readonly events: number;
  /** Keys and values of all events together, in bytes. */
  readonly bytes: number;
}

const comparisonLimits: ComparisonLimits = { events: 20_000, bytes: 32 * 1024 * 1024 };

type Span = Omit<KeyChange, "key" | "kind">;

/** Sums up the events between two revisions by key. The events come in the order of their revisions. */
export class KeyChanges {
  readonly #spans = new Map<string, Span>();
  readonly #limits: ComparisonLimits;
  #events = 0;
  #bytes = 0;

  constructor(limits: ComparisonLimits = comparisonLimits) {
    this.#limits = limits;
  }

  get events(): number {
    return this.#events;
  }

  /** @returns false when a bound is reached; the event is not counted then */
  add(event: WatchEvent): boolean {
    const bytes = bytesOf(event);
    if (this.#events >= this.#limits.events || this.#bytes + bytes > this.#limits.bytes) return false;
    this.#events++;
    this.#bytes += bytes;
    const { kv, prevKv, type } = event;
    const span = this.#spans.get(kv.key);
    this.#spans.set(kv.key, {
      before: span === undefined ? prevKv?.value : span.before,
      after: type === "delete" ? undefined : kv.value,
      changes: (span?.changes ?? 0) + 1,
      lastRevision: kv.modRevision,
    });
    return true;
  }

  /** All changed keys, in the order of keys. */
  list(): readonly KeyChange[] {
    return [...this.#spans]
      .map(([key, span]) => ({ key, kind: kindOf(span), ...span }))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
  }
}

function kindOf({ before, after }: Span): KeyChange["kind"] {
  if (before === undefined) return after === undefined ? "came and went" : "created";
  if (after === undefined) return "deleted";
  return before === after ? "rewritten" : "changed";
}
