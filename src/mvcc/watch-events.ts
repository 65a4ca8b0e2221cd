import { type Encoded, type EncodedEvent, EventType, encodeEvent, type KeyValue } from "../wire/index.js";
import type { Change } from "./change.js";
import type { WatchHistory } from "./watch-history.js";
import type { EventBatch, Watcher } from "./watcher.js";

/** One change as watchers are told it: encoded when the first one hears of it, once for all of them. */
export class ChangeEvent {
  readonly change: Change;
  readonly #history: WatchHistory;
  #plain: EncodedEvent | undefined;
  #withPrevKv: EncodedEvent | undefined;

  constructor(change: Change, history: WatchHistory) {
    this.change = change;
    this.#history = history;
  }

  /** Bytes that were encoded so far. */
  get encodedBytes(): number {
    return (this.#plain?.length ?? 0) + (this.#withPrevKv?.length ?? 0);
  }

  /** Undefined when the watcher does not want to hear of changes like this. */
  for(watcher: Watcher): EncodedEvent | undefined {
    const { noPut, noDelete, prevKv } = watcher.options;
    if (this.change.type === "put" ? noPut : noDelete) return undefined;
    if (!prevKv) return this.#encodedPlain();
    this.#withPrevKv ??= this.#encodeWithPrevKv();
    return this.#withPrevKv;
  }

  #encodedPlain(): EncodedEvent {
    this.#plain ??= this.#encode(undefined);
    return this.#plain;
  }

  #encodeWithPrevKv(): EncodedEvent {
    const { type, key, createRevision, modRevision, previous } = this.change;
    if (type === "put" && createRevision === modRevision) return this.#encodedPlain();
    // A compacted revision is not told, as in etcd, even when the pair is still in memory. Otherwise what a watcher
    // hears would depend on what this member has read lately. The event itself is not lost for it.
    if (modRevision - 1 < this.#history.compactedRevision) return this.#encodedPlain();
    const before = previous ?? this.#history.range(key, "", { revision: modRevision - 1 }).kvs[0];
    return before === undefined ? this.#encodedPlain() : this.#encode(before);
  }

  #encode(prevKv: Encoded<KeyValue> | undefined): EncodedEvent {
    const type = this.change.type === "put" ? EventType.PUT : EventType.DELETE;
    return encodeEvent({ type, kv: this.change.kv, prevKv });
  }
}

/** Adds what each of `batches`' watchers hears of one change. */
export function addToBatch(batches: Map<Watcher, EventBatch>, watcher: Watcher, event: ChangeEvent): void {
  const encoded = event.for(watcher);
  if (encoded === undefined) return;
  const batch = batches.get(watcher);
  if (batch === undefined) {
    batches.set(watcher, { events: [encoded], firstRevision: event.change.modRevision, bytes: encoded.length });
    return;
  }
  batch.events.push(encoded);
  batch.bytes += encoded.length;
}
