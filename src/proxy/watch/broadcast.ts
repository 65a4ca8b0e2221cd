import type { Key } from "../../base/index.js";
import { type ResponseHeader, WatchCreateRequest, WatchRequest } from "../../wire/index.js";
import type { EventBatch } from "./event-batch.js";
import type { ProxiedWatcher } from "./proxied-watcher.js";

/** One watcher at a member, and the clients' watchers of the same keys that it serves. */
export class Broadcast {
  readonly key: Key;
  readonly end: Key;
  readonly receivers = new Set<ProxiedWatcher>();
  /** The watcher's id on the stream to the member; undefined before the member has created it. */
  memberId: bigint | undefined;
  /** The first revision whose events have not arrived; 0 until a member has told the current revision. */
  #nextRevision: number;
  /** The last header of a response to this watcher. */
  #header: ResponseHeader | undefined;
  /** Whether a member has created the watcher, at least once. */
  #started = false;
  /** Whether all events up to the creation have arrived: the watcher does not catch up with history. */
  #live: boolean;
  /** The store's revision when the watcher was created. */
  #createdRevision = 0;

  constructor(first: ProxiedWatcher) {
    this.key = first.key;
    this.end = first.end;
    this.#nextRevision = first.nextRevision;
    this.#live = first.nextRevision === 0;
    this.receivers.add(first);
  }

  get nextRevision(): number {
    return this.#nextRevision;
  }

  get started(): boolean {
    return this.#started;
  }

  /** The request that creates the watcher, or goes on with it at another member. */
  request(): Uint8Array {
    const value = WatchCreateRequest.create({
      key: this.key,
      rangeEnd: this.end,
      startRevision: this.#nextRevision,
      // Each watcher may want these, and gets what it wants of them.
      prevKv: true,
      progressNotify: true,
    });
    return WatchRequest.encode({ requestUnion: { case: "createRequest", value } });
  }

  /**
   * Adds a client's watcher if it would miss nothing here, and need not wait for others to catch up.
   *
   * @returns false when it needs another broadcast
   */
  add(watcher: ProxiedWatcher): boolean {
    if (!this.#suits(watcher.nextRevision)) return false;
    this.receivers.add(watcher);
    if (this.#started) this.#tellCreated(watcher);
    return true;
  }

  /** A member has created the watcher at the revision in the header. */
  created(memberId: bigint, header: ResponseHeader | undefined): void {
    this.memberId = memberId;
    const revision = header?.revision ?? 0;
    if (this.#nextRevision === 0) this.#nextRevision = revision + 1;
    // After a change of the member, the clients know already that their watchers exist.
    if (this.#started) return;
    this.#started = true;
    this.#header = header;
    this.#createdRevision = revision;
    if (this.#nextRevision > revision) this.#live = true;
    for (const watcher of this.receivers) this.#tellCreated(watcher);
  }

  /** Notes that events have arrived, before they are delivered: who joins now does not get them. */
  arrived(batch: EventBatch): void {
    this.#header = batch.header;
    const reached = batch.empty ? (batch.header?.revision ?? 0) : batch.lastRevision;
    this.#nextRevision = Math.max(this.#nextRevision, reached + 1);
    if (reached >= this.#createdRevision) this.#live = true;
  }

  /** Whether all watchers of this broadcast would get everything, and nothing later, from `other`. */
  mayJoin(other: Broadcast): boolean {
    return other !== this && other.#live && other.#started && other.#nextRevision <= this.#nextRevision;
  }

  /** Moves all watchers to `other`. */
  join(other: Broadcast): void {
    for (const watcher of this.receivers) {
      watcher.nextRevision = Math.max(watcher.nextRevision, this.#nextRevision);
      other.receivers.add(watcher);
    }
    this.receivers.clear();
  }

  #suits(nextRevision: number): boolean {
    if (nextRevision === 0) return this.#live;
    if (this.#nextRevision === 0 || this.#nextRevision > nextRevision) return false;
    return (this.#live && this.#started) || this.#nextRevision === nextRevision;
  }

  #tellCreated(watcher: ProxiedWatcher): void {
    if (watcher.nextRevision !== 0) {
      watcher.owner.created(watcher, this.#header);
      return;
    }
    watcher.nextRevision = this.#nextRevision;
    // The header of a watcher without a start revision shows where it starts: right behind this revision.
    watcher.owner.created(watcher, this.#header && { ...this.#header, revision: this.#nextRevision - 1 });
  }
}
