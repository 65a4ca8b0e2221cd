import {
  type EventBatch,
  eachEvent,
  type WatchNotice,
  type WatchSink,
  type WatchStream,
} from "../../src/mvcc/index.js";
import type { EtcdServer } from "../../src/server/index.js";
import type { Encodable, Event } from "../../src/wire/index.js";
import { type Fact, readEvent } from "./history.js";

/** Receives the events of a watcher in order. */
export interface Watched {
  /** Receives the events of one revision. Each revision comes once, in order. */
  told(revision: number, facts: readonly Fact[]): void;
  /** Reports that events up to this revision are skipped, since they are compacted. */
  skipped(through: number): void;
}

export interface KeyRange {
  readonly key: string;
  /** The end of the range; `\0` for all keys from `key` on. */
  readonly end: string;
}

export const everything: KeyRange = { key: "\0", end: "\0" };

/** A watcher as its client sees it. */
export interface Watcher {
  /** Whether the client does not read. */
  stuck: boolean;
  /** Lets the client read again. */
  resume(): void;
  /** Ends the watcher. */
  close(): void;
}

/** Passes on the events of a watcher, revision by revision. */
export class Revisions {
  readonly #watched: Watched;
  #last = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Takes the events of one response. */
  take(events: readonly Encodable<Event>[]): void {
    let facts: Fact[] = [];
    let revision = 0;
    for (const received of events) {
      const event = readEvent(received);
      if (event.revision !== revision) {
        this.#tell(revision, facts);
        facts = [];
        revision = event.revision;
      }
      facts.push(event.fact);
    }
    this.#tell(revision, facts);
  }

  #tell(revision: number, facts: readonly Fact[]): void {
    if (facts.length === 0) return;
    if (revision <= this.#last) throw new Error(`a watcher hears of ${revision} after ${this.#last}`);
    this.#last = revision;
    this.#watched.told(revision, facts);
  }
}

/** One watcher of one member. If its revisions are compacted, it starts again after them. */
export class Watching implements WatchSink, Watcher {
  stuck = false;
  readonly #range: KeyRange;
  readonly #watched: Watched;
  readonly #later: (run: () => void) => void;
  readonly #stream: WatchStream;
  readonly #revisions: Revisions;
  #over = false;

  /** @param later runs a function on the member, a moment later */
  constructor(
    server: EtcdServer,
    range: KeyRange,
    startRevision: number,
    watched: Watched,
    later: (run: () => void) => void,
  ) {
    this.#range = range;
    this.#watched = watched;
    this.#revisions = new Revisions(watched);
    this.#later = later;
    this.#stream = server.watchable.newStream(this);
    this.#watch(startRevision);
  }

  get hasRoom(): boolean {
    return !this.stuck;
  }

  resume(): void {
    this.stuck = false;
    if (!this.#over) this.#stream.resume();
  }

  close(): void {
    this.#over = true;
    this.#stream.close();
  }

  hasRoomFor(): boolean {
    return this.hasRoom;
  }

  deliverEvents(_watchId: bigint, _revision: number, { events }: EventBatch): void {
    if (!this.#over) this.#revisions.take([...eachEvent(events)]);
  }

  deliver(notice: WatchNotice): void {
    if (this.#over || notice.kind !== "compacted") return;
    const { compactRevision } = notice;
    this.#watched.skipped(compactRevision);
    this.#later(() => this.#watch(compactRevision + 1));
  }

  closed(): void {
    this.#over = true;
  }

  #watch(startRevision: number): void {
    if (this.#over) return;
    const more = { noPut: false, noDelete: false, prevKv: false, progressNotify: false };
    const answer = this.#stream.watch(0n, { ...this.#range, startRevision, ...more });
    if (answer.kind === "refused") throw new Error(answer.reason);
  }
}
