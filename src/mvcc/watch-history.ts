import type { Store } from "./store.js";

/** What watching needs of a store. */
export type WatchHistory = Pick<
  Store,
  "revision" | "compactedRevision" | "range" | "changesFrom" | "onChangesInSteps" | "turns"
>;
