import {
  type Clock,
  EtcdError,
  LoopTurn,
  type MemoryPot,
  type Timer,
  Turns,
  type WorkLength,
} from "../../base/index.js";
import type { EventBatch, StoreCounters, WatchNotice, WatchSink } from "../../mvcc/index.js";
import type { Call } from "../../server/index.js";
import { type ResponseHeader, WatchResponse } from "../../wire/index.js";
import type { AlikeMessages, MessageInPieces } from "../grpc/sent-messages.js";
import { countOf } from "./event-list.js";
import type { SharedResponses } from "./shared-responses.js";
import {
  joinedBytesMax,
  type Response,
  responseBytes,
  type TakenResponse,
  WaitingResponses,
} from "./waiting-responses.js";
import { eventsOf, fragmentsOf, wholeOf } from "./watch-fragments.js";
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
/** Longer responses are encoded in pieces, over several turns of the event loop. */
const encodedBytesMax = joinedBytesMax + responseBytes;
/** Responses that differ only in their watcher are sent together up to this length: a frame of HTTP/2 holds it. */
const togetherBytesMax = 16_000;
/** The approximate length of a response beside its events, as it is sent. */
const sentHeadBytes = 48;
/** The most bytes that an event takes in a response beside its own: tag and length. */
const eventFrameBytesMax = 11;

/** The output of a watch stream. */
export interface WatchOutput {
  /** The call of the stream: sending takes turns with work for other clients. */
  readonly call: Pick<Call, "client">;
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
  /** The waiting responses. Undefined while there are none, since very many streams only wait. */
  #waiting: WaitingResponses | undefined;
  /** The bytes of memory of the responses that wait or are being sent. */
  #bytes = 0;
  /** The number of events in them. */
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

  /** Whether neither requests nor events are taken before there is room. */
  get full(): boolean {
    return this.#full && !this.#stopped;
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
    if (!this.full) return Promise.resolve();
    return new Promise((resolve) => {
      this.#roomWaiters ??= [];
      this.#roomWaiters.push(resolve);
    });
  }

  /** Queues a response about a watch. The order of all responses is kept. */
  answer(revision: number, fields: Partial<WatchResponse>): void {
    if (this.#stopped) return;
    const waiting = this.#queue();
    const before = waiting.heldBytes;
    waiting.answer(revision, fields);
    this.#count(waiting.heldBytes - before);
  }

  deliverEvents(watchId: bigint, revision: number, batch: EventBatch, fragmented: boolean): void {
    if (this.#stopped) return;
    const count = countOf(batch.events);
    this.#events += count;
    this.#shared.counters.eventsPending += count;
    const waiting = this.#queue();
    const before = waiting.heldBytes;
    waiting.tell(watchId, revision, batch, fragmented);
    this.#count(waiting.heldBytes - before);
  }

  deliver(notice: WatchNotice): void {
    // etcd puts no revision into the header of the response that tells of a compaction.
    if (notice.kind === "progress") this.answer(notice.revision, { watchId: notice.watchId });
    else this.answer(0, { watchId: notice.watchId, canceled: true, compactRevision: notice.compactRevision });
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
    this.#waiting = undefined;
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

  #queue(): WaitingResponses {
    this.#waiting ??= new WaitingResponses(this.#shared.responses);
    if (!this.#sending) {
      this.#sending = true;
      // Deferred: many writes may end in this turn of the event loop, and their events leave in one response.
      setImmediate(() => this.#send().catch((error: unknown) => this.#owner.onEnd(error)));
    }
    return this.#waiting;
  }

  /** Counts bytes of memory that the waiting responses take now; fewer than 0 when they take less than before. */
  #count(bytes: number): void {
    if (bytes === 0) return;
    const { memory } = this.#shared;
    this.#bytes += bytes;
    if (bytes < 0) memory.release(-bytes);
    else memory.take(bytes);
    if (this.#bytes >= (memory.heldBytes < totalBytesMax ? waitingBytesMax : shareBytesMax)) this.#full = true;
  }

  async #send(): Promise<void> {
    const { clock } = this.#shared;
    const turn = LoopTurn.of(clock);
    let length: WorkLength = "short";
    let resumed = false;
    let startedAt = clock.now();
    for (let first = this.#waiting?.first; first !== undefined; first = this.#waiting?.first) {
      if (!resumed && (length === "short" ? turn.over : turn.shareOver || turn.longOver)) {
        // Very many streams may have much to send, and other clients must not wait for all of them.
        await turn.pause(this.#output.call.client, length);
        length = "long";
        resumed = true;
        startedAt = clock.now();
        continue;
      }
      resumed = false;
      const taken = this.#waiting?.take(this.#watchersAtOnce(first));
      if (taken === undefined) break;
      const hasRoom = this.#sendShort(taken);
      if (hasRoom === undefined) await this.#sendInPieces(taken);
      else if (!hasRoom) await this.#output.drained();
      if (this.#stopped) return;
      this.#sent(taken);
      const endedAt = clock.now();
      this.#measured(taken, (endedAt - startedAt) / 1_000);
      startedAt = endedAt;
    }
    this.#waiting = undefined;
    this.#sending = false;
  }

  /** To how many watchers a response is sent at once. */
  #watchersAtOnce({ events, bytes }: Response): number {
    if (this.#output.writeAlike === undefined || events?.short !== true) return 1;
    return Math.max(1, Math.floor(togetherBytesMax / (bytes - responseBytes + sentHeadBytes)));
  }

  /**
   * Sends a short response to its watchers.
   *
   * @returns whether there is room for more; undefined for a response that has to be sent in fragments or in pieces
   */
  #sendShort({ watchIds, answer, events, bytes, fragmented, revision }: TakenResponse): boolean | undefined {
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
  async #sendInPieces({ watchIds, events: list, fragmented, revision }: TakenResponse): Promise<void> {
    const { clock, fragmentBytes, header } = this.#shared;
    const output = this.#output;
    // Such a response is sent to one watcher at a time.
    const [watchId = 0n] = watchIds;
    const head = WatchResponse.create({ watchId, header: header(revision) });
    const events = list?.all() ?? [];
    const turns = new Turns(clock, undefined, output.call.client);
    const goOn = (): void => undefined;
    const fragments = fragmented
      ? await turns.run(fragmentsOf(head, events, fragmentBytes, turns), goOn)
      : [wholeOf(events)];
    for (const fragment of fragments) {
      const response = responseInPieces({ ...head, fragment: fragment.marked }, eventsOf(fragment, events), turns);
      const message = await turns.run(response, goOn);
      if (this.#stopped) return;
      if (!output.writePieces(message)) await output.drained();
      if (this.#stopped) return;
      turns.begin();
    }
  }

  /** Notes how long it took to send a response to each of its watchers. */
  #measured({ watchIds, events }: TakenResponse, seconds: number): void {
    const { counters } = this.#shared;
    if (events === undefined) {
      counters.controlSendSeconds.observe(seconds);
      return;
    }
    const watchers = watchIds.length;
    counters.eventsSendSeconds.observe(seconds / watchers, watchers);
    counters.eventSendSeconds.observe(seconds / watchers / events.count, watchers);
  }

  #sent({ watchIds, ownBytes, events }: TakenResponse): void {
    const { counters, memory } = this.#shared;
    const count = watchIds.length * (events?.count ?? 0);
    this.#bytes -= ownBytes;
    memory.release(ownBytes);
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
