import { allBuckets, type Backend, type BackendView, type Bucket, type Row } from "../../backend/index.js";
import { type Clock, EtcdError, Turns } from "../../base/index.js";
import { type BoltPlan, planBolt } from "../../bolt/index.js";
import type { ServerCounters } from "../counters.js";

/** A snapshot of a member's database as a file in etcd's format. The file is generated while it is sent. */
export interface DatabaseSnapshot {
  /** The size of the file. */
  readonly bytes: number;
  /** The file in chunks of `chunkBytes`; only the last may be shorter. May be called only once. */
  chunks(chunkBytes: number): AsyncIterable<Buffer>;
  /** Ends the snapshot at any point. Until then its data stays on disk, even if it is deleted meanwhile. */
  close(): Promise<void>;
}

/** The snapshots that a member is sending. */
export class DatabaseSnapshots {
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #counters: ServerCounters;
  readonly #openMax: number;
  #open = 0;

  /** @param openMax the most open snapshots, since each reads the whole database and keeps deleted data on disk */
  constructor(backend: Backend, clock: Clock, counters: ServerCounters, openMax: number) {
    this.#backend = backend;
    this.#clock = clock;
    this.#counters = counters;
    this.#openMax = openMax;
  }

  /**
   * Takes a snapshot at the moment of the call, between two log entries, with the index of the last applied one. Its
   * data is read while it is sent, and writes go on meanwhile.
   *
   * @param signal ends it at its next step, with the signal's reason
   * @param client the client that the snapshot is for, as in `LoopTurn`
   * @throws EtcdError `tooManyRequests` when `openMax` snapshots are open
   */
  take(signal: AbortSignal, client: object = signal): DatabaseSnapshot {
    if (this.#open === this.#openMax) throw new EtcdError("tooManyRequests");
    const startedAt = this.#clock.now();
    const turns = new Turns(this.#clock, undefined, client);
    const view = this.#backend.consistentView();
    this.#open++;
    const close = async (): Promise<void> => {
      this.#open--;
      this.#counters.databaseSentSeconds.observe((this.#clock.now() - startedAt) / 1000);
      await view.close();
    };
    return new ViewSnapshot(planBolt(bucketsOf(view, signal, turns)), close);
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
    // Wait for a read that is under way. Without its view it would fail and stop the member.
    await this.#chunks?.return();
    await this.#release();
  }
}

function bucketsOf(view: BackendView, signal: AbortSignal, turns: Turns) {
  return allBuckets.map((name) => ({
    name,
    size: view.sizeOf(name),
    pairs: () => pairsOf(view, name, signal, turns),
  }));
}

/**
 * The pairs of a view, in short turns: several snapshots may be under way at once, and a write passes the event loop
 * some times before it is answered, so that it would wait for as many turns of a snapshot.
 */
async function* pairsOf(view: BackendView, bucket: Bucket, signal: AbortSignal, turns: Turns): AsyncGenerator<Row[]> {
  for await (const rows of view.batches(bucket)) {
    if (turns.over(bytesOf(rows))) await turns.rest();
    signal.throwIfAborted();
    yield rows;
  }
}

function bytesOf(rows: readonly Row[]): number {
  return rows.reduce((sum, [key, value]) => sum + key.byteLength + value.byteLength, 0);
}
