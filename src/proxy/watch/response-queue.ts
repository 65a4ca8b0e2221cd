import { assert, type Clock, LoopTurn, type MemoryPot } from "../../base/index.js";
import type { ServerStream } from "../../rpc/index.js";
import type { EventBytes } from "./event-batch.js";

/** When this many bytes wait for a client, its watchers get no further events until half of them are sent. */
const waitingBytesMax = 4 * 1024 * 1024;
/** The memory of a waiting response beside its bytes. */
const responseBytes = 192;
/** The most sent responses that may remain in the queue's array before it is compacted. */
const sentMax = 1_000;

interface Waiting {
  readonly head: Uint8Array;
  readonly events: EventBytes | undefined;
  readonly bytes: number;
}

/** The responses that wait for a client, in order. They are sent as fast as the client takes them. */
export class ResponseQueue {
  readonly #stream: Pick<ServerStream<Uint8Array, Uint8Array>, "writePieces" | "drained" | "call">;
  readonly #memory: MemoryPot;
  readonly #turn: LoopTurn;
  readonly #onRoom: () => void;
  #waiting: Waiting[] = [];
  #next = 0;
  #bytes = 0;
  #sending = false;
  #full = false;
  #stopped = false;
  #roomWaiters: (() => void)[] = [];

  /** @param onRoom called when there is room for events again */
  constructor(
    stream: Pick<ServerStream<Uint8Array, Uint8Array>, "writePieces" | "drained" | "call">,
    memory: MemoryPot,
    clock: Clock,
    onRoom: () => void,
  ) {
    this.#stream = stream;
    this.#memory = memory;
    this.#turn = LoopTurn.of(clock);
    this.#onRoom = onRoom;
  }

  /** Queues the answer to a request. It is queued in any case, since requests are read only while there is room. */
  answer(head: Uint8Array): void {
    this.#add({ head, events: undefined, bytes: head.length + responseBytes });
  }

  /**
   * Queues events. An empty queue takes events of any length.
   *
   * @returns false when there is no room
   */
  events(head: Uint8Array, events: EventBytes): boolean {
    const bytes = head.length + events.length + responseBytes;
    if (this.#full) return false;
    const fits = this.#bytes + bytes <= waitingBytesMax && this.#memory.takeIfRoom(bytes);
    if (!fits && this.#bytes > 0) {
      this.#full = true;
      return false;
    }
    if (fits) this.#memory.release(bytes);
    this.#add({ head, events, bytes });
    return true;
  }

  /** Resolves when there is room for the answer to another request, or the stream has ended. */
  room(): Promise<void> {
    if (!this.#full || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#roomWaiters.push(resolve));
  }

  /** Drops what waits, since the stream has ended. */
  stop(): void {
    this.#stopped = true;
    this.#memory.release(this.#bytes);
    this.#bytes = 0;
    this.#waiting = [];
    this.#next = 0;
    this.#wake();
  }

  #add(waiting: Waiting): void {
    if (this.#stopped) return;
    this.#waiting.push(waiting);
    this.#bytes += waiting.bytes;
    this.#memory.take(waiting.bytes);
    if (this.#bytes > waitingBytesMax) this.#full = true;
    if (!this.#sending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#sending = true;
    while (this.#next < this.#waiting.length && !this.#stopped) {
      const { head, events, bytes } = this.#take();
      const pieces = events === undefined ? [head] : [head, ...events.pieces];
      const room = this.#stream.writePieces({ length: head.length + (events?.length ?? 0), pieces });
      this.#bytes -= bytes;
      this.#memory.release(bytes);
      if (this.#full && this.#bytes <= waitingBytesMax / 2) {
        this.#full = false;
        this.#wake();
        this.#onRoom();
      }
      if (!room) await this.#stream.drained();
      else if (this.#turn.over) await this.#turn.pause(this.#stream.call.client, "long");
    }
    this.#sending = false;
  }

  #take(): Waiting {
    const waiting = this.#waiting[this.#next++];
    assert(waiting !== undefined, "a response is taken while one waits");
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    } else if (this.#next > sentMax) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    return waiting;
  }

  #wake(): void {
    for (const resolve of this.#roomWaiters.splice(0)) resolve();
  }
}
