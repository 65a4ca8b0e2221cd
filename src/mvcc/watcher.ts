import type { Key } from "../base/index.js";
import type { EncodedEvent } from "../wire/index.js";
import type { EventRun } from "./event-log.js";

/** 64 signed bits, unique among the watchers of one stream; the client may choose the id. */
export type WatchId = bigint;

/** Options of one watch request. */
export interface WatchOptions {
  readonly key: Key;
  /** `""` watches the key alone, `"\0"` every key from it on. */
  readonly end: Key;
  /** First revision to deliver; 0 means the next one. */
  readonly startRevision: number;
  /** Leaves out puts. */
  readonly noPut: boolean;
  /** Leaves out deletes. */
  readonly noDelete: boolean;
  /** Events include the pair before the change. */
  readonly prevKv: boolean;
  /** Sends progress notices at intervals while there are no events. */
  readonly progressNotify: boolean;
  /** Whether the client accepts fragments of a response; the store only passes this on. Absent means no. */
  readonly fragment?: boolean;
  /** User on whose behalf the watch runs; the store does not use it. */
  readonly reader?: string;
}

/**
 * Where a watcher is kept:
 * - `synced`: everything up to the store's revision has been delivered (or it starts later); it gets each write;
 * - `unsynced`: it needs history from `nextRevision` on, which the pass through history has not reached yet;
 * - `catchingUp`: the pass delivers history to it;
 * - `stalled`: its stream has no room (a victim in etcd); only `nextRevision` is kept for it;
 * - `over`: it has been cancelled or ended by a compaction, and gets nothing more.
 */
export type WatcherPlace = "synced" | "unsynced" | "catchingUp" | "stalled" | "over";

/**
 * One watch of one stream: the number of its row in the `WatcherTable`, which knows all about it. `noWatcher` is none.
 * A number is given to another watcher when its stream has cancelled the watch, so whoever keeps it drops it then.
 */
export type Watcher = number;
export const noWatcher: Watcher = 0;

/** Consecutive events for one watcher, or for several that get the same ones. */
export interface EventBatch {
  /** The first of them are objects, and those after very many are in runs. */
  readonly events: readonly (EncodedEvent | EventRun)[];
  readonly firstRevision: number;
  /** Length of all events together. */
  readonly bytes: number;
}

/** The interface of a watcher's stream for the parts that keep watchers. */
export interface WatcherOwner {
  /** Whether the client accepts more now. */
  readonly hasRoom: boolean;
  /** The watcher that has waited longest for room; `noWatcher` when none waits. */
  readonly firstStalled: Watcher;
  /** @returns false when there is no room: nothing was taken */
  offer(watcher: Watcher, revision: number, batch: EventBatch): boolean;
  /** @returns false when there is no room: nothing was taken */
  offerCompacted(watcher: Watcher, compactRevision: number): boolean;
  /** Records the new place of a watcher; the stream itself keeps stalled ones. */
  moved(watcher: Watcher, to: WatcherPlace): void;
  /** All watchers have been told the store's revision: sends the progress notices that had to wait for that. */
  told(): void;
}
