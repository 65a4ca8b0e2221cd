import type { Key } from "../base/index.js";
import type { EncodedEvent } from "../wire/index.js";

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
  readonly stream: WatcherOwner;
  readonly options: WatchOptions;
  place: WatcherPlace;
  /** While `waiting` or `stalled`: it was handed everything before this revision and nothing from it on. */
  nextRevision: number;
  /** It was sent no events since the last round of progress notices. */
  quiet: boolean;
}

/** Events for one watcher, in order. */
export interface EventBatch {
  readonly events: EncodedEvent[];
  readonly firstRevision: number;
  /** Length of the events together. */
  bytes: number;
}

/** The stream of a watcher, as the places that keep watchers see it. */
export interface WatcherOwner {
  /** Whether the client takes more now. */
  readonly hasRoom: boolean;
  /** @returns false when there is no room: nothing was taken */
  offer(watcher: Watcher, revision: number, batch: EventBatch): boolean;
  /** @returns false when there is no room: nothing was taken */
  offerCompacted(watcher: Watcher, compactRevision: number): boolean;
  /** Notes that one of its watchers changes its place, and keeps the watcher while it is stalled. */
  moved(watcher: Watcher, to: WatcherPlace): void;
  /** Its watchers that wait for room, the longest waiting first. */
  stalled(): Iterable<Watcher>;
  /** All watchers have heard of the store's revision: sends the progress notices that had to wait for that. */
  told(): void;
}
