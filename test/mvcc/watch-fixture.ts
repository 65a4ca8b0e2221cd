import { setImmediate as nextTurn } from "node:timers/promises";
import {
  type EventBatch,
  eachEvent,
  WatchableStore,
  type WatchNotice,
  type WatchOptions,
  type WatchSink,
} from "../../src/mvcc/index.js";
import { type EncodedEvent, Event, EventType, wholeEvent } from "../../src/wire/index.js";

/** A notice or events that a sink was given. */
export type Delivered =
  | WatchNotice
  | {
      readonly kind: "events";
      readonly watchId: bigint;
      readonly revision: number;
      readonly events: readonly EncodedEvent[];
    };

/** The client's end of a stream. It records notices, and reads as many as the test allows. */
export class TestSink implements WatchSink {
  /** The number of notices that it accepts before it is full. */
  room = Number.POSITIVE_INFINITY;
  isClosed = false;
  notices: Delivered[] = [];
  /** The lists of events that it was given. Watchers may share a list. */
  readonly lists = new Set<EventBatch["events"]>();

  get hasRoom(): boolean {
    return this.room > 0;
  }

  hasRoomFor(): boolean {
    return this.hasRoom;
  }

  deliverEvents(watchId: bigint, revision: number, { events }: EventBatch): void {
    this.lists.add(events);
    this.#tell({ kind: "events", watchId, revision, events: [...eachEvent(events)] });
  }

  deliver(notice: WatchNotice): void {
    this.#tell(notice);
  }

  closed(): void {
    this.isClosed = true;
  }

  /** The notices since the previous call, one line each. */
  take(): string[] {
    const taken = this.notices;
    this.notices = [];
    return taken.map(showNotice);
  }

  #tell(told: Delivered): void {
    this.room--;
    this.notices.push(told);
  }
}

export function showNotice(notice: Delivered): string {
  switch (notice.kind) {
    case "events":
      return `${notice.watchId} at ${notice.revision}: ${notice.events.map(showEvent).join(" ")}`;
    case "compacted":
      return `${notice.watchId} compacted at ${notice.compactRevision}`;
    case "progress":
      return `${notice.watchId} progress ${notice.revision}`;
  }
}

/** Writes an event: `a=1@2` is a put at revision 2 and `-a@3` a delete, with `(was 1@2)` for a previous pair. */
export function showEvent(event: EncodedEvent): string {
  const { type, kv, prevKv } = Event.decode(wholeEvent(event));
  if (kv === undefined) return "nothing";
  const what =
    type === EventType.PUT ? `${kv.key}=${text(kv.value)}@${kv.modRevision}` : `-${kv.key}@${kv.modRevision}`;
  return prevKv === undefined ? what : `${what}(was ${text(prevKv.value)}@${prevKv.modRevision})`;
}

function text(value: Uint8Array): string {
  return Buffer.from(value).toString();
}

type History = ConstructorParameters<typeof WatchableStore>[0];

export function watchable(history: History, recentChangesMax = 1_000): WatchableStore {
  return new WatchableStore(history, {
    recentChangesMax,
    onFailure: (error) => {
      throw error;
    },
  });
}

/** The same history with another way to read the past. */
export function readingWith(
  history: History,
  changesFrom: History["changesFrom"],
  turns: History["turns"] = () => history.turns(),
): History {
  return {
    get revision() {
      return history.revision;
    },
    get compactedRevision() {
      return history.compactedRevision;
    },
    range: (...query) => history.range(...query),
    turns,
    onChangesInSteps: (teller) => history.onChangesInSteps(teller),
    changesFrom,
  };
}

/** Options of a watch on `key`, by default of all events from now on. */
export function on(key: string, options: Partial<WatchOptions> = {}): WatchOptions {
  return {
    key,
    end: "",
    startRevision: 0,
    noPut: false,
    noDelete: false,
    prevKv: false,
    progressNotify: false,
    ...options,
  };
}

/** Waits until no watcher is unsynced except for stalled ones. */
export async function settled(watching: WatchableStore, stalledCount = 0): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    await nextTurn();
    if (watching.slowWatcherCount === stalledCount) return;
  }
  throw new Error(`${watching.slowWatcherCount} watchers are still behind`);
}
