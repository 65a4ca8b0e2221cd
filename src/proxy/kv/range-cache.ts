import { IntervalTree, intervalOf, isEmptyRange, isOneKey, type Key } from "../../base/index.js";
import { RangeRequest } from "../../wire/index.js";

/** The most answers that are kept, as in etcd's proxy. */
const entriesMax = 2_048;
/** The most bytes of all kept answers with their requests. */
const bytesMax = 64 * 1024 * 1024;
/** Longer answers are not kept, so that one of them does not push out thousands of short ones. */
const answerBytesMax = 1024 * 1024;
/** The memory of an entry beside its request and its answer. */
const entryBytes = 512;

/** An answer that is kept, or will be: then `answer` is undefined, and readers of the same range are under way. */
interface Entry {
  readonly id: string;
  readonly key: Key;
  readonly end: Key;
  /** The requested revision; 0 for the current one. Only answers about the current revision are ever wrong. */
  readonly revision: number;
  answer: Uint8Array | undefined;
}

/** A read that is under way. Its answer is kept unless the range was written to meanwhile. */
export interface PendingRead {
  /** @param revision the store's revision in the answer's header */
  done(answer: Uint8Array, revision: number): void;
}

/**
 * Answers to reads, for serializable reads of the same range. A write through this proxy drops the answers that it may
 * change, and also those of reads that are under way. Writes that go elsewhere are not noticed: an answer may be
 * arbitrarily old, as in etcd's proxy.
 */
export class RangeCache {
  /** In the order of use, the longest unused first. */
  readonly #entries = new Map<string, Entry>();
  readonly #byKey = new Map<Key, Set<Entry>>();
  readonly #byRange = new IntervalTree<Set<Entry>>();
  /** The greatest revision of a write through this proxy. An older answer comes from a member that lags behind. */
  #writtenRevision = 0;
  #compactedRevision = 0;
  #bytes = 0;
  #kept = 0;
  hits = 0;
  misses = 0;

  /** The number of kept answers. */
  get size(): number {
    return this.#kept;
  }

  /** The revision below which reads are refused, as far as this proxy has seen it. */
  get compactedRevision(): number {
    return this.#compactedRevision;
  }

  /** A kept answer to the request; undefined when there is none. */
  get(request: RangeRequest): Uint8Array | undefined {
    const id = idOf(request);
    const entry = this.#entries.get(id);
    if (entry?.answer === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    this.#entries.delete(id);
    this.#entries.set(id, entry);
    return entry.answer;
  }

  /** Notes that a read is under way. @returns undefined when its answer cannot be kept */
  begin(request: RangeRequest): PendingRead | undefined {
    const { key, rangeEnd: end, revision } = request;
    if (key === "" || revision < 0 || isEmptyRange(key, end)) return undefined;
    const id = idOf(request);
    let entry = this.#entries.get(id);
    if (entry === undefined) {
      entry = { id, key, end, revision, answer: undefined };
      this.#add(entry);
    }
    const pending = entry;
    return { done: (answer, seen) => this.#finish(pending, answer, seen) };
  }

  /** Drops the answers about a range that is written to, before the write is sent and again when it is done. */
  invalidate(key: Key, end: Key): void {
    if (this.#entries.size === 0 || isEmptyRange(key, end)) return;
    const dropped: Entry[] = [];
    const collect = (entries: ReadonlySet<Entry>): void => void dropped.push(...entries);
    if (isOneKey(end)) {
      const ofKey = this.#byKey.get(key);
      if (ofKey !== undefined) collect(ofKey);
      this.#byRange.around(key, collect);
    } else {
      for (const entry of this.#entries.values()) if (overlaps(entry, key, end)) dropped.push(entry);
    }
    for (const entry of dropped) if (entry.revision === 0) this.#drop(entry);
  }

  /** Notes the revision in the answer to a write. */
  written(revision: number): void {
    this.#writtenRevision = Math.max(this.#writtenRevision, revision);
  }

  /** History before this revision is gone. */
  compacted(revision: number): void {
    this.#compactedRevision = Math.max(this.#compactedRevision, revision);
  }

  /** Drops everything, when any answer may be wrong now. */
  clear(): void {
    for (const entry of [...this.#entries.values()]) this.#drop(entry);
  }

  #add(entry: Entry): void {
    const { id, key, end } = entry;
    this.#entries.set(id, entry);
    const same = isOneKey(end) ? this.#byKey.get(key) : this.#byRange.get(key, end);
    if (same !== undefined) same.add(entry);
    else if (isOneKey(end)) this.#byKey.set(key, new Set([entry]));
    else this.#byRange.set(key, end, new Set([entry]));
    this.#bytes += bytesOf(entry);
    this.#shrink();
  }

  #finish(entry: Entry, answer: Uint8Array, revision: number): void {
    // A write to the range has dropped the entry, or there were too many other reads.
    if (this.#entries.get(entry.id) !== entry) return;
    const stale = entry.revision === 0 && revision < this.#writtenRevision;
    if (stale || answer.length > answerBytesMax) {
      if (entry.answer === undefined) this.#drop(entry);
      return;
    }
    if (entry.answer === undefined) this.#kept++;
    this.#bytes -= bytesOf(entry);
    // Bytes from the network may be a small part of a larger buffer.
    entry.answer = Uint8Array.from(answer);
    this.#bytes += bytesOf(entry);
    this.#shrink();
  }

  #shrink(): void {
    for (const entry of this.#entries.values()) {
      if (this.#entries.size <= entriesMax && this.#bytes <= bytesMax) return;
      this.#drop(entry);
    }
  }

  #drop(entry: Entry): void {
    const { id, key, end, answer } = entry;
    if (!this.#entries.delete(id)) return;
    this.#bytes -= bytesOf(entry);
    if (answer !== undefined) this.#kept--;
    const same = isOneKey(end) ? this.#byKey.get(key) : this.#byRange.get(key, end);
    same?.delete(entry);
    if (same?.size !== 0) return;
    if (isOneKey(end)) this.#byKey.delete(key);
    else this.#byRange.delete(key, end);
  }
}

/** The request as a text. A linearizable read and a serializable one have the same answer. */
function idOf(request: RangeRequest): string {
  const bytes = RangeRequest.encode(request.serializable ? request : { ...request, serializable: true });
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function bytesOf({ id, answer }: Entry): number {
  return entryBytes + 2 * id.length + (answer?.length ?? 0);
}

function overlaps(entry: Entry, key: Key, end: Key): boolean {
  const [one, other] = [intervalOf(entry.key, entry.end), intervalOf(key, end)];
  return one.low < other.high && other.low < one.high;
}
