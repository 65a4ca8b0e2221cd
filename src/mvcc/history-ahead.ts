import type { Change } from "./change.js";
import type { History, StoredHistory } from "./history.js";
import type { WatchHistory } from "./watch-history.js";

/** A larger stretch is delivered once and not kept. */
const keptBytesMax = 8 * 1024 * 1024;
/** The most stretches that are kept, of 4 MiB or a little more each; the one that is read ahead counts. */
const stretchesMax = 3;

interface Stretch {
  readonly low: number;
  /** The last revision of the stretch; undefined while it is being read. */
  through: number | undefined;
  readonly read: Promise<StoredHistory>;
}

/**
 * Reads history for watchers that catch up. A stretch is read once for all watchers that need it within a short time,
 * and the next stretch is read while the first is sent to clients.
 */
export class HistoryAhead {
  readonly #history: WatchHistory;
  readonly #countMax: number;
  /** Stretches in the order in which they were requested. */
  #stretches: Stretch[] = [];
  #compactedRevision = 0;

  /** @param countMax the most changes of a stretch */
  constructor(history: WatchHistory, countMax: number) {
    this.#history = history;
    this.#countMax = countMax;
  }

  /** Like `Store.changesFrom`, from memory where possible. */
  async from(low: number): Promise<History> {
    const { compactedRevision, revision } = this.#history;
    // After a compaction, reads find less of a revision than the kept stretches hold.
    if (compactedRevision !== this.#compactedRevision) this.clear();
    this.#compactedRevision = compactedRevision;
    const stretch = this.#find(low) ?? this.#read(low);
    const { changes, through } = await stretch.read;
    if (through < revision && this.#find(through + 1) === undefined) this.#read(through + 1);
    return { changes: stretch.low === low ? changes : { [Symbol.iterator]: () => since(low, changes) }, through };
  }

  get empty(): boolean {
    return this.#stretches.length === 0;
  }

  /** Drops all kept stretches: no watcher is behind, or the store has another history. */
  clear(): void {
    this.#stretches = [];
  }

  #find(low: number): Stretch | undefined {
    return this.#stretches.find(({ low: first, through = first }) => first <= low && low <= through);
  }

  #read(low: number): Stretch {
    const read = this.#history.changesFrom(low, this.#countMax);
    const stretch: Stretch = { low, through: undefined, read };
    this.#stretches.push(stretch);
    if (this.#stretches.length > stretchesMax) this.#stretches.shift();
    read.then(
      ({ through, bytes }) => {
        stretch.through = through;
        if (bytes > keptBytesMax) this.#drop(stretch);
      },
      // Anyone who awaits the stretch gets the error from `read` itself; this handler keeps it from surfacing as
      // unhandled.
      () => this.#drop(stretch),
    );
    return stretch;
  }

  #drop(stretch: Stretch): void {
    this.#stretches = this.#stretches.filter((kept) => kept !== stretch);
  }
}

/** The changes from revision `low` on. */
function* since(low: number, changes: Iterable<Change>): Generator<Change, void, undefined> {
  for (const change of changes) if (change.modRevision >= low) yield change;
}
