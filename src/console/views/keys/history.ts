import type { KeyValue, RangeAnswer } from "../../api/kv.js";
import type { ApiError, Result } from "../../api/result.js";
import type { WatchEvent } from "../../api/watch.js";

/** Versions that are read at once, and the bytes of values after which fewer are. */
export const versionsInPage = 20;
const bytesInPage = 4 * 1024 * 1024;
/** Events that are kept of the time before the key was created: the newest, as far as their values have room. */
export const earlierMax = 200;
const earlierBytesMax = 16 * 1024 * 1024;

/** The versions of a key, the newest first, as far as they have been read. A deletion has the version 0. */
export interface History {
  readonly versions: readonly KeyValue[];
  /** The revision at which to look for older ones; undefined when there are none. */
  readonly next: number | undefined;
  /** The store's revision when the history was first read; 0 before. */
  readonly revision: number;
  /**
   * Why there are no older ones: the key was created, the store was compacted, or these are all that there ever were.
   * Before `created` there may have been earlier lives, which ended with a deletion.
   */
  readonly end?: "created" | "compacted" | "all";
  readonly error?: ApiError;
}

/** @param revision where to begin; 0 is the current revision */
export function historyFrom(revision: number): History {
  return { versions: [], next: revision, revision: 0 };
}

/** Whether the version is a deletion. */
export function isDeletion({ version }: KeyValue): boolean {
  return version === 0;
}

/** Reads the next page of older versions, each by a read at the revision before the version behind it. */
export async function olderVersions(
  history: History,
  readAt: (revision: number) => Promise<Result<RangeAnswer>>,
): Promise<History> {
  const versions = [...history.versions];
  let { next, revision } = history;
  let bytes = 0;
  for (let count = 0; next !== undefined && count < versionsInPage && bytes < bytesInPage; count++) {
    const answer: Result<RangeAnswer> = await readAt(next);
    if (!answer.ok) {
      if (isCompacted(answer.error)) return { versions, revision, next: undefined, end: "compacted" };
      return { versions, revision, next, error: answer.error };
    }
    revision ||= next || answer.value.revision;
    const [kv] = answer.value.kvs;
    if (kv === undefined) return { versions, revision, next: undefined, end: "created" };
    versions.push(kv);
    bytes += kv.value.length;
    if (kv.version === 1) return { versions, revision, next: undefined, end: "created" };
    next = kv.modRevision - 1;
  }
  return { versions, revision, next };
}

/** Reads the events of a key after one revision and up to another, in their order. */
export type ReadEvents = (
  after: number,
  upTo: number,
  take: (event: WatchEvent) => boolean,
) => Promise<Result<boolean>>;

/** Adds the versions and deletions from before the key was created, which reads of later revisions do not tell of. */
export async function withEarlierLives(history: History, readEvents: ReadEvents): Promise<History> {
  const { versions, revision } = history;
  const upTo = (versions.at(-1)?.modRevision ?? revision + 1) - 1;
  const earlier: KeyValue[] = [];
  let bytes = 0;
  let dropped = false;
  const take = ({ kv }: WatchEvent): boolean => {
    earlier.push(kv);
    bytes += kv.value.length;
    while (earlier.length > earlierMax || bytes > earlierBytesMax) {
      bytes -= earlier.shift()?.value.length ?? 0;
      dropped = true;
    }
    return true;
  };
  let read = await readEvents(0, upTo, take);
  const first = read.ok ? undefined : read.error.compactRevision;
  if (first !== undefined && first > upTo) return { versions, revision, next: undefined, end: "compacted" };
  if (first !== undefined) read = await readEvents(first - 1, upTo, take);
  if (!read.ok) return { ...history, error: read.error };
  const all = [...versions, ...earlier.reverse()];
  return { versions: all, revision, next: undefined, end: first === undefined && !dropped ? "all" : "compacted" };
}

function isCompacted({ message }: ApiError): boolean {
  return message.includes("compacted");
}
