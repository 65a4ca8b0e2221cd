import type { Store } from "./store.js";

/** The part of a store that watching needs. */
export type WatchHistory = Pick<
  Store,
  "revision" | "compactedRevision" | "range" | "changesFrom" | "onChangesInSteps" | "turns"
>;
