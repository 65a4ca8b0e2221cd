import { type Clock, EtcdError, type MemoryPot, type Timer, Turns } from "../../base/index.js";
import type { StoreCounters, WatchNotice, WatchSink } from "../../mvcc/index.js";
import { type ResponseHeader, WatchResponse } from "../../wire/index.js";
import type { AlikeMessages, MessageInPieces } from "../grpc/sent-messages.js";
import type { EventList } from "./event-list.js";
import type { SharedResponses } from "./shared-responses.js";
import { fragmentsOf, wholeOf } from "./watch-fragments.js";
import { responseInPieces } from "./watch-pieces.js";

/**
 * When this many bytes wait for a client, its watchers become unsynced until half of the bytes are sent. Events that
 * many of its watchers wait for count once.
 */
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
/** Responses that differ only in their watcher are sent together up to this length: a frame of HTTP/2 holds it. */
const togetherBytesMax = 16_000;
/** The approximate length of a response beside its events, as it is sent. */
const sentHeadBytes = 48;
/** The most bytes that an event takes in a response beside its own: tag and length. */
const eventFrameBytesMax = 11;
/** The most sent responses that may remain in the queue's array before it is compacted. */
const sentMax = 1_000;

/** A waiting response. Following events of the same watcher are added to it. It may be sent in fragments. */
interface Waiting {
  readonly watchId: bigint;
  /** The fields of an answer to a request, without its header; undefined for a response with events. */
  readonly answer: Partial<WatchResponse> | undefined;
  events: EventList | undefined;
  /** Whether the watcher accepts fragments. Kept here, since the watcher may be cancelled before this is sent. */
  readonly fragmented: boolean;
  revision: number;
  /** The approximate length of the response. */
  bytes: number;
  /** The bytes that it takes in memory, beside events that it shares with the response before. */
  ownBytes: number;
}

/** The output of a watch stream. */
export interface WatchOutput {
  write(response: WatchResponse): boolean;
  writePieces(message: MessageInPieces): boolean;
  writeAlike?: (messages: AlikeMessages) => boolean;
  drained(): Promise<void>;
}

/** The objects and settings that the senders of all streams share. */
export interface WatchSenders {
  /** Counts the bytes that wait for the clients of all streams. */
  readonly memory: MemoryPot;
  readonly counters: StoreCounters;
  readonly header: (revision: number) => ResponseHeader;
  readonly clock: Clock;
  /** Makes the responses of all streams. */
  readonly responses: SharedResponses;
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
  /** The events that the last watcher was told of. Their bytes count once, however many watchers wait for them. */
  #latest: EventList | undefined;
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
    const watchId = fields.watchId ?? 0n;
    const sizes = { bytes: responseBytes, ownBytes: responseBytes };
    this.#add({ watchId, answer: fields, events: undefined, fragmented: false, revision, ...sizes });
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
    this.#latest = undefined;
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
    const { responses } = this.#shared;
    if (joined !== undefined && joined.bytes + bytes <= joinedBytesMax) {
      joined.events = responses.listOf(joined.events, events);
      joined.revision = revision;
      joined.bytes += bytes;
      const ownBytes = this.#isLatest(joined.events) ? 0 : bytes;
      joined.ownBytes += ownBytes;
      this.#count(ownBytes);
      return;
    }
    const list = responses.listOf(undefined, events);
    const sizes = { bytes: responseBytes + bytes, ownBytes: responseBytes + (this.#isLatest(list) ? 0 : bytes) };
    const item = { watchId, answer: undefined, events: list, fragmented, revision, ...sizes };
    this.#makeJoinable(item);
    this.#add(item);
  }

  #isLatest(list: EventList): boolean {
    const is = list === this.#latest;
    this.#latest = list;
    return is;
  }

  #joinableOf(watchId: bigint): Waiting | undefined {
    return this.#onlyJoinable?.watchId === watchId ? this.#onlyJoinable : this.#joinable?.get(watchId);
  }

  #makeJoinable(item: Waiting): void {
    const { watchId } = item;
    const first = this.#onlyJoinable;
    if (this.#joinable === undefined && (first === undefined || first.watchId === watchId)) {
      this.#onlyJoinable = item;
      return;
    }
    this.#joinable ??= new Map();
    if (first !== undefined) this.#joinable.set(first.watchId, first);
    this.#onlyJoinable = undefined;
    this.#joinable.set(watchId, item);
  }

  /** No more events are added to a response whose sending has begun. */
  #joinNoMore(item: Waiting): void {
    if (this.#onlyJoinable === item) this.#onlyJoinable = undefined;
    else if (this.#joinable?.get(item.watchId) === item) this.#joinable.delete(item.watchId);
  }

  #joinNone(): void {
    this.#onlyJoinable = undefined;
    this.#joinable = undefined;
  }

  #add(item: Waiting): void {
    if (this.#stopped) return;
    this.#waiting.push(item);
    this.#count(item.ownBytes);
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
      const others = this.#takeAlike(item);
      const watchIds = [item.watchId, ...others.map(({ watchId }) => watchId)];
      const hasRoom = this.#sendShort(item, watchIds);
      if (hasRoom === undefined) await this.#sendInPieces(item);
      else if (!hasRoom) await this.#output.drained();
      if (this.#stopped) return;
      this.#sent(item, others);
      const endedAt = clock.now();
      this.#measured(item, watchIds.length, (endedAt - startedAt) / 1_000);
      startedAt = endedAt;
    }
    this.#sending = false;
  }

  /** Takes the responses after `item` that differ from it only in their watcher. */
  #takeAlike(item: Waiting): readonly Waiting[] {
    const others: Waiting[] = [];
    if (this.#output.writeAlike === undefined || item.events?.short !== true) return others;
    const eachBytes = item.bytes - responseBytes + sentHeadBytes;
    for (let bytes = 2 * eachBytes; bytes <= togetherBytesMax; bytes += eachBytes) {
      const next = this.#waiting[this.#next];
      if (next === undefined || next.events !== item.events || next.revision !== item.revision) break;
      if (next.fragmented !== item.fragmented) break;
      this.#take();
      others.push(next);
    }
    return others;
  }

  /**
   * Sends a short response, also to other watchers.
   *
   * @returns whether there is room for more; undefined for a response that has to be sent in fragments or in pieces
   */
  #sendShort(item: Waiting, watchIds: readonly bigint[]): boolean | undefined {
    const { answer, events, bytes, fragmented, revision } = item;
    const { fragmentBytes, header, responses } = this.#shared;
    const output = this.#output;
    if (events === undefined) return output.write(WatchResponse.create({ ...answer, header: header(revision) }));
    if (bytes > encodedBytesMax || !events.short) return undefined;
    if (fragmented && bytes + events.count * eventFrameBytesMax >= fragmentBytes) return undefined;
    const messages = responses.respond(header(revision), watchIds, events);
    if (output.writeAlike !== undefined) return output.writeAlike(messages);
    let hasRoom = true;
    for (const message of messages.each()) hasRoom = output.writePieces(message);
    return hasRoom;
  }

  /** Sends a long response. Nothing else is sent before it is complete. */
  async #sendInPieces({ watchId, events: list, fragmented, revision }: Waiting): Promise<void> {
    const { clock, fragmentBytes, header } = this.#shared;
    const output = this.#output;
    const head = WatchResponse.create({ watchId, header: header(revision) });
    const events = list?.all() ?? [];
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

  /** Notes how long it took to send a response to each of `watchers`. */
  #measured({ events }: Waiting, watchers: number, seconds: number): void {
    const { counters } = this.#shared;
    if (events === undefined) {
      counters.controlSendSeconds.observe(seconds);
      return;
    }
    counters.eventsSendSeconds.observe(seconds / watchers, watchers);
    counters.eventSendSeconds.observe(seconds / watchers / events.count, watchers);
  }

  #sent({ ownBytes, events }: Waiting, others: readonly Waiting[]): void {
    const { counters, memory } = this.#shared;
    let bytes = ownBytes;
    for (const other of others) bytes += other.ownBytes;
    const count = (1 + others.length) * (events?.count ?? 0);
    this.#bytes -= bytes;
    memory.release(bytes);
    this.#events -= count;
    counters.eventsPending -= count;
    counters.eventsSent += count;
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
