import { compareBytes } from "../../base/index.js";
import type { StoredRow } from "../level-store.js";
import { EntryList } from "./entry-list.js";

/** Bytes and number of rows after which a batch of rows ends. */
const batchBytes = 64 * 1024;
const batchRows = 256;

/** Position in the entries of one source. */
interface Cursor {
  readonly source: AsyncIterator<EntryList, void, undefined>;
  entries: EntryList;
  at: number;
}

/**
 * The rows in `[low, high)` of a database whose changes come from several sources, each in LevelDB's order: of each
 * key the newest change counts.
 */
export async function* mergedRows(
  sources: readonly AsyncIterable<EntryList>[],
  low: Uint8Array,
  high: Uint8Array,
): AsyncGenerator<StoredRow[], void, undefined> {
  const cursors: Cursor[] = [];
  try {
    for (const source of sources) {
      const cursor: Cursor = { source: source[Symbol.asyncIterator](), entries: nothing, at: 0 };
      cursors.push(cursor);
      if (!(await advanceTo(cursor, low))) cursors.pop();
    }
    let rows: StoredRow[] = [];
    let bytes = 0;
    let last: Uint8Array | undefined;
    while (cursors.length > 0) {
      const { first, next } = heads(cursors);
      const limit = next === undefined ? high : next;
      let { entries } = first;
      do {
        const key = entries.keys[first.at];
        if (key === undefined || compareBytes(key, high) >= 0) break;
        const value = entries.values[first.at];
        if (last === undefined || compareBytes(last, key) !== 0) {
          last = key;
          if (value !== undefined) {
            rows.push([key, value]);
            bytes += key.length + value.length;
          }
        }
        first.at++;
        if (first.at === entries.keys.length) {
          if (!(await fill(first))) break;
          ({ entries } = first);
        }
        if (rows.length >= batchRows || bytes >= batchBytes) {
          yield rows;
          rows = [];
          bytes = 0;
        }
      } while (compareBytes(entries.keys[first.at] ?? high, limit) < 0);
      const key = first.entries.keys[first.at];
      if (key === undefined || compareBytes(key, high) >= 0) {
        cursors.splice(cursors.indexOf(first), 1);
        await first.source.return?.();
      }
    }
    if (rows.length > 0) yield rows;
  } finally {
    for (const { source } of cursors) await source.return?.();
  }
}

const nothing = new EntryList();

/** The cursor with the next entry, and the key of the one behind it; the newest change of a key comes first. */
function heads(cursors: readonly Cursor[]): { first: Cursor; next: Uint8Array | undefined } {
  let [first] = cursors as [Cursor];
  let next: Cursor | undefined;
  for (const cursor of cursors) {
    if (cursor === first) continue;
    if (isBefore(cursor, first)) {
      next = first;
      first = cursor;
    } else if (next === undefined || isBefore(cursor, next)) next = cursor;
  }
  return { first, next: next?.entries.keys[next.at] };
}

function isBefore(one: Cursor, other: Cursor): boolean {
  const [key, otherKey] = [one.entries.keys[one.at], other.entries.keys[other.at]];
  if (key === undefined || otherKey === undefined) return otherKey === undefined;
  const order = compareBytes(key, otherKey);
  if (order !== 0) return order < 0;
  return (one.entries.sequences[one.at] ?? 0) > (other.entries.sequences[other.at] ?? 0);
}

/** Moves to the first entry that is not before `low`. @returns false when there is none */
async function advanceTo(cursor: Cursor, low: Uint8Array): Promise<boolean> {
  while (await fill(cursor)) {
    for (; cursor.at < cursor.entries.keys.length; cursor.at++) {
      const key = cursor.entries.keys[cursor.at];
      if (key !== undefined && compareBytes(key, low) >= 0) return true;
    }
  }
  return false;
}

/** Takes the next entries of the source. @returns false at its end */
async function fill(cursor: Cursor): Promise<boolean> {
  for (;;) {
    const { done, value } = await cursor.source.next();
    cursor.at = 0;
    cursor.entries = done === true ? nothing : value;
    if (done === true) return false;
    if (value.keys.length > 0) return true;
  }
}
