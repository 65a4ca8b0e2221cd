import {
  aboveAllKeys,
  type Key,
  keyAfter,
  lowestKey,
  openEnd,
  prefixEnd,
  type Steps,
  type WorkBudget,
} from "../base/index.js";
import { noRow, type Row } from "./keys/key-rows.js";
import type { StoreState } from "./store-state.js";

/** An interval of keys, `[low, high)`; `aboveAllKeys` as `high` means no bound. */
export interface KeyInterval {
  readonly low: Key;
  readonly high: Key;
}

/** Asks for the children of a prefix: the keys below it, of which those with the same first part are one folder. */
export interface ChildQuery {
  readonly prefix: Key;
  /** Ends the names of folders; without one there are no folders. */
  readonly separator: Key | undefined;
  /** The name after which to begin; empty for the first child. */
  readonly after: Key;
  /** The most children to return. */
  readonly limit: number;
  /** The revision to read; 0 means the newest at each step. */
  readonly revision: number;
  /** The keys that count, ascending and disjoint. All others are treated as if they did not exist. */
  readonly visible: readonly KeyInterval[];
}

/** A key, or a folder of keys. */
export interface Child {
  /** The part behind the prefix. That of a folder ends with the separator. */
  readonly name: Key;
  readonly isFolder: boolean;
  /** The key of exactly this name; undefined when there is none, as for most folders. */
  readonly self: { readonly modRevision: number; readonly leaseId: bigint } | undefined;
  /** The number of keys at the name and below it. */
  readonly count: number;
  /** The bytes of these keys and values as they are stored; 0 when they are not known. */
  readonly bytes: number;
  /** Whether `bytes` is exact. Otherwise it is estimated from the first keys. */
  readonly bytesExact: boolean;
}

export interface ChildPage {
  readonly children: readonly Child[];
  readonly more: boolean;
  /** The number of all keys below the prefix. */
  readonly count: number;
}

/** The bytes of a folder are estimated from this many of its keys at most, for which so many records are looked at. */
const sampledKeysMax = 32;
const sampleLooksMax = 256;
/**
 * The most bytes of keys in a page: an answer has the prefix again for each child, and it may be long. A page ends
 * before the child that would exceed them, unless it is the first.
 */
const keyBytesMax = 1024 * 1024;

/**
 * Reads the children of a prefix in the order of their names. All comes from the index. At the newest revision a folder
 * costs two searches and a few keys, however many keys it has, since the index counts the living keys of a range. At an
 * older one all keys of the page's folders are visited. The caller holds the revision.
 */
export function* readChildren(state: StoreState, query: ChildQuery, budget: WorkBudget): Steps<ChildPage> {
  const scan = new ChildScan(state, query, budget);
  const children: Child[] = [];
  const { limit, prefix } = query;
  let from = beginningOf(query);
  let keyBytes = 0;
  let more = false;
  for (let found = scan.next(from); found !== undefined; found = scan.next(from)) {
    const child = yield* scan.child(found);
    from = child.from;
    if (child.is !== undefined) {
      keyBytes += prefix.length + child.is.name.length;
      more = children.length === limit || (keyBytes > keyBytesMax && children.length > 0);
      if (more) break;
      children.push(child.is);
    }
    if (budget.over(child.is?.name.length ?? 0)) yield;
  }
  // The children of a page that has all of them need not be counted again.
  const isAll = query.after === "" && !more;
  const counted = yield* scan.measure(prefix || lowestKey, isAll ? keyAfter(prefix) : endOf(prefix));
  const count = isAll ? children.reduce((sum, child) => sum + child.count, counted.count) : counted.count;
  return { children, more, count };
}

/** The first key that may belong to a child after `query.after`. */
function beginningOf({ prefix, separator, after }: ChildQuery): Key {
  if (after === "") return prefix || lowestKey;
  const at = separator === undefined ? -1 : after.indexOf(separator);
  if (separator === undefined || at < 0) return keyAfter(prefix + after);
  return endOf(prefix + after.slice(0, at + separator.length));
}

/** A key of the index, which need not exist at the revision. */
interface Found {
  readonly key: Key;
  readonly row: Row;
}

interface Measure {
  readonly count: number;
  readonly bytes: number;
  readonly bytesExact: boolean;
}

interface Sum {
  count: number;
  /** The bytes of `sampled` of the keys. */
  bytes: number;
  sampled: number;
}

class ChildScan {
  readonly #state: StoreState;
  readonly #query: ChildQuery;
  readonly #budget: WorkBudget;
  readonly #end: Key;

  constructor(state: StoreState, query: ChildQuery, budget: WorkBudget) {
    this.#state = state;
    this.#query = query;
    this.#budget = budget;
    this.#end = endOf(query.prefix);
  }

  /** The first key of the index from `from` on, below the prefix and among those that count. */
  next(from: Key): Found | undefined {
    for (const { low, high } of this.#within(from, this.#end)) {
      let found: Found | undefined;
      this.#state.index.walk(low, boundOf(high), (row, visited) => {
        // The key that equals the prefix is not below it.
        const { key } = visited;
        if (key !== this.#query.prefix) found = { key, row };
        return found === undefined;
      });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * The child that a key belongs to.
   *
   * @returns also where the next child begins; no child when none of its keys exists at the revision
   */
  *child({ key, row }: Found): Steps<{ readonly is: Child | undefined; readonly from: Key }> {
    const { prefix, separator } = this.#query;
    const at = separator === undefined ? -1 : key.indexOf(separator, prefix.length);
    if (separator === undefined || at < 0) {
      const self = this.#self(row);
      const bytes = this.#state.index.records.bytesAt(row, this.#at);
      const name = key.slice(prefix.length);
      const is = self && { name, isFolder: false, self, count: 1, bytes, bytesExact: true };
      return { is, from: keyAfter(key) };
    }
    const folder = key.slice(0, at + separator.length);
    const end = endOf(folder);
    const measure = yield* this.measure(folder, end);
    if (measure.count === 0) return { is: undefined, from: end };
    const ownRow = this.#isVisible(folder) ? this.#state.index.get(folder) : noRow;
    const self = ownRow === noRow ? undefined : this.#self(ownRow);
    return { is: { name: folder.slice(prefix.length), isFolder: true, self, ...measure }, from: end };
  }

  /** Counts the keys of a range, and estimates their bytes. */
  *measure(from: Key, end: Key): Steps<Measure> {
    const sum = { count: 0, bytes: 0, sampled: 0 };
    for (const part of this.#within(from, end)) {
      const { low, high } = part;
      const counted = this.#query.revision === 0 ? this.#state.index.countNow(low, boundOf(high)) : undefined;
      if (counted === undefined) yield* this.#visit(part, sum);
      else {
        sum.count += counted;
        if (counted > 0) this.#sample(part, sum);
      }
    }
    const { count, bytes, sampled } = sum;
    if (sampled >= count) return { count, bytes, bytesExact: true };
    return { count, bytes: sampled === 0 ? 0 : Math.round((bytes / sampled) * count), bytesExact: false };
  }

  /** Adds the bytes of the first keys of a part. */
  #sample({ low, high }: KeyInterval, sum: Sum): void {
    const { index } = this.#state;
    let looks = 0;
    index.walk(low, boundOf(high), (row) => {
      this.#add(sum, index.records.bytesAt(row, this.#at));
      return ++looks < sampleLooksMax && sum.sampled < sampledKeysMax;
    });
  }

  /** Counts the keys of a part one by one, and adds the bytes of all. */
  *#visit({ low, high }: KeyInterval, sum: Sum): Steps<void> {
    const { index } = this.#state;
    for (let next: Key | undefined = low; next !== undefined; ) {
      const start: Key = next;
      next = undefined;
      index.walk(start, boundOf(high), (row, visited) => {
        const bytes = index.records.bytesAt(row, this.#at);
        if (bytes > 0) sum.count++;
        this.#add(sum, bytes);
        if (!this.#budget.over(0)) return true;
        next = keyAfter(visited.key);
        return false;
      });
      if (next !== undefined) yield;
    }
  }

  /** @param bytes those of a key; 0 when it does not exist */
  #add(sum: Sum, bytes: number): void {
    if (bytes === 0) return;
    sum.sampled++;
    sum.bytes += bytes;
  }

  get #at(): number {
    return this.#query.revision || this.#state.revision;
  }

  #self(row: Row): Child["self"] {
    const { records } = this.#state.index;
    const position = records.visibleAt(row, this.#at);
    if (position < 0) return undefined;
    return { modRevision: records.mainAt(row, position), leaseId: this.#state.leaseAt(row, position) };
  }

  #isVisible(key: Key): boolean {
    return this.#query.visible.some(({ low, high }) => key >= low && key < high);
  }

  /** The parts of `[from, end)` whose keys count. */
  *#within(from: Key, end: Key): Iterable<KeyInterval> {
    for (const { low, high } of this.#query.visible) {
      const part = { low: low > from ? low : from, high: high < end ? high : end };
      if (part.low < part.high) yield part;
    }
  }
}

/** The end of the keys that begin with `prefix`, as a bound for comparisons. */
function endOf(prefix: Key): Key {
  const end = prefixEnd(prefix);
  return end === openEnd ? aboveAllKeys : end;
}

function boundOf(high: Key): Key | undefined {
  return high === aboveAllKeys ? undefined : high;
}
