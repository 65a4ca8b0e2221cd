import { readBE64 } from "../../base/index.js";
import { KeyValue, WireError } from "../../wire/index.js";
import type { StoredDatabase } from "./stored-database.js";

/** A stored change of a key. */
export interface KeyChange {
  readonly revision: number;
  /** Number of the change within its revision. */
  readonly sub: number;
  readonly deleted: boolean;
  readonly key: string;
  readonly createRevision: number;
  readonly version: number;
  readonly lease: bigint;
  readonly value: Uint8Array;
  /** Bytes of the stored row: its revision, key and value. */
  readonly bytes: number;
}

const revisionBytes = 17;
const tombstoneBytes = 18;

/**
 * All stored changes of keys, oldest first, one small piece in memory at a time.
 *
 * @param onDamage called for a row that is no change, which is left out then
 */
export async function* keyChanges(
  database: StoredDatabase,
  onDamage: (what: string) => void,
): AsyncGenerator<KeyChange, void, undefined> {
  for await (const rows of database.batches("key")) {
    for (const [stored, pair] of rows) {
      if (pair.length === 0) continue; // The mark of a restore that raised the revision has no key.
      const change = stored.length < revisionBytes ? undefined : changeIn(stored, pair);
      if (change !== undefined) yield change;
      else onDamage(`the row ${Buffer.from(stored).toString("hex")} of bucket key is no change of a key`);
    }
  }
}

function changeIn(stored: Uint8Array, pair: Uint8Array): KeyChange | undefined {
  try {
    const { key, createRevision, version, lease, value } = KeyValue.decode(pair);
    const [revision, sub] = [readBE64(stored, 0), readBE64(stored, 9)];
    const deleted = stored.length === tombstoneBytes;
    return { revision, sub, deleted, key, createRevision, version, lease, value, bytes: stored.length + pair.length };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

/** Stored changes of the keys with one prefix. */
export interface PrefixSize {
  readonly prefix: string;
  readonly changes: number;
  readonly deletions: number;
  readonly bytes: number;
}

/** The most prefixes that are counted one by one; rarer ones are counted together, with the prefix undefined. */
const prefixesMax = 10_000;

/**
 * Counts stored changes by the prefixes of their keys, the largest first.
 *
 * @param within only keys with this prefix
 * @param depth the number of parts of a prefix; parts end with `separator`
 * @param onDamage as for `keyChanges`
 */
export async function sizesByPrefix(
  database: StoredDatabase,
  { within, separator, depth }: { readonly within: string; readonly separator: string; readonly depth: number },
  onDamage: (what: string) => void,
): Promise<readonly (PrefixSize | Omit<PrefixSize, "prefix">)[]> {
  const groups = new Map<string, { changes: number; deletions: number; bytes: number }>();
  const others = { changes: 0, deletions: 0, bytes: 0 };
  for await (const { key, deleted, bytes } of keyChanges(database, onDamage)) {
    if (!key.startsWith(within)) continue;
    const prefix = prefixOf(key, within.length, separator, depth);
    let group = groups.get(prefix);
    if (group === undefined) {
      group = groups.size < prefixesMax ? { changes: 0, deletions: 0, bytes: 0 } : others;
      if (group !== others) groups.set(prefix, group);
    }
    group.changes++;
    group.bytes += bytes;
    if (deleted) group.deletions++;
  }
  const sorted = [...groups].map(([prefix, counts]) => ({ prefix, ...counts })).sort((a, b) => b.bytes - a.bytes);
  return others.changes === 0 ? sorted : [...sorted, others];
}

/** The key up to the `depth`th separator behind `from`; the whole key when it has fewer. */
function prefixOf(key: string, from: number, separator: string, depth: number): string {
  let end = from;
  // A separator at the beginning ends no part.
  if (key.startsWith(separator, end)) end += separator.length;
  for (let part = 0; part < depth; part++) {
    const at = key.indexOf(separator, end);
    if (at < 0) return key;
    end = at + separator.length;
  }
  return key.slice(0, end);
}
