import type { Key } from "../../base/index.js";
import type { ResponseHeader } from "../../wire/index.js";
import type { EventBatch, Wanted } from "./event-batch.js";

/** The stream of a client to which a watcher's events go. */
export interface WatcherOwner {
  /** A member watches the keys of the watcher. @param header shows the revision up to which there is nothing to tell */
  created(watcher: ProxiedWatcher, header: ResponseHeader | undefined): void;
  /**
   * Takes the events of a batch that the watcher wants.
   *
   * @returns false when there is no room. The watcher then goes on later, from its `nextRevision`
   */
  deliver(watcher: ProxiedWatcher, batch: EventBatch): boolean;
  /** All events up to the revision in the batch's header have been delivered. */
  progressed(watcher: ProxiedWatcher, batch: EventBatch): void;
  /** A member has refused the watcher, or ended it. */
  ended(watcher: ProxiedWatcher, batch: EventBatch): void;
  /** The answer to a request for progress: everything up to this revision has been delivered. */
  progressAnswered(header: ResponseHeader | undefined): void;
  /** The members serve no watcher with the metadata of this stream. */
  failed(error: Error): void;
}

/** A client's watcher. */
export class ProxiedWatcher implements Wanted {
  readonly id: bigint;
  readonly key: Key;
  readonly end: Key;
  readonly prevKv: boolean;
  readonly noPut: boolean;
  readonly noDelete: boolean;
  /** Whether the client wants to be told of progress at intervals. */
  readonly progressNotify: boolean;
  readonly owner: WatcherOwner;
  /** The first revision whose events have not been delivered; 0 until a member has told the current revision. */
  nextRevision: number;

  constructor(
    fields: Pick<ProxiedWatcher, "id" | "key" | "end" | "prevKv" | "noPut" | "noDelete" | "progressNotify" | "owner">,
    startRevision: number,
  ) {
    this.id = fields.id;
    this.key = fields.key;
    this.end = fields.end;
    this.prevKv = fields.prevKv;
    this.noPut = fields.noPut;
    this.noDelete = fields.noDelete;
    this.progressNotify = fields.progressNotify;
    this.owner = fields.owner;
    this.nextRevision = startRevision;
  }
}
