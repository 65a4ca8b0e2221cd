import type { Readable } from "../backend/index.js";
import type { Clock } from "../base/index.js";
import type { KeyIndex } from "./keys/key-index.js";
import type { Pins } from "./pins.js";

/** The stored history of keys and its index: what a running store has, and what a tool reads of a stopped member. */
export interface StoredHistory {
  readonly backend: Pick<Readable, "batches">;
  readonly clock: Clock;
  readonly index: KeyIndex;
  readonly pins: Pins;
  /** Revision of the newest stored change; 1 for the empty store. */
  revision: number;
  /** Revisions below this one can no longer be read; -1 when nothing was ever compacted. */
  readonly compactedRevision: number;
}
