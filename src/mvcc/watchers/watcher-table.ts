import { assert, FlatRows, hashOfLong, type Key, RowBuckets, RowLists } from "../../base/index.js";
import type { Watcher, WatcherOwner, WatcherPlace, WatchId, WatchOptions } from "../watcher.js";
import { InternedNames } from "./interned-names.js";
import { type WatchedRange, WatchedRanges } from "./watched-ranges.js";

/** Fields of a watcher, in words. The first two belong to the table of ids; the id and the revision take two each. */
const hashAt = 0;
const nextAt = 1;
const idAt = 2;
const revisionAt = 4;
const streamAt = 6;
const flagsAt = 7;
const rangeAt = 8;
const readerAt = 9;
/** Links of the lists that a watcher is in: two words each. */
const rangeLinksAt = 10;
const streamLinksAt = 12;
const placeLinksAt = 14;
const wordsOfWatcher = 16;

/** The numbers of places. */
const places = ["synced", "unsynced", "catchingUp", "stalled", "over"] as const satisfies readonly WatcherPlace[];
/** The usual ids, since the server numbers the watchers of each stream from 0, and each bigint is an object. */
const usualIds: readonly WatchId[] = Array.from({ length: 1_024 }, (_, id) => BigInt(id));
/** Bits of the flags that are the number of the watcher's place. */
const placeBits = 7;
/** Flags of a watcher. `quiet`: no event has been sent since the last round of progress notices. */
export const watcherFlags = {
  noPut: 8,
  noDelete: 16,
  prevKv: 32,
  progressNotify: 64,
  fragment: 128,
  quiet: 256,
} as const;
type WatcherFlag = (typeof watcherFlags)[keyof typeof watcherFlags];

/**
 * All watchers of a store, in rows of 64 bytes outside of V8's heap, with what they watch. A million of them are no
 * objects that a garbage collection would walk. Only the part of the store that keeps a watcher changes its row.
 */
export class WatcherTable {
  readonly ranges = new WatchedRanges();
  readonly #rows = new FlatRows(wordsOfWatcher);
  readonly #ids = new RowBuckets(this.#rows, hashAt, nextAt);
  readonly #readers = new InternedNames();
  readonly #streams: (WatcherOwner | undefined)[] = [];
  readonly #freeStreams: number[] = [];
  /** The watchers of one group that watch the same range. */
  readonly inRange = new RowLists(this.#rows, rangeLinksAt, rangeLinksAt + 1);
  /** The watchers of one stream. */
  readonly ofStream = new RowLists(this.#rows, streamLinksAt, streamLinksAt + 1);
  /** The watchers in one place, other than `synced`. The owner of the place keeps the head of the list. */
  readonly inPlace = new RowLists(this.#rows, placeLinksAt, placeLinksAt + 1);
  /** Number of watchers that are not `over`. */
  live = 0;

  /** Bytes of memory outside of V8's heap. Ranges other than single keys have nodes on the heap, too. */
  get bytes(): number {
    return this.#rows.bytes + this.#ids.bytes + this.ranges.bytes;
  }

  /** Gives a stream a number. */
  enter(stream: WatcherOwner): number {
    const number = this.#freeStreams.pop() ?? this.#streams.length;
    this.#streams[number] = stream;
    return number;
  }

  /** Frees the number of a stream that has no watchers any more. */
  leave(stream: number): void {
    this.#streams[stream] = undefined;
    this.#freeStreams.push(stream);
  }

  /** Adds a watcher, which is `synced` and `quiet`, to the stream with this number. */
  add(stream: number, id: WatchId, options: WatchOptions): Watcher {
    const rows = this.#rows;
    const watcher = rows.take();
    let flags: number = watcherFlags.quiet;
    if (options.noPut) flags |= watcherFlags.noPut;
    if (options.noDelete) flags |= watcherFlags.noDelete;
    if (options.prevKv) flags |= watcherFlags.prevKv;
    if (options.progressNotify) flags |= watcherFlags.progressNotify;
    if (options.fragment === true) flags |= watcherFlags.fragment;
    rows.setLong(watcher, idAt, id);
    rows.setNumber(watcher, revisionAt, options.startRevision);
    rows.setWord(watcher, streamAt, stream);
    rows.setWord(watcher, flagsAt, flags);
    rows.setWord(watcher, rangeAt, this.ranges.hold(options.key, options.end));
    rows.setWord(watcher, readerAt, this.#readers.hold(options.reader ?? ""));
    this.#ids.add(watcher, hashOfLong(id, stream));
    this.live++;
    return watcher;
  }

  /** Forgets a watcher, which is in no list any more. */
  remove(watcher: Watcher): void {
    this.#ids.remove(watcher);
    this.#readers.release(this.#rows.word(watcher, readerAt));
    this.ranges.release(this.range(watcher));
    this.#rows.give(watcher);
  }

  /** The watcher with this id among those of a stream; `noWatcher` when there is none. */
  find(stream: number, id: WatchId): Watcher {
    const hash = hashOfLong(id, stream);
    let watcher = this.#ids.first(hash);
    while (watcher !== 0 && !(this.#ids.hasHash(watcher, hash) && this.#is(watcher, stream, id))) {
      watcher = this.#ids.next(watcher);
    }
    return watcher;
  }

  id(watcher: Watcher): WatchId {
    const number = this.#rows.number(watcher, idAt);
    const usual = number < usualIds.length ? usualIds[number] : undefined;
    return usual ?? this.#rows.long(watcher, idAt);
  }

  stream(watcher: Watcher): WatcherOwner {
    const stream = this.#streams[this.#rows.word(watcher, streamAt)];
    assert(stream !== undefined, "a watcher belongs to an open stream");
    return stream;
  }

  place(watcher: Watcher): WatcherPlace {
    return places[this.#rows.word(watcher, flagsAt) & placeBits] ?? "over";
  }

  setPlace(watcher: Watcher, place: WatcherPlace): void {
    const flags = this.#rows.word(watcher, flagsAt);
    this.#rows.setWord(watcher, flagsAt, (flags & ~placeBits) | places.indexOf(place));
  }

  /** The `watcherFlags` of a watcher, for code that looks at several of them. */
  flags(watcher: Watcher): number {
    return this.#rows.word(watcher, flagsAt);
  }

  has(watcher: Watcher, flag: WatcherFlag): boolean {
    return (this.#rows.word(watcher, flagsAt) & flag) !== 0;
  }

  setQuiet(watcher: Watcher, quiet: boolean): void {
    const flags = this.#rows.word(watcher, flagsAt);
    this.#rows.setWord(watcher, flagsAt, quiet ? flags | watcherFlags.quiet : flags & ~watcherFlags.quiet);
  }

  /**
   * The revision from which the watcher wants events: everything before it has been delivered, or is not wanted. While
   * the watcher is `unsynced` or `stalled`, nothing from it on has been delivered.
   */
  nextRevision(watcher: Watcher): number {
    return this.#rows.number(watcher, revisionAt);
  }

  setNextRevision(watcher: Watcher, revision: number): void {
    this.#rows.setNumber(watcher, revisionAt, revision);
  }

  range(watcher: Watcher): WatchedRange {
    return this.#rows.word(watcher, rangeAt);
  }

  /** Bytes of the key and the end. */
  nameBytes(watcher: Watcher): number {
    return this.ranges.nameBytes(this.range(watcher));
  }

  /** The options of the watcher that say which keys it reads, and for whom. */
  reading(watcher: Watcher): { readonly key: Key; readonly end: Key; readonly reader: string } {
    const range = this.range(watcher);
    const reader = this.#readers.name(this.#rows.word(watcher, readerAt));
    return { key: this.ranges.key(range), end: this.ranges.end(range), reader };
  }

  #is(watcher: Watcher, stream: number, id: WatchId): boolean {
    return this.#rows.word(watcher, streamAt) === stream && this.id(watcher) === id;
  }
}
