import type { Backend } from "../backend/index.js";
import { assert, ByteSlab, type Clock, EtcdError, emptyBytes, type Key, type Logger } from "../base/index.js";
import { type Encoded, KeyValue } from "../wire/index.js";
import { ColdReads } from "./cold-reads.js";
import type { StoreCounters } from "./counters.js";
import type { KeyIndex } from "./keys/key-index.js";
import { noRow, type Row } from "./keys/key-rows.js";
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
  readonly index: KeyIndex;
  readonly pins = new Pins();
  readonly cache: ValueCache;
  readonly cold: ColdReads;
  /**
   * Written pairs that the cache does not keep, packed in the order of writing. They wait here for their batch and for
   * watchers that are behind.
   */
  readonly written = new ByteSlab();
  /** Revision of the last finished write; 1 for the empty store. */
  revision = 1;
  /** Revisions below this one can no longer be read; -1 when nothing was ever compacted. */
  compactedRevision = -1;

  constructor(
    backend: Backend,
    index: KeyIndex,
    clock: Clock,
    logger: Logger,
    counters: StoreCounters,
    cacheBytesMax: number,
  ) {
    this.backend = backend;
    this.index = index;
    this.clock = clock;
    this.logger = logger;
    this.counters = counters;
    this.cache = new ValueCache(this.index.records.rows, cacheBytesMax);
    this.cold = new ColdReads(backend, clock);
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
  read(row: Row, position: number): Encoded<KeyValue> {
    const { records } = this.index;
    const newest = position === records.rows.olderCount(row);
    const cached = newest ? this.cache.get(row) : undefined;
    if (cached !== undefined) return KeyValue.encoded(cached);
    const startedAt = this.clock.now();
    const value = this.backend.get("key", this.#storedKey(row, position));
    this.cold.took(this.clock.now() - startedAt);
    assert(value !== undefined, "every put of the index is stored");
    if (newest) this.cache.set(row, value);
    return KeyValue.encoded(value);
  }

  /** The key of a stored pair whose value is not in memory; undefined when `read` finds it in the cache. */
  uncached(row: Row, position: number): Uint8Array | undefined {
    const newest = position === this.index.records.rows.olderCount(row);
    return newest && this.cache.peek(row) !== undefined ? undefined : this.#storedKey(row, position);
  }

  #storedKey(row: Row, position: number): Uint8Array {
    const { records } = this.index;
    return revisionKey(records.mainAt(row, position), records.subAt(row, position));
  }

  /**
   * Like `read`, without the value. The disk is read for older records only: the index holds all else about the newest.
   */
  readWithoutValue(key: Key, row: Row, position: number): Encoded<KeyValue> {
    const { rows } = this.index.records;
    if (position < rows.olderCount(row)) {
      return KeyValue.encode({ ...KeyValue.decode(this.read(row, position)), value: emptyBytes });
    }
    return KeyValue.encode({
      key,
      createRevision: rows.createRevision(row),
      modRevision: rows.main(row),
      version: rows.version(row),
      value: emptyBytes,
      lease: rows.leaseId(row),
    });
  }

  /** The lease of one record of a key. The disk is read for older records only. */
  leaseAt(row: Row, position: number): bigint {
    const { rows } = this.index.records;
    return position < rows.olderCount(row) ? readStoredHead(this.read(row, position)).leaseId : rows.leaseId(row);
  }

  /** The state of a key at revision `at`, without its value; undefined when it does not exist there. */
  head(key: Key, at: number): KeyHead | undefined {
    const row = this.index.get(key);
    return row === noRow ? undefined : this.headOf(row, at);
  }

  /** Like `head`. The disk is read for older records only: the index holds the state of the newest one. */
  headOf(row: Row, at: number): KeyHead | undefined {
    const { records } = this.index;
    const { rows } = records;
    if (rows.main(row) <= at) {
      if (!records.alive(row)) return undefined;
      return { createRevision: rows.createRevision(row), modRevision: rows.main(row), version: rows.version(row) };
    }
    const position = records.visibleAt(row, at);
    if (position < 0) return undefined;
    const { createRevision, version } = readStoredHead(this.read(row, position));
    return { createRevision, modRevision: records.mainAt(row, position), version };
  }
}
