/** Bounds on the revisions of the pairs that a reader wants, as in a `RangeRequest`; 0 means no bound. */
export interface RevisionBounds {
  readonly minModRevision: number;
  readonly maxModRevision: number;
  readonly minCreateRevision: number;
  readonly maxCreateRevision: number;
}

export function withinModBounds({ minModRevision, maxModRevision }: RevisionBounds, revision: number): boolean {
  return (maxModRevision === 0 || revision <= maxModRevision) && (minModRevision === 0 || revision >= minModRevision);
}

export function withinCreateBounds(bounds: RevisionBounds, revision: number): boolean {
  const { minCreateRevision, maxCreateRevision } = bounds;
  return (
    (maxCreateRevision === 0 || revision <= maxCreateRevision) &&
    (minCreateRevision === 0 || revision >= minCreateRevision)
  );
}
