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
import type { LastEvents } from "./last-events.js";
import { fragmentsOf, wholeOf } from "./watch-fragments.js";
import { responseInPieces } from "./watch-pieces.js";

/** When this many bytes wait for a client, its watchers become unsynced until half of the bytes are sent. */
const waitingBytesMax = 256 * 1024;
/** When this many bytes wait for all clients together, no client may queue more. */
const totalBytesMax = 64 * 1024 * 1024;
const shareBytesMax = 16 * 1024;
/** Up to this length, events take memory without waiting. Longer ones wait for room, and leave half of it to others. */
const unaskedBytesMax = shareBytesMax;
/** The most bytes to wait for. The events of one revision may exceed the whole account and would wait for ever. */
const askedBytesMax = 16 * 1024 * 1024;
/** While fewer bytes than this wait for all clients together, events are sent even when the account is full. */
const assuredBytes = 16 * 1024 * 1024;
/** How often a stream that finds no room in the account tries again. */
const memoryLookMs = 250;
/** The approximate memory of a response beside its events. */
const responseBytes = 256;
/** Further events of a watcher are added to its waiting response while that is shorter than this. */
const joinedBytesMax = 64 * 1024;
/** Longer responses are encoded in pieces, over several turns of the event loop. */
const encodedBytesMax = joinedBytesMax + responseBytes;
/** The most bytes that an event takes in a response beside its own: tag and length. */
const eventFrameBytesMax = 11;
/** The most sent responses that may remain in the queue's array before it is compacted. */
const sentMax = 1_000;

/** A template that is copied, which is much cheaper than `create`: a write may be sent to very many watchers. */
const emptyHead = WatchResponse.create();

/** A waiting response. Following events of the same watcher are added to it. It may be sent in fragments. */
interface Waiting {
  /** The response without its revision and events. */
  readonly head: WatchResponse;
  readonly events: EncodedEvent[];
  /** Whether the watcher accepts fragments. Kept here, since the watcher may be cancelled before this is sent. */
  readonly fragmented: boolean;
  revision: number;
  bytes: number;
}

/** The output of a watch stream. */
export interface WatchOutput {
  write(response: WatchResponse): boolean;
  writePieces(message: MessageInPieces): boolean;
  drained(): Promise<void>;
}

/** The objects and settings that the senders of all streams share. */
export interface WatchSenders {
  /** Counts the bytes that wait for the clients of all streams. */
  readonly memory: MemoryPot;
  readonly counters: StoreCounters;
  readonly header: (revision: number) => ResponseHeader;
  readonly clock: Clock;
  /** Encodes the events of all streams. */
  readonly events: LastEvents;
  /** The maximum length of a response to a watcher that accepts fragments. */
  readonly fragmentBytes: number;
}

/** The stream that a sender belongs to. */
export interface WatchSenderOwner {
  /** There is room again. */
  onRoom(): void;
  /** The stream cannot go on, because the store has ended it or because of an error. */
  onEnd(error: unknown): void;
}

/**
 * The queue of a watch stream's responses: answers to requests, and events of its watchers, sent as fast as the client
 * takes them. It holds a bounded number of bytes. When it is full, neither requests nor watchers go on before there is
 * room.
 */
export class WatchSender implements WatchSink {
  readonly #shared: WatchSenders;
  readonly #output: WatchOutput;
  readonly #owner: WatchSenderOwner;
  #waiting: Waiting[] = [];
  /**
   * The last waiting response of each watcher, to which its next events may be added without changing their order. The
   * map is made when there are responses of two watchers.
   */
  #joinable: Map<bigint, Waiting> | undefined;
  /** The only joinable response, while there is no map. */
  #onlyJoinable: Waiting | undefined;
  #next = 0;
  #bytes = 0;
  /** The number of waiting events. */
  #events = 0;
  #full = false;
  /** Set while events wait for room in the account. */
  #memoryLook: Timer | undefined;
  #sending = false;
  #stopped = false;
  #roomWaiters: (() => void)[] | undefined;

  constructor(shared: WatchSenders, output: WatchOutput, owner: WatchSenderOwner) {
    this.#shared = shared;
    this.#output = output;
    this.#owner = owner;
  }

  get hasRoom(): boolean {
    return !this.#full && this.#memoryLook === undefined;
  }

  /** Whether events may be queued. Without room their watcher becomes unsynced and reads them later from history. */
  hasRoomFor(bytes: number): boolean {
    if (!this.hasRoom) return false;
    if (bytes <= unaskedBytesMax || this.#stopped) return true;
    const askedBytes = Math.min(bytes, askedBytesMax);
    if (this.#accountHasRoom(askedBytes)) return true;
    this.#awaitMemory(askedBytes);
    return false;
  }

  /** Resolves when there is room, or the stream has ended. */
  room(): Promise<void> {
    if (!this.#full || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      this.#roomWaiters ??= [];
      this.#roomWaiters.push(resolve);
    });
  }

  /** Queues a response about a watch. The order of all responses is kept. */
  answer(revision: number, fields: Partial<WatchResponse>): void {
    this.#joinNone();
    this.#add({ head: WatchResponse.create(fields), events: [], fragmented: false, revision, bytes: responseBytes });
  }

  deliver(notice: WatchNotice): void {
    switch (notice.kind) {
      case "events":
        this.#tell(notice);
        return;
      case "compacted":
        // etcd puts no revision into the header of this response.
        this.answer(0, { watchId: notice.watchId, canceled: true, compactRevision: notice.compactRevision });
        return;
      case "progress":
        this.answer(notice.revision, { watchId: notice.watchId });
    }
  }

  closed(): void {
    this.#owner.onEnd(new EtcdError("stopped"));
  }

  /** Drops the waiting responses. Nothing more is sent. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#memoryLook?.cancel();
    this.#shared.memory.release(this.#bytes);
    this.#bytes = 0;
    this.#shared.counters.eventsPending -= this.#events;
    this.#waiting = [];
    this.#joinNone();
    this.#next = 0;
    this.#wakeRoomWaiters();
  }

  #accountHasRoom(bytes: number): boolean {
    const { memory } = this.#shared;
    if (memory.heldBytes < assuredBytes) return true;
    if (!memory.takeIfSpare(bytes)) return false;
    memory.release(bytes);
    return true;
  }

  /** Tries again now and then, instead of waiting in the account's queue, so that reads in that queue go first. */
  #awaitMemory(bytes: number): void {
    this.#memoryLook = this.#shared.clock.after(memoryLookMs, () => {
      if (!this.#accountHasRoom(bytes)) {
        this.#awaitMemory(bytes);
        return;
      }
      this.#memoryLook = undefined;
      if (!this.#full) this.#owner.onRoom();
    });
  }

  #tell({ watchId, revision, events, bytes, fragmented }: Extract<WatchNotice, { kind: "events" }>): void {
    if (this.#stopped) return;
    this.#events += events.length;
    this.#shared.counters.eventsPending += events.length;
    const joined = this.#joinableOf(watchId);
    if (joined !== undefined && joined.bytes + bytes <= joinedBytesMax) {
      for (const event of events) joined.events.push(event);
      joined.revision = revision;
      joined.bytes += bytes;
      this.#count(bytes);
      return;
    }
    const head = { ...emptyHead, watchId };
    const item = { head, events: [...events], fragmented, revision, bytes: responseBytes + bytes };
    this.#makeJoinable(item);
    this.#add(item);
  }

  #joinableOf(watchId: bigint): Waiting | undefined {
    return this.#onlyJoinable?.head.watchId === watchId ? this.#onlyJoinable : this.#joinable?.get(watchId);
  }

  #makeJoinable(item: Waiting): void {
    const { watchId } = item.head;
    const first = this.#onlyJoinable;
    if (this.#joinable === undefined && (first === undefined || first.head.watchId === watchId)) {
      this.#onlyJoinable = item;
      return;
    }
    this.#joinable ??= new Map();
    if (first !== undefined) this.#joinable.set(first.head.watchId, first);
    this.#onlyJoinable = undefined;
    this.#joinable.set(watchId, item);
  }

  /** No more events are added to a response whose sending has begun. */
  #joinNoMore(item: Waiting): void {
    if (this.#onlyJoinable === item) this.#onlyJoinable = undefined;
    else if (this.#joinable?.get(item.head.watchId) === item) this.#joinable.delete(item.head.watchId);
  }

  #joinNone(): void {
    this.#onlyJoinable = undefined;
    this.#joinable = undefined;
  }

  #add(item: Waiting): void {
    if (this.#stopped) return;
    this.#waiting.push(item);
    this.#count(item.bytes);
    if (this.#sending) return;
    this.#sending = true;
    // Deferred: many writes may end in this turn of the event loop, and their events leave in one response.
    setImmediate(() => this.#send().catch((error: unknown) => this.#owner.onEnd(error)));
  }

  #count(bytes: number): void {
    const { memory } = this.#shared;
    this.#bytes += bytes;
    memory.take(bytes);
    if (this.#bytes >= (memory.heldBytes < totalBytesMax ? waitingBytesMax : shareBytesMax)) this.#full = true;
  }

  async #send(): Promise<void> {
    const { clock } = this.#shared;
    let startedAt = clock.now();
    for (let item = this.#take(); item !== undefined; item = this.#take()) {
      const hasRoom = this.#sendShort(item);
      if (hasRoom === undefined) await this.#sendInPieces(item);
      else if (!hasRoom) await this.#output.drained();
      if (this.#stopped) return;
      this.#sent(item);
      const endedAt = clock.now();
      this.#measured(item, (endedAt - startedAt) / 1_000);
      startedAt = endedAt;
    }
    this.#sending = false;
  }

  /**
   * Sends a short response.
   *
   * @returns whether there is room for more; undefined for a response that has to be sent in fragments or in pieces
   */
  #sendShort({ head, events, bytes, fragmented, revision }: Waiting): boolean | undefined {
    const { fragmentBytes, header } = this.#shared;
    const output = this.#output;
    if (bytes > encodedBytesMax) return undefined;
    if (fragmented && bytes + events.length * eventFrameBytesMax >= fragmentBytes) return undefined;
    const response = { ...head, header: header(revision) };
    if (events.length === 0) return output.write(response);
    if (!events.every(isShort)) return undefined;
    const pieces = [WatchResponse.encode(response), this.#shared.events.encode(events)];
    return output.writePieces({ length: pieces.reduce((sum, { length }) => sum + length, 0), pieces });
  }

  /** Sends a long response. Nothing else is sent before it is complete. */
  async #sendInPieces({ head: item, events, fragmented, revision }: Waiting): Promise<void> {
    const { clock, fragmentBytes } = this.#shared;
    const output = this.#output;
    const head = { ...item, header: this.#shared.header(revision) };
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
    if (item !== undefined) this.#joinNoMore(item);
    else this.#joinNone();
    if (item === undefined || this.#next > sentMax) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return item;
  }

  #measured({ events: { length } }: Waiting, seconds: number): void {
    const { counters } = this.#shared;
    if (length === 0) {
      counters.controlSendSeconds.observe(seconds);
      return;
    }
    counters.eventsSendSeconds.observe(seconds);
    counters.eventSendSeconds.observe(seconds / length);
  }

  #sent({ bytes, events }: Waiting): void {
    const { counters, memory } = this.#shared;
    this.#bytes -= bytes;
    memory.release(bytes);
    this.#events -= events.length;
    counters.eventsPending -= events.length;
    counters.eventsSent += events.length;
    if (!this.#full || this.#bytes > waitingBytesMax / 2) return;
    this.#full = false;
    this.#wakeRoomWaiters();
    this.#owner.onRoom();
  }

  #wakeRoomWaiters(): void {
    const waiters = this.#roomWaiters;
    this.#roomWaiters = undefined;
    for (const resolve of waiters ?? []) resolve();
  }
}

function isShort(event: EncodedEvent): event is Encoded<Event> {
  return !(event instanceof LongEvent);
}
