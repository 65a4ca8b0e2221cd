import { allBuckets, type Backend, type BackendView, type Bucket, type Row } from "../../backend/index.js";
import { type Clock, EtcdError, LoopTurn } from "../../base/index.js";
import { type BoltPlan, planBolt } from "../../bolt/index.js";
import type { ServerCounters } from "../counters.js";

/** One state of everything that a member has stored, as a file of etcd's own. It is made while it is sent. */
export interface DatabaseSnapshot {
  /** Size of the file. */
  readonly bytes: number;
  /** The file, in chunks of that size; only the last may be shorter. Made once. */
  chunks(chunkBytes: number): AsyncIterable<Buffer>;
  /** Ends the chunks, wherever they are. Until then its data stays on disk, whatever is deleted meanwhile. */
  close(): Promise<void>;
}

/** The snapshots of one member that are being sent. */
export class DatabaseSnapshots {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #counters: ServerCounters;
  readonly #openMax: number;
  #open = 0;

  /** @param openMax so many at a time: each holds a state of the database, and reads all of it */
  constructor(backend: Backend, clock: Clock, counters: ServerCounters, openMax: number) {
    this.#backend = backend;
    this.#clock = clock;
    this.#counters = counters;
    this.#openMax = openMax;
  }

  /**
   * Cuts the state at the call, between two entries of the log, with the index of the last one in it; what it takes to
   * know its size reads all of it. Writes go on meanwhile.
   *
   * @param signal ends it at its next step, with the signal's reason
   * @param client for whom it is, as `LoopTurn` takes it
   * @throws EtcdError `tooManyRequests` when as many are open as may be
   */
  async take(signal: AbortSignal, client: object = signal): Promise<DatabaseSnapshot> {
    if (this.#open === this.#openMax) throw new EtcdError("tooManyRequests");
    const startedAt = this.#clock.now();
    const turn = LoopTurn.of(this.#clock);
    const rest = async (): Promise<void> => {
      if (turn.over) await turn.pause(client, "long");
    };
    const view = this.#backend.consistentView();
    this.#open++;
    const close = async (): Promise<void> => {
      this.#open--;
      this.#counters.databaseSentSeconds.observe((this.#clock.now() - startedAt) / 1000);
      await view.close();
    };
    try {
      return new ViewSnapshot(await planBolt(bucketsOf(view, signal, rest)), close);
    } catch (error) {
      await close();
      throw error;
    }
  }
}

class ViewSnapshot implements DatabaseSnapshot {
  readonly #plan: BoltPlan;
  readonly #release: () => Promise<void>;
  #chunks: AsyncGenerator<Buffer, void, undefined> | undefined;
  #closed: Promise<void> | undefined;

  constructor(plan: BoltPlan, release: () => Promise<void>) {
    this.#plan = plan;
    this.#release = release;
  }

  get bytes(): number {
    return this.#plan.bytes;
  }

  chunks(chunkBytes: number): AsyncIterable<Buffer> {
    this.#chunks = this.#plan.chunks(chunkBytes);
    return this.#chunks;
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // A read that is under way would fail without its view, and take the member with it.
    await this.#chunks?.return();
    await this.#release();
  }
}

function bucketsOf(view: BackendView, signal: AbortSignal, rest: () => Promise<void>) {
  return allBuckets.map((name) => ({ name, pairs: () => pairsOf(view, name, signal, rest) }));
}

/** Several snapshots may be under way, and each has work to do on every batch. */
async function* pairsOf(
  view: BackendView,
  bucket: Bucket,
  signal: AbortSignal,
  rest: () => Promise<void>,
): AsyncGenerator<Row[]> {
  for await (const rows of view.batches(bucket)) {
    await rest();
    signal.throwIfAborted();
    yield rows;
  }
}
