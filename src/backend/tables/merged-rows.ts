import type { RowSink } from "../../base/index.js";
import { EntryList } from "./entry-list.js";

/** Bytes and number of rows after which the caller can rest. */
const stepBytes = 64 * 1024;
const stepRows = 256;
/** A step has fewer rows. */
export const rowsOfStepMax = 2 * stepRows;

/** Position in the entries of one source. */
interface Cursor {
  readonly source: AsyncIterator<EntryList, void, undefined>;
  entries: EntryList;
  at: number;
}

/**
 * Adds the rows in `[low, high)` of a database whose changes come from several sources, each in LevelDB's order: of
 * each key the newest change counts. A source may fill its list again once it is asked for the next one.
 *
 * @returns a step after some rows, with their bytes
 */
export async function* addMerged(
  sources: readonly AsyncIterable<EntryList>[],
  low: Uint8Array,
  high: Uint8Array,
  sink: RowSink,
): AsyncGenerator<number, void, undefined> {
  const cursors: Cursor[] = [];
  try {
    for (const source of sources) {
      const cursor: Cursor = { source: source[Symbol.asyncIterator](), entries: nothing, at: 0 };
      cursors.push(cursor);
      if (!(await advanceTo(cursor, low))) cursors.pop();
    }
    const last = new LastKey();
    let bytes = 0;
    let rows = 0;
    while (cursors.length > 0) {
      const { first, next } = heads(cursors);
      const from = first.at;
      const end = endOf(first, next, high);
      // All others come behind it.
      if (end === from) break;
      bytes += addSome(first, end, last, sink);
      rows += first.at - from;
      if (first.at === first.entries.count && !(await advance(first))) cursors.splice(cursors.indexOf(first), 1);
      if (bytes < stepBytes && rows < stepRows) continue;
      yield bytes;
      bytes = 0;
      rows = 0;
    }
    yield bytes;
  } finally {
    for (const { source } of cursors) await source.return?.();
  }
}

/** The key of the last entry, for which older changes may follow. It is copied, since its list is filled again. */
class LastKey {
  #bytes = Buffer.alloc(64);
  #length = -1;

  is(entries: EntryList, place: number): boolean {
    return this.#length >= 0 && entries.compare(place, this.#bytes, 0, this.#length) === 0;
  }

  set(entries: EntryList, place: number): void {
    const at = entries.keyAt(place);
    const length = entries.keyBytes(place);
    if (length > this.#bytes.length) this.#bytes = Buffer.alloc(2 * length);
    this.#bytes.set(entries.keys.subarray(at, at + length));
    this.#length = length;
  }
}

/** Adds entries of a cursor up to `end`, until a step is full. @returns their bytes */
function addSome(cursor: Cursor, end: number, last: LastKey, sink: RowSink): number {
  const { entries, at: from } = cursor;
  const { keys, values } = entries;
  const stop = Math.min(end, from + stepRows);
  let bytes = 0;
  let place = from;
  for (; place < stop && bytes < stepBytes; place++) {
    const keyAt = entries.keyAt(place);
    const keyBytes = entries.keyBytes(place);
    const known = place === from ? last.is(entries, place) : entries.compare(place - 1, keys, keyAt, keyBytes) === 0;
    const valueBytes = entries.valueBytes(place);
    if (known || valueBytes < 0) continue;
    sink.add(keys, keyAt, keyBytes, values, entries.valueAt(place), valueBytes);
    bytes += keyBytes + valueBytes;
  }
  last.set(entries, place - 1);
  cursor.at = place;
  return bytes;
}

const nothing = new EntryList();

/** The cursor with the next entry, and the one with the entry behind it; the newest change of a key comes first. */
function heads(cursors: readonly Cursor[]): { first: Cursor; next: Cursor | undefined } {
  let [first] = cursors as [Cursor];
  let next: Cursor | undefined;
  for (const cursor of cursors) {
    if (cursor === first) continue;
    if (isBefore(cursor, first)) {
      next = first;
      first = cursor;
    } else if (next === undefined || isBefore(cursor, next)) next = cursor;
  }
  return { first, next };
}

function isBefore(one: Cursor, other: Cursor): boolean {
  const { entries, at } = other;
  const order = one.entries.compare(one.at, entries.keys, entries.keyAt(at), entries.keyBytes(at));
  return order !== 0 ? order < 0 : one.entries.sequence(one.at) > entries.sequence(at);
}

/** The place up to which the entries of `first` come before all others; at least one does. */
function endOf(first: Cursor, next: Cursor | undefined, high: Uint8Array): number {
  const { entries, at } = first;
  const end = entries.placeOf(high, 0, high.length, at);
  if (next === undefined) return end;
  const { entries: others, at: other } = next;
  const before = entries.placeOf(others.keys, others.keyAt(other), others.keyBytes(other), at);
  return Math.min(end, Math.max(before, at + 1));
}

/** Moves to the first entry that is not before `low`. @returns false when there is none */
async function advanceTo(cursor: Cursor, low: Uint8Array): Promise<boolean> {
  while (await advance(cursor)) {
    cursor.at = cursor.entries.placeOf(low, 0, low.length, 0);
    if (cursor.at < cursor.entries.count) return true;
  }
  return false;
}

/** Takes the next entries of the source. @returns false at its end */
async function advance(cursor: Cursor): Promise<boolean> {
  for (;;) {
    const { done, value } = await cursor.source.next();
    cursor.at = 0;
    cursor.entries = done === true ? nothing : value;
    if (done === true) return false;
    if (value.count > 0) return true;
  }
}
