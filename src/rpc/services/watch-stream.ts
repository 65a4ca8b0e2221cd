import { type Clock, EtcdError, type MemoryPot, type Timer, Turns } from "../../base/index.js";
import type { StoreCounters, WatchNotice, WatchSink } from "../../mvcc/index.js";
import {
  type Encoded,
  type EncodedEvent,
  type Event,
  LongEvent,
  type ResponseHeader,
  WatchResponse,
} from "../../wire/index.js";
import type { MessageInPieces } from "../grpc/stream.js";
import { fragmentsOf, wholeOf } from "./watch-fragments.js";
import { responseInPieces } from "./watch-pieces.js";

/** When this much waits for a client, its watchers are set aside until half of it is gone. */
const waitingBytesMax = 256 * 1024;
/** When this much waits for all clients together, that is all that each of them may have waiting. */
const totalBytesMax = 64 * 1024 * 1024;
const shareBytesMax = 16 * 1024;
/** Longer events wait for room in the account of memory, of which they leave half to others. */
const unaskedBytesMax = shareBytesMax;
/** Those of one revision may be longer than the account: no more than this is asked for, or they would never come. */
const askedBytesMax = 16 * 1024 * 1024;
/** With less than this waiting for all clients together, events go out whatever others hold. */
const assuredBytes = 16 * 1024 * 1024;
/** How often a stream that finds no room in the account looks again. */
const memoryLookMs = 250;
/** What a response takes in memory beside its events, roughly. */
const responseBytes = 256;
/** Events of one watcher share a response while it is shorter than this. */
const joinedBytesMax = 64 * 1024;
/** A response of more is encoded in turns, and in pieces. */
const encodedBytesMax = joinedBytesMax + responseBytes;
/** What an event takes in a response beside its bytes, at most. */
const eventFrameBytesMax = 11;
/** So many sent responses may stand before those that wait. */
const sentMax = 1_000;

/** What will be one response, unless it is cut. While it waits, events that follow for the same watcher join it. */
interface Waiting {
  readonly fields: Partial<WatchResponse>;
  readonly events: EncodedEvent[];
  /** Whether the watcher takes fragments: it may be forgotten before this is sent. */
  readonly fragmented: boolean;
  revision: number;
  bytes: number;
}

/** The way out of one call. */
export interface WatchOutput {
  write(response: WatchResponse): boolean;
  writePieces(message: MessageInPieces): boolean;
  drained(): Promise<void>;
}

export interface WatchSenderOptions {
  readonly output: WatchOutput;
  /** Where what waits for the clients of all streams is counted. */
  readonly memory: MemoryPot;
  readonly counters: Pick<StoreCounters, "eventsSent" | "eventsPending">;
  readonly header: (revision: number) => ResponseHeader;
  readonly clock: Clock;
  /** A response of a watcher that takes fragments is cut from this size on. */
  readonly fragmentBytes: number;
  /** There is room again. */
  readonly onRoom: () => void;
  /** Nothing more can be said: the store has ended the stream, or something broke. */
  readonly onEnd: (error: unknown) => void;
}

/**
 * Everything that one stream has to say, in one line, as fast as the client takes it: answers to its requests and
 * what its watchers hear. It holds a bounded number of bytes: when that is reached it says so, and neither requests
 * nor watchers go on before there is room.
 */
export class WatchSender implements WatchSink {
  readonly #options: WatchSenderOptions;
  readonly #fragmented = new Set<bigint>();
  #waiting: Waiting[] = [];
  /** By watcher, what its next events may join: nothing that must come in between was said since. */
  readonly #joinable = new Map<bigint, Waiting>();
  #next = 0;
  #bytes = 0;
  /** That wait. */
  #events = 0;
  #full = false;
  /** Set while events that were offered find no room in the account. */
  #memoryLook: Timer | undefined;
  #sending = false;
  #stopped = false;
  #roomWaiters: (() => void)[] = [];

  constructor(options: WatchSenderOptions) {
    this.#options = options;
  }

  get hasRoom(): boolean {
    return !this.#full && this.#memoryLook === undefined;
  }

  /** Without room in the account their watcher is set aside, and reads them again from history. */
  hasRoomFor(bytes: number): boolean {
    if (!this.hasRoom) return false;
    if (bytes <= unaskedBytesMax || this.#stopped) return true;
    const askedBytes = Math.min(bytes, askedBytesMax);
    if (this.#accountHasRoom(askedBytes)) return true;
    this.#awaitMemory(askedBytes);
    return false;
  }

  /** Resolves when there is room, or nothing more will be sent. */
  room(): Promise<void> {
    if (!this.#full || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** From now on this watcher's responses are cut when they are long. */
  fragment(watchId: bigint): void {
    this.#fragmented.add(watchId);
  }

  forget(watchId: bigint): void {
    this.#fragmented.delete(watchId);
  }

  /** Says something about a watch, after everything said before and before everything said later. */
  answer(revision: number, fields: Partial<WatchResponse>): void {
    this.#joinable.clear();
    this.#add({ fields, events: [], fragmented: false, revision, bytes: responseBytes });
  }

  deliver(notice: WatchNotice): void {
    switch (notice.kind) {
      case "events":
        this.#tell(notice.watchId, notice.revision, notice.events, notice.bytes);
        return;
      case "compacted":
        // etcd names no revision in the header of this one.
        this.answer(0, { watchId: notice.watchId, canceled: true, compactRevision: notice.compactRevision });
        return;
      case "progress":
        this.answer(notice.revision, { watchId: notice.watchId });
    }
  }

  closed(): void {
    this.#options.onEnd(new EtcdError("stopped"));
  }

  /** Drops what waits; nothing more is sent. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#memoryLook?.cancel();
    this.#options.memory.release(this.#bytes);
    this.#bytes = 0;
    this.#options.counters.eventsPending -= this.#events;
    this.#waiting = [];
    this.#joinable.clear();
    this.#next = 0;
    this.#wakeRoomWaiters();
  }

  #accountHasRoom(bytes: number): boolean {
    const { memory } = this.#options;
    if (memory.heldBytes < assuredBytes) return true;
    if (!memory.takeIfSpare(bytes)) return false;
    memory.release(bytes);
    return true;
  }

  /** Reads in line for the account go first: this only looks now and then. */
  #awaitMemory(bytes: number): void {
    this.#memoryLook = this.#options.clock.after(memoryLookMs, () => {
      if (!this.#accountHasRoom(bytes)) {
        this.#awaitMemory(bytes);
        return;
      }
      this.#memoryLook = undefined;
      if (!this.#full) this.#options.onRoom();
    });
  }

  #tell(watchId: bigint, revision: number, events: readonly EncodedEvent[], bytes: number): void {
    if (this.#stopped) return;
    this.#events += events.length;
    this.#options.counters.eventsPending += events.length;
    const joined = this.#joinable.get(watchId);
    if (joined !== undefined && joined.bytes + bytes <= joinedBytesMax) {
      for (const event of events) joined.events.push(event);
      joined.revision = revision;
      joined.bytes += bytes;
      this.#count(bytes);
      return;
    }
    const fragmented = this.#fragmented.has(watchId);
    const item = { fields: { watchId }, events: [...events], fragmented, revision, bytes: responseBytes + bytes };
    this.#joinable.set(watchId, item);
    this.#add(item);
  }

  #add(item: Waiting): void {
    if (this.#stopped) return;
    this.#waiting.push(item);
    this.#count(item.bytes);
    if (this.#sending) return;
    this.#sending = true;
    // Not at once: many writes may end in this turn, and what they tell a watcher goes out together.
    setImmediate(() => this.#send().catch(this.#options.onEnd));
  }

  #count(bytes: number): void {
    const { memory } = this.#options;
    this.#bytes += bytes;
    memory.take(bytes);
    if (this.#bytes >= (memory.heldBytes < totalBytesMax ? waitingBytesMax : shareBytesMax)) this.#full = true;
  }

  async #send(): Promise<void> {
    for (let item = this.#take(); item !== undefined; item = this.#take()) {
      const response = this.#shortResponse(item);
      if (response === undefined) await this.#sendInPieces(item);
      else if (!this.#options.output.write(response)) await this.#options.output.drained();
      if (this.#stopped) return;
      this.#sent(item);
    }
    this.#sending = false;
  }

  /** Undefined when it is long, so that it should be cut or encoded in pieces. */
  #shortResponse({ fields, events, bytes, fragmented, revision }: Waiting): WatchResponse | undefined {
    const { fragmentBytes, header } = this.#options;
    if (bytes > encodedBytesMax) return undefined;
    if (fragmented && bytes + events.length * eventFrameBytesMax >= fragmentBytes) return undefined;
    if (!events.every(isShort)) return undefined;
    return WatchResponse.create({ ...fields, header: header(revision), events });
  }

  /** Nothing else goes out before the last of it is written. */
  async #sendInPieces({ fields, events, fragmented, revision }: Waiting): Promise<void> {
    const { clock, fragmentBytes, output } = this.#options;
    const head = WatchResponse.create({ ...fields, header: this.#options.header(revision) });
    const turns = new Turns(clock);
    const goOn = (): void => undefined;
    const fragments = fragmented
      ? await turns.run(fragmentsOf(head, events, fragmentBytes, turns), goOn)
      : [wholeOf(events)];
    for (const { from, to, marked } of fragments) {
      const response = responseInPieces({ ...head, fragment: marked }, events.slice(from, to), turns);
      const message = await turns.run(response, goOn);
      if (this.#stopped) return;
      if (!output.writePieces(message)) await output.drained();
      if (this.#stopped) return;
      turns.begin();
    }
  }

  #take(): Waiting | undefined {
    const item = this.#waiting[this.#next++];
    const watchId = item?.fields.watchId;
    if (watchId !== undefined && this.#joinable.get(watchId) === item) this.#joinable.delete(watchId);
    if (item === undefined || this.#next > sentMax) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }

  #sent({ bytes, events }: Waiting): void {
    const { counters, memory } = this.#options;
    this.#bytes -= bytes;
    memory.release(bytes);
    this.#events -= events.length;
    counters.eventsPending -= events.length;
    counters.eventsSent += events.length;
    if (!this.#full || this.#bytes > waitingBytesMax / 2) return;
    this.#full = false;
    this.#wakeRoomWaiters();
    this.#options.onRoom();
  }

  #wakeRoomWaiters(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = [];
    for (const resolve of waiters) resolve();
  }
}

function isShort(event: EncodedEvent): event is Encoded<Event> {
  return !(event instanceof LongEvent);
}
