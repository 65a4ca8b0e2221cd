import { EtcdError, type Key } from "../base/index.js";
import type { WatchableStore, WatchNotice, WatchSink, WatchStream } from "../mvcc/index.js";
import { type Decoded, Event } from "../wire/index.js";

/** What waits for the reader before the store is asked to stop. */
const noticesMax = 16;

export interface WatchedKeys {
  readonly key: Key;
  /** `""` for the key alone. */
  readonly end: Key;
  /** The first revision to hear of. */
  readonly fromRevision: number;
  /** Puts, or deletes, are not told. */
  readonly without?: "puts" | "deletes";
}

/** Some events of one revision or more, in order. */
export interface KeyEventBatch {
  readonly revision: number;
  readonly events: readonly Decoded<Event>[];
}

/** Watches some keys for a handler of this member. Whoever makes one closes it. */
export class KeyEvents implements WatchSink {
  readonly #stream: WatchStream;
  readonly #signal: AbortSignal;
  readonly #notices: WatchNotice[] = [];
  #closed = false;
  #wake: () => void = () => undefined;

  /** @param signal ends a wait, with its reason */
  constructor(watchable: WatchableStore, keys: WatchedKeys, signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#awake);
    this.#stream = watchable.newStream(this);
    this.#stream.watch(0n, {
      key: keys.key,
      end: keys.end,
      startRevision: keys.fromRevision,
      noPut: keys.without === "puts",
      noDelete: keys.without === "deletes",
      prevKv: false,
      progressNotify: false,
    });
  }

  get hasRoom(): boolean {
    return this.#notices.length < noticesMax;
  }

  deliver(notice: WatchNotice): void {
    this.#notices.push(notice);
    this.#wake();
  }

  closed(): void {
    this.#closed = true;
    this.#wake();
  }

  /**
   * The next events; undefined when some of them are compacted, after which nothing more comes.
   *
   * @throws EtcdError `stopped` when the store goes away; the signal's reason
   */
  async next(): Promise<KeyEventBatch | undefined> {
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#closed) throw new EtcdError("stopped");
      const notice = this.#notices.shift();
      if (notice?.kind === "compacted") return undefined;
      if (notice?.kind === "events") {
        this.#stream.resume();
        return { revision: notice.revision, events: notice.events.map((event) => Event.decode(event)) };
      }
      if (notice !== undefined) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#awake);
    this.#stream.close();
  }

  readonly #awake = (): void => this.#wake();
}
