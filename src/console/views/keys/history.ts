import type { KeyValue, RangeAnswer } from "../../api/kv.js";
import type { ApiError, Result } from "../../api/result.js";

/** Versions that are read at once, and the bytes of values after which fewer are. */
export const versionsInPage = 20;
const bytesInPage = 4 * 1024 * 1024;

/** The versions of a key, the newest first, as far as they have been read. */
export interface History {
  readonly versions: readonly KeyValue[];
  /** The revision at which to look for older ones; undefined when there are none. */
  readonly next: number | undefined;
  /** Why there are no older ones: the key was created, or the store was compacted. */
  readonly end?: "created" | "compacted";
  readonly error?: ApiError;
}

/** @param revision where to begin; 0 is the current revision */
export function historyFrom(revision: number): History {
  return { versions: [], next: revision };
}

/** Reads the next page of older versions, each by a read at the revision before the version behind it. */
export async function olderVersions(
  history: History,
  readAt: (revision: number) => Promise<Result<RangeAnswer>>,
): Promise<History> {
  const versions = [...history.versions];
  let { next } = history;
  let bytes = 0;
  for (let count = 0; next !== undefined && count < versionsInPage && bytes < bytesInPage; count++) {
    const answer: Result<RangeAnswer> = await readAt(next);
    if (!answer.ok) {
      if (/compacted/.test(answer.error.message)) return { versions, next: undefined, end: "compacted" };
      return { versions, next, error: answer.error };
    }
    const [kv] = answer.value.kvs;
    // The key was created after this revision. Reads do not tell of a life before a deletion.
    if (kv === undefined) return { versions, next: undefined, end: "created" };
    versions.push(kv);
    bytes += kv.value.length;
    if (kv.version === 1) return { versions, next: undefined, end: "created" };
    next = kv.modRevision - 1;
  }
  return { versions, next };
}
