import { setImmediate as nextTurn } from "node:timers/promises";
import { WatchableStore, type WatchNotice, type WatchOptions, type WatchSink } from "../../src/mvcc/index.js";
import { type EncodedEvent, Event, EventType, wholeEvent } from "../../src/wire/index.js";

/** A client's end of a stream: it keeps what it is told and takes as much as the test lets it. */
export class TestSink implements WatchSink {
  /** Notices that it still takes before it is full. */
  room = Number.POSITIVE_INFINITY;
  isClosed = false;
  notices: WatchNotice[] = [];

  get hasRoom(): boolean {
    return this.room > 0;
  }

  hasRoomFor(): boolean {
    return this.hasRoom;
  }

  deliver(notice: WatchNotice): void {
    this.room--;
    this.notices.push(notice);
  }

  closed(): void {
    this.isClosed = true;
  }

  /** Notices since the last call, one line each. */
  take(): string[] {
    const taken = this.notices;
    this.notices = [];
    return taken.map(showNotice);
  }
}

export function showNotice(notice: WatchNotice): string {
  switch (notice.kind) {
    case "events":
      return `${notice.watchId} at ${notice.revision}: ${notice.events.map(showEvent).join(" ")}`;
    case "compacted":
      return `${notice.watchId} compacted at ${notice.compactRevision}`;
    case "progress":
      return `${notice.watchId} progress ${notice.revision}`;
  }
}

/** `a=1@2` for a put at revision 2, `-a@3` for a delete, with `(was 1@2)` behind when it tells what was. */
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

/** The same history, its past read in another way. */
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

/** A watch on `key`, of everything from now on unless told otherwise. */
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

/** Gives the background its turns until nobody is behind who could go on; fails when that never comes. */
export async function settled(watching: WatchableStore, stalledCount = 0): Promise<void> {
  for (let turn = 0; turn < 10_000; turn++) {
    await nextTurn();
    if (watching.slowWatcherCount === stalledCount) return;
  }
  throw new Error(`${watching.slowWatcherCount} watchers are still behind`);
}
