import type { Key, MemoryAsker, MemoryPot, Turns } from "../base/index.js";
import type { PinnedRange, Store } from "../mvcc/index.js";
import { type RangeRequest, RangeResponse } from "../wire/index.js";
import type { ChunkRoom } from "./chunk-room.js";
import { ReadHold } from "./long-range.js";
import { inOtherThreads, readTurn, rest, workingBytes } from "./reading.js";

/** The most pairs of the first chunk, as in etcd. */
const firstChunkPairs = 10;

/** The asker of a stream, the memory that its chunks are counted with while they are read, and their usual size. */
export interface RangeStreamContext {
  readonly asker: MemoryAsker;
  readonly memory: MemoryPot;
  /** Tells how many encoded bytes a chunk should have: from half of that to twice as many. */
  readonly room: Pick<ChunkRoom, "chunkBytes" | "enter">;
}

/** Consecutive pairs of a range. */
export interface RangeChunk {
  /** The pairs, encoded as fields of a `RangeResponse`. */
  readonly pieces: readonly Uint8Array[];
  /** The total length of the pieces in bytes. */
  readonly bytes: number;
  /** Facts about the whole range, in the last chunk only. */
  readonly end?: { readonly more: boolean; readonly count: number };
}

/**
 * The pairs of a range in chunks, all at one revision. As in etcd, the number of pairs in a chunk doubles and halves
 * until a chunk has the wanted size, which is smaller while there are many streams. A chunk is cut short when the
 * memory account has none to spare.
 *
 * Nothing is held between two chunks, whatever time the client takes: a compaction may then end the stream.
 */
export class RangeStream {
  /** The store's revision when the stream was opened, which its header names. */
  readonly revision: number;
  readonly #store: Store;
  readonly #request: RangeRequest;
  readonly #context: RangeStreamContext;
  readonly #turns: Turns;
  /** The revision that is read. */
  readonly #at: number;
  /** The most pairs of all chunks. */
  readonly #limit: number;
  /** The next chunk begins with the first pair from this key on. */
  #from: Key;
  #chunkPairs = firstChunkPairs;
  #sent = 0;
  #over = false;
  /** Ends the count of the stream among the open ones. */
  readonly close: () => void;

  constructor(store: Store, request: RangeRequest, context: RangeStreamContext) {
    this.revision = store.revision;
    this.#store = store;
    this.#request = request;
    this.#context = context;
    this.#turns = store.turns(context.asker.client);
    this.#at = request.revision > 0 ? request.revision : store.revision;
    this.#limit = request.limit > 0 ? request.limit : Number.POSITIVE_INFINITY;
    this.#from = request.key;
    this.close = context.room.enter();
  }

  /**
   * Reads the next chunk, in turns; undefined after the last one. May be called again when the promise has resolved.
   *
   * @throws EtcdError `futureRevision` or `compacted`; `overloaded` when there is no memory for a chunk; `canceled`
   * when the asker is gone
   */
  async next(): Promise<RangeChunk | undefined> {
    if (this.#over) return undefined;
    const { key, rangeEnd } = this.#request;
    const { asker, memory } = this.#context;
    const pinned = this.#store.openRange(key, rangeEnd, this.#at);
    let hold: ReadHold | undefined;
    try {
      if (!memory.takeIfRoom(workingBytes)) await memory.admit(workingBytes, asker);
      hold = new ReadHold(pinned, memory, workingBytes);
      if (!this.#request.countOnly) return await this.#read(hold);
      this.#over = true;
      return { pieces: [], bytes: 0, end: { more: false, count: await this.#countFrom(pinned, key) } };
    } finally {
      hold?.close();
      pinned.close();
    }
  }

  async #read(hold: ReadHold): Promise<RangeChunk> {
    const { asker } = this.#context;
    const turns = this.#turns;
    const pairsMax = Math.min(this.#chunkPairs, this.#limit - this.#sent);
    const { keysOnly } = this.#request;
    const scan = hold.pinned.scan(Number.POSITIVE_INFINITY, { from: this.#from, keysOnly });
    const pieces: Uint8Array[] = [];
    let [pairs, bytes, hasRoom] = [0, 0, true];
    while (scan.next !== undefined && pairs < pairsMax && hasRoom) {
      const ahead = scan.ahead();
      if (ahead !== undefined) await inOtherThreads(ahead, turns);
      const late = readTurn(scan, turns, pairsMax - pairs);
      const kvs = scan.take();
      if (kvs.length > 0) {
        // Encoded at once, so that a chunk is in memory once, and its encoding is part of the turn.
        const piece = RangeResponse.encode(RangeResponse.create({ kvs }));
        pieces.push(piece);
        pairs += kvs.length;
        bytes += piece.length;
        hasRoom = hold.keep(piece.length);
      }
      if (late) await rest(turns, asker);
    }
    this.#sent += pairs;
    const { next } = scan;
    const more = next !== undefined && (await this.#anyFrom(hold.pinned, next));
    if (next !== undefined && more && this.#sent < this.#limit) {
      this.#from = next;
      this.#chunkPairs = hasRoom ? nextChunkPairs(pairsMax, bytes, this.#context.room.chunkBytes) : pairs;
      return { pieces, bytes };
    }
    this.#over = true;
    const unsent = next !== undefined && more ? await this.#countFrom(hold.pinned, next) : 0;
    return { pieces, bytes, end: { more, count: this.#sent + unsent } };
  }

  /** Whether there is a pair from a key on. */
  async #anyFrom(pinned: PinnedRange, from: Key): Promise<boolean> {
    const scan = pinned.scan(Number.POSITIVE_INFINITY, { from, keysOnly: true });
    while (scan.next !== undefined && scan.kvs.length === 0) {
      if (readTurn(scan, this.#turns, 1)) await rest(this.#turns, this.#context.asker);
    }
    return scan.kvs.length > 0;
  }

  async #countFrom(pinned: PinnedRange, from: Key): Promise<number> {
    const scan = pinned.scan(0, { from });
    while (!scan.done) if (readTurn(scan, this.#turns)) await rest(this.#turns, this.#context.asker);
    return scan.count;
  }
}

/** The most pairs of the next chunk. */
function nextChunkPairs(pairs: number, bytes: number, chunkBytes: number): number {
  if (bytes < Math.floor(chunkBytes / 2)) return pairs * 2;
  return bytes > chunkBytes * 2 ? Math.max(1, Math.floor(pairs / 2)) : pairs;
}
