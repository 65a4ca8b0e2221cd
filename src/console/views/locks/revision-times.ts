/** The store's revision at regular times, as the member remembers them. */
export interface RevisionTimes {
  /** Milliseconds since 1970 of the first value. */
  readonly startMs: number;
  readonly stepMs: number;
  /** Ascending; 0 where the member does not know. */
  readonly revisions: readonly number[];
}

/** When a revision was written: at most `stepMs` before `atMs`, or before the member's memory reaches back. */
export type WrittenAt = { readonly kind: "at" | "before"; readonly atMs: number };

/** @returns undefined when the revision is newer than the last known one */
export function writtenAt(revision: number, { startMs, stepMs, revisions }: RevisionTimes): WrittenAt | undefined {
  const known = revisions.findIndex((value) => value > 0);
  const at = revisions.findIndex((value) => value >= revision && value > 0);
  if (at < 0) return undefined;
  const atMs = startMs + at * stepMs;
  return at === known ? { kind: "before", atMs } : { kind: "at", atMs };
}
