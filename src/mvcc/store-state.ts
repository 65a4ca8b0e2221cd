import type { Backend } from "../backend/index.js";
import { assert, ByteSlab, type Clock, EtcdError, emptyBytes, type Key, type Logger } from "../base/index.js";
import { type Encoded, KeyValue } from "../wire/index.js";
import type { StoreCounters } from "./counters.js";
import type { KeyEntry } from "./key-entry.js";
import { KeyIndex } from "./key-index.js";
import { Pins } from "./pins.js";
import type { KeyHead } from "./reader.js";
import { revisionKey } from "./revision.js";
import { readStoredHead } from "./stored-head.js";
import { ValueCache } from "./value-cache.js";

/** The state that the parts of one store share. Only a write transaction and a restore change `revision`. */
export class StoreState {
  readonly backend: Backend;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly counters: StoreCounters;
  readonly index = new KeyIndex();
  readonly pins = new Pins();
  readonly cache: ValueCache;
  /**
   * Written pairs that the cache does not keep, packed in the order of writing. They wait here for their batch and for
   * watchers that are behind.
   */
  readonly written = new ByteSlab();
  /** Revision of the last finished write; 1 for the empty store. */
  revision = 1;
  /** Revisions below this one can no longer be read; -1 when nothing was ever compacted. */
  compactedRevision = -1;

  constructor(backend: Backend, clock: Clock, logger: Logger, counters: StoreCounters, cacheBytesMax: number) {
    this.backend = backend;
    this.clock = clock;
    this.logger = logger;
    this.counters = counters;
    this.cache = new ValueCache(cacheBytesMax);
  }

  /**
   * The revision to read; 0 or less means `current`.
   *
   * @throws EtcdError `futureRevision` or `compacted`
   */
  readable(revision: number, current: number): number {
    if (revision > current) throw new EtcdError("futureRevision");
    // The current revision is always readable: either no compaction can be above it, or its reader has pinned it.
    if (revision <= 0 || revision === current) return current;
    if (revision < this.compactedRevision) throw new EtcdError("compacted");
    return revision;
  }

  /** Reads the stored pair of one record of a key, by its position from the oldest. */
  read(entry: KeyEntry, position: number): Encoded<KeyValue> {
    const newest = position === entry.olderCount;
    const cached = newest ? this.cache.get(entry) : undefined;
    if (cached !== undefined) return KeyValue.encoded(cached);
    const value = this.backend.get("key", revisionKey(entry.mainAt(position), entry.subAt(position)));
    assert(value !== undefined, "every put of the index is stored");
    if (newest) this.cache.set(entry, value);
    return KeyValue.encoded(value);
  }

  /**
   * Like `read`, without the value. The disk is read for older records only: the index holds all else about the newest.
   */
  readWithoutValue(key: Key, entry: KeyEntry, position: number): Encoded<KeyValue> {
    if (position < entry.olderCount) {
      return KeyValue.encode({ ...KeyValue.decode(this.read(entry, position)), value: emptyBytes });
    }
    const { createRevision, main, version, leaseId } = entry;
    return KeyValue.encode({ key, createRevision, modRevision: main, version, value: emptyBytes, lease: leaseId });
  }

  /** The state of a key at revision `at`, without its value; undefined when it does not exist there. */
  head(key: Key, at: number): KeyHead | undefined {
    const entry = this.index.get(key);
    return entry === undefined ? undefined : this.headOf(entry, at);
  }

  /** Like `head`. The disk is read for older records only: the index holds the state of the newest one. */
  headOf(entry: KeyEntry, at: number): KeyHead | undefined {
    if (entry.main <= at) {
      if (!entry.alive) return undefined;
      return { createRevision: entry.createRevision, modRevision: entry.main, version: entry.version };
    }
    const position = entry.visibleAt(at);
    if (position < 0) return undefined;
    const { createRevision, version } = readStoredHead(this.read(entry, position));
    return { createRevision, modRevision: entry.mainAt(position), version };
  }
}
