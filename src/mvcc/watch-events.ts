import { type Encoded, type EncodedEvent, EventType, encodeEvent, type KeyValue } from "../wire/index.js";
import type { Change } from "./change.js";
import { EventLog } from "./event-log.js";
import type { WatchHistory } from "./watch-history.js";
import type { Watcher } from "./watcher.js";
import { type WatcherTable, watcherFlags } from "./watchers/watcher-table.js";

/** The logs of the events that are delivered together. Those with the previous pair have one of their own. */
export class EventLogs {
  readonly plain = new EventLog();
  readonly withPrevKv = new EventLog();
}

/** The event of one change. It is encoded when the first watcher needs it, once for all watchers. */
export class ChangeEvent {
  readonly change: Change;
  readonly #history: WatchHistory;
  readonly #table: WatcherTable;
  #plain: EncodedEvent | undefined;
  #withPrevKv: EncodedEvent | undefined;
  /** The numbers of the event in the two logs. */
  #plainAt: number | undefined;
  #withPrevKvAt: number | undefined;

  constructor(change: Change, history: WatchHistory, table: WatcherTable) {
    this.change = change;
    this.#history = history;
    this.#table = table;
  }

  /** Bytes encoded so far. */
  get encodedBytes(): number {
    return (this.#plain?.length ?? 0) + (this.#withPrevKv?.length ?? 0);
  }

  /** The event for a watcher; undefined when the watcher does not want changes of this type. */
  for(watcher: Watcher): EncodedEvent | undefined {
    const { noPut, noDelete, prevKv } = watcherFlags;
    const flags = this.#table.flags(watcher);
    if ((flags & (this.change.type === "put" ? noPut : noDelete)) !== 0) return undefined;
    if ((flags & prevKv) === 0) return this.#encodedPlain();
    this.#withPrevKv ??= this.#encodeWithPrevKv();
    return this.#withPrevKv;
  }

  /** The log with the event for a watcher, and its number there. `encoded` is what `for` returned. */
  loggedFor(watcher: Watcher, encoded: EncodedEvent, logs: EventLogs): readonly [EventLog, number] {
    if (this.#table.has(watcher, watcherFlags.prevKv)) {
      this.#withPrevKvAt ??= logs.withPrevKv.append(encoded);
      return [logs.withPrevKv, this.#withPrevKvAt];
    }
    this.#plainAt ??= logs.plain.append(encoded);
    return [logs.plain, this.#plainAt];
  }

  #encodedPlain(): EncodedEvent {
    this.#plain ??= this.#encode(undefined);
    return this.#plain;
  }

  #encodeWithPrevKv(): EncodedEvent {
    const { type, key, createRevision, modRevision, previous } = this.change;
    if (type === "put" && createRevision === modRevision) return this.#encodedPlain();
    // A pair of a compacted revision is not sent, as in etcd, even when it is still in memory. Otherwise the event
    // would depend on what this member has read lately. The event itself is sent all the same.
    if (modRevision - 1 < this.#history.compactedRevision) return this.#encodedPlain();
    const before = previous ?? this.#history.range(key, "", { revision: modRevision - 1 }).kvs[0];
    return before === undefined ? this.#encodedPlain() : this.#encode(before);
  }

  #encode(prevKv: Encoded<KeyValue> | undefined): EncodedEvent {
    const type = this.change.type === "put" ? EventType.PUT : EventType.DELETE;
    return encodeEvent({ type, kv: this.change.kv, prevKv });
  }
}
