import { rm } from "node:fs/promises";
import { allBuckets, type Backend, type BackendView, type Bucket, CopiedDatabase } from "../../backend/index.js";
import { type Clock, EtcdError, type RowSink, Turns } from "../../base/index.js";
import { type BoltPlan, planBolt } from "../../bolt/index.js";
import type { ServerCounters } from "../counters.js";

/** A snapshot of a member's database as a file in etcd's format. The file is generated while it is sent. */
export interface DatabaseSnapshot {
  /** The size of the file. */
  readonly bytes: number;
  /**
   * The file in chunks of `chunkBytes`; only the last may be shorter, and the first when `from` is given. It may be
   * called again, which ends the chunks before.
   *
   * @param from the place of the first byte; 0 by default. The file is generated up to there, and left out
   */
  chunks(chunkBytes: number, from?: number): AsyncIterable<Buffer>;
  /** Ends the snapshot at any point. Until then its data stays on disk, even if it is deleted meanwhile. */
  close(): Promise<void>;
}

/** A state of the database that a snapshot is made of: a copy, or a view. */
type SnapshotView = Pick<CopiedDatabase, "sizeOf" | "addTo">;

/** A smaller database is read faster than it is copied. */
const copiedBytesMin = 16 * 1024 * 1024;

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
    const end = this.#begin();
    const view = this.#backend.consistentView();
    return this.#make(new ReadView(view), signal, new Turns(this.#clock, undefined, client), async () => {
      end();
      await view.close();
    });
  }

  /**
   * Like `take`, at some moment during the call. A large database is copied, which costs little since the copy shares
   * its tables, and is read from there for a fraction of the cost. It is read as `take` does when it cannot be copied.
   *
   * @param copy makes a copy of the database; undefined when it cannot be copied
   */
  async takeCopied(
    copy: () => Promise<string | undefined>,
    signal: AbortSignal,
    client: object = signal,
  ): Promise<DatabaseSnapshot> {
    if (this.#backend.sizeInUse() < copiedBytesMin) return this.take(signal, client);
    const end = this.#begin();
    let dir: string | undefined;
    const close = async (): Promise<void> => {
      end();
      if (dir !== undefined) await rm(dir, { recursive: true, force: true });
    };
    try {
      dir = await copy();
      if (dir !== undefined) {
        const turns = new Turns(this.#clock, undefined, client);
        return this.#make(await CopiedDatabase.open(dir, turns), signal, turns, close);
      }
    } catch {
      // A fault of the disk shows again when the database itself is read.
    }
    await close();
    return this.take(signal, client);
  }

  /** @returns to be called when the snapshot has ended */
  #begin(): () => void {
    if (this.#open === this.#openMax) throw new EtcdError("tooManyRequests");
    const startedAt = this.#clock.now();
    this.#open++;
    return () => {
      this.#open--;
      this.#counters.databaseSentSeconds.observe((this.#clock.now() - startedAt) / 1000);
    };
  }

  #make(view: SnapshotView, signal: AbortSignal, turns: Turns, close: () => Promise<void>): DatabaseSnapshot {
    return new ViewSnapshot(planBolt(bucketsOf(view, signal, turns)), close);
  }
}

/** Reads a view of the database as a copy is read. */
class ReadView implements SnapshotView {
  readonly #view: BackendView;

  constructor(view: BackendView) {
    this.#view = view;
  }

  sizeOf(bucket: Bucket) {
    return this.#view.sizeOf(bucket);
  }

  async *addTo(bucket: Bucket, sink: RowSink): AsyncGenerator<number, void, undefined> {
    for await (const rows of this.#view.batches(bucket)) {
      let bytes = 0;
      for (const [key, value] of rows) {
        sink.add(key, 0, key.length, value, 0, value.length);
        bytes += key.length + value.length;
      }
      yield bytes;
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

  chunks(chunkBytes: number, from = 0): AsyncIterable<Buffer> {
    this.#chunks = behind(from, this.#plan.chunks(chunkBytes), this.#chunks);
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

/** The part of a stream behind its first `from` bytes. The stream before, of the same view, is ended first. */
async function* behind(
  from: number,
  chunks: AsyncGenerator<Buffer, void, undefined>,
  before: AsyncGenerator<Buffer, void, undefined> | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  await before?.return();
  let skip = from;
  for await (const chunk of chunks) {
    if (skip < chunk.length) yield skip === 0 ? chunk : chunk.subarray(skip);
    skip = Math.max(0, skip - chunk.length);
  }
}

function bucketsOf(view: SnapshotView, signal: AbortSignal, turns: Turns) {
  return allBuckets.map((name) => ({
    name,
    size: view.sizeOf(name),
    addTo: (sink: RowSink) => addRows(view, name, sink, signal, turns),
  }));
}

/**
 * Adds the rows of a view, in short turns: several snapshots may be under way at once, and a write passes the event
 * loop some times before it is answered, so that it would wait for as many turns of a snapshot.
 */
async function* addRows(
  view: SnapshotView,
  bucket: Bucket,
  sink: RowSink,
  signal: AbortSignal,
  turns: Turns,
): AsyncGenerator<undefined> {
  for await (const bytes of view.addTo(bucket, sink)) {
    if (turns.over(bytes)) await turns.rest();
    signal.throwIfAborted();
    yield;
  }
}
