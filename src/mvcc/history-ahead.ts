import type { History } from "./history.js";
import type { WatchHistory } from "./watch-history.js";

/** A stretch that is larger is given away once and not kept. */
const keptBytesMax = 8 * 1024 * 1024;
/** Stretches that are kept, the one that is being read ahead included: of 4 MiB or a little more each. */
const stretchesMax = 3;

interface Stretch {
  readonly low: number;
  /** Undefined while it is being read. */
  through: number | undefined;
  readonly read: Promise<History>;
}

/**
 * Reads history for watchers that catch up: a stretch is read once for all who come by soon after each other, and the
 * next one while the first is on its way to clients.
 */
export class HistoryAhead {
  readonly #history: WatchHistory;
  readonly #countMax: number;
  /** In the order in which they were asked for. */
  #stretches: Stretch[] = [];
  #compactedRevision = 0;

  /** @param countMax most changes of a stretch */
  constructor(history: WatchHistory, countMax: number) {
    this.#history = history;
    this.#countMax = countMax;
  }

  /** As `changesFrom`. */
  async from(low: number): Promise<History> {
    const { compactedRevision, revision } = this.#history;
    // What a compaction leaves of a revision is less than what was read before it.
    if (compactedRevision !== this.#compactedRevision) this.clear();
    this.#compactedRevision = compactedRevision;
    const { changes, through } = await (this.#find(low) ?? this.#read(low)).read;
    if (through < revision && this.#find(through + 1) === undefined) this.#read(through + 1);
    const first = changes.findIndex(({ modRevision }) => modRevision >= low);
    return { changes: first === 0 ? changes : first < 0 ? [] : changes.slice(first), through };
  }

  get empty(): boolean {
    return this.#stretches.length === 0;
  }

  /** Forgets what was read: nobody is behind, or the history is another one. */
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
      ({ changes, through }) => {
        stretch.through = through;
        if (changes.reduce((sum, { kv }) => sum + kv.length, 0) > keptBytesMax) this.#drop(stretch);
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
