import type { Key } from "../base/index.js";
import type { WatchStream } from "./watch-stream.js";

/** 64 signed bits, unique among the watchers of one stream; the client may choose it. */
export type WatchId = bigint;

/** What a client asks to hear of. */
export interface WatchOptions {
  readonly key: Key;
  /** `""` for the key alone, `"\0"` for every key from it on. */
  readonly end: Key;
  /** The first revision to hear of; 0 means the next one. */
  readonly startRevision: number;
  /** Puts are not told. */
  readonly noPut: boolean;
  /** Deletes are not told. */
  readonly noDelete: boolean;
  /** Events carry what the key was before. */
  readonly prevKv: boolean;
  /** Quiet times are told now and then. */
  readonly progressNotify: boolean;
  /** On whose behalf; the store does not look at it. */
  readonly reader?: string;
}

/**
 * Where a watcher is kept:
 * - `synced`: it was handed everything up to the store's revision (or starts later); each write tells it;
 * - `waiting`: it needs history from `nextRevision` on, and the sweep through history has not come there yet;
 * - `riding`: the sweep takes it along;
 * - `stalled`: its stream has no room; nothing is kept for it but `nextRevision`;
 * - `over`: cancelled; whoever still holds it lets go of it.
 */
export type WatcherPlace = "synced" | "waiting" | "riding" | "stalled" | "over";

/** One watch of one stream. Only the place that keeps it writes its mutable fields. */
export interface Watcher {
  readonly id: WatchId;
  readonly stream: WatchStream;
  readonly options: WatchOptions;
  place: WatcherPlace;
  /** While `waiting` or `stalled`: it was handed everything before this revision and nothing from it on. */
  nextRevision: number;
  /** It was sent no events since the last round of progress notices. */
  quiet: boolean;
}
