import type { Key } from "./ids.js";

// Key ranges of etcd's requests: a key and the end of the range. An empty end means the key alone, `openEnd` every key
// from `key` on, and any other end the keys in `[key, end)`, of which there are none when `key` is not below the end.

/** The `end` of a range without an upper bound. */
export const openEnd: Key = "\0";

/** The first key that a request can name: keys are not empty. */
export const lowestKey: Key = "\0";

/** Greater than every key, since the characters of a key are bytes. Used in comparisons only, never sent or stored. */
export const aboveAllKeys: Key = "\u0100";

/** Whether a range with this end is its key alone. */
export function isOneKey(end: Key): boolean {
  return end === "";
}

/** The next possible key after `key`. */
export function keyAfter(key: Key): Key {
  return `${key}\0`;
}

/** The end of `[key, end)`; undefined when there is no upper bound. Only for ranges that are not one key. */
export function upperBoundOf(end: Key): Key | undefined {
  return end === openEnd ? undefined : end;
}

/** Whether the range can hold no key. */
export function isEmptyRange(key: Key, end: Key): boolean {
  return !isOneKey(end) && end !== openEnd && key >= end;
}

/** Whether `wanted` is a key of the range. */
export function isInRange(wanted: Key, key: Key, end: Key): boolean {
  if (isOneKey(end)) return wanted === key;
  return wanted >= key && (end === openEnd || wanted < end);
}

/** The range as an interval `[low, high)` for comparisons, even when it is a single key or has no end. */
export function intervalOf(key: Key, end: Key): { readonly low: Key; readonly high: Key } {
  return { low: key, high: isOneKey(end) ? keyAfter(key) : (upperBoundOf(end) ?? aboveAllKeys) };
}

/**
 * The first key after all keys that start with `prefix`; `openEnd` when there is none, for an empty prefix or one of
 * 0xff bytes only.
 */
export function prefixEnd(prefix: Key): Key {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix.charCodeAt(at);
    if (byte < 0xff) return prefix.slice(0, at) + String.fromCharCode(byte + 1);
  }
  return openEnd;
}

/** The keys that start with `prefix`: all keys when it is empty. */
export function prefixRange(prefix: Key): { readonly key: Key; readonly rangeEnd: Key } {
  return { key: prefix === "" ? lowestKey : prefix, rangeEnd: prefixEnd(prefix) };
}

/** The keys from `key` on: all keys when it is empty. */
export function rangeFrom(key: Key): { readonly key: Key; readonly rangeEnd: Key } {
  return { key: key === "" ? lowestKey : key, rangeEnd: openEnd };
}
