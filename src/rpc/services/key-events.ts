import { EtcdError, type Key } from "../../base/index.js";
import {
  type EventBatch,
  eachEvent,
  type WatchableStore,
  type WatchNotice,
  type WatchSink,
  type WatchStream,
} from "../../mvcc/index.js";
import type { Call, WatchJudge } from "../../server/index.js";
import { type Decoded, Event } from "../../wire/index.js";

/** The most batches that wait for the reader before the store is asked to pause. */
const batchesMax = 16;

export interface WatchedKeys {
  readonly key: Key;
  /** The end of the range; `""` for a single key. */
  readonly end: Key;
  /** The first revision to watch. */
  readonly fromRevision: number;
  /** Leaves out puts, or deletes. */
  readonly without?: "puts" | "deletes";
}

/** Consecutive events of one or more revisions. */
export interface KeyEventBatch {
  readonly revision: number;
  readonly events: readonly Decoded<Event>[];
}

/** A batch as the store delivers it, or the news that events were compacted. */
type WaitingBatch = { readonly revision: number; readonly events: EventBatch["events"] } | "compacted";

/** The parts of a server that these watches use. */
export interface WatchedServer {
  readonly watchable: WatchableStore;
  readonly watchJudge: WatchJudge;
}

/** A watch for a handler of this member, with the rights of the handler's client. The handler must close it. */
export class KeyEvents implements WatchSink {
  readonly #stream: WatchStream;
  readonly #signal: AbortSignal;
  readonly #batches: WaitingBatch[] = [];
  readonly #stopJudge: () => void;
  #refusal: EtcdError | undefined;
  #closed = false;
  #wake: () => void = () => undefined;

  /**
   * @param call when its signal is aborted, a waiting `next` rejects with the signal's reason
   * @throws EtcdError when the caller may not read all of the keys
   */
  static async open(server: WatchedServer, keys: WatchedKeys, call: Call): Promise<KeyEvents> {
    const reader = await server.watchJudge.reader(keys.key, keys.end, call);
    return new KeyEvents(server, keys, reader, call.signal);
  }

  private constructor(
    { watchable, watchJudge }: WatchedServer,
    keys: WatchedKeys,
    reader: string,
    signal: AbortSignal,
  ) {
    const judge = (): void => {
      this.#refusal = watchJudge.refusal(reader, keys.key, keys.end);
      this.#wake();
    };
    this.#signal = signal;
    this.#stopJudge = watchJudge.onChange(judge);
    signal.addEventListener("abort", this.#awake);
    judge();
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
    return this.#batches.length < batchesMax;
  }

  hasRoomFor(): boolean {
    return this.hasRoom;
  }

  deliverEvents(_watchId: bigint, revision: number, { events }: EventBatch): void {
    this.#batches.push({ revision, events });
    this.#wake();
  }

  deliver({ kind }: WatchNotice): void {
    if (kind === "compacted") this.#batches.push(kind);
    this.#wake();
  }

  closed(): void {
    this.#closed = true;
    this.#wake();
  }

  /**
   * The next events; undefined when some of them were compacted, which ends the watch.
   *
   * @throws EtcdError `stopped` when the store is closed; the refusal, when the client loses its right to the keys; the
   *   reason of the call's signal
   */
  async next(): Promise<KeyEventBatch | undefined> {
    for (;;) {
      this.#signal.throwIfAborted();
      if (this.#closed) throw new EtcdError("stopped");
      if (this.#refusal !== undefined) throw this.#refusal;
      const batch = this.#batches.shift();
      if (batch === "compacted") return undefined;
      if (batch !== undefined) {
        this.#stream.resume();
        return {
          revision: batch.revision,
          events: Array.from(eachEvent(batch.events), (event) => Event.decode(event)),
        };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#signal.removeEventListener("abort", this.#awake);
    this.#stopJudge();
    this.#stream.close();
  }

  readonly #awake = (): void => this.#wake();
}
