import { MessageChannel, type MessagePort } from "node:worker_threads";
import { assert } from "../base/index.js";
import { FrameReader } from "./frame-reader.js";
import { MessageWriter } from "./message-writer.js";
import type { MessageHandler, Port } from "./port.js";
import { Ring, ringMemory } from "./ring.js";
import { takeMessages } from "./take-messages.js";

/** How many bytes may be on their way in each direction, unless another size is asked for. */
const ringBytesDefault = 1024 * 1024;
/** How long messages are handled before timers and sockets of the loop get a turn. */
const sliceMs = 8;

/** One end of a port, as it is passed to a thread: in `workerData`, with `door` in the transfer list. */
export interface PortEnd {
  readonly outgoing: SharedArrayBuffer;
  readonly incoming: SharedArrayBuffer;
  readonly door: MessagePort;
}

/** The two ends of a port between two threads. @param ringBytes a power of two */
export function portEnds(ringBytes: number = ringBytesDefault): readonly [PortEnd, PortEnd] {
  assert(Number.isInteger(Math.log2(ringBytes)), "the size of a ring is a power of two");
  const [one, other] = [ringMemory(ringBytes), ringMemory(ringBytes)];
  const { port1, port2 } = new MessageChannel();
  return [
    { outgoing: one, incoming: other, door: port1 },
    { outgoing: other, incoming: one, door: port2 },
  ];
}

/**
 * A port to another thread. Messages are copied into shared memory when the turn ends, and out of it when the receiver
 * reads them. A port that has sent or received something looks for messages at the end of the next turn by itself. One
 * that had nothing to do for a turn sleeps until an empty message through a `MessagePort` wakes it, its doorbell.
 */
export class ThreadPort implements Port {
  readonly #outgoing: Ring;
  readonly #incoming: Ring;
  readonly #door: MessagePort;
  readonly #writer = new MessageWriter();
  readonly #frames = new FrameReader();
  readonly #turnEnds = (): void => this.#endTurn();
  #handler: MessageHandler | undefined;
  /** Whether the end of this turn is awaited. The other end need not ring then. */
  #awake = false;
  /** Whether messages wait for room in the ring. */
  #full = false;
  #closed = false;
  #wantRoom: (() => void)[] = [];

  constructor({ outgoing, incoming, door }: PortEnd) {
    this.#outgoing = new Ring(outgoing);
    this.#incoming = new Ring(incoming);
    this.#door = door;
    door.on("message", () => this.#woken());
  }

  post(kind: number): MessageWriter {
    this.#writer.begin(kind);
    this.#stayAwake();
    return this.#writer;
  }

  listen(handler: MessageHandler): void {
    assert(this.#handler === undefined, "a port has one handler");
    this.#handler = handler;
    this.#stayAwake();
  }

  get queuedBytes(): number {
    return this.#writer.waitingBytes + this.#outgoing.usedBytes;
  }

  /** Bytes that the other end has sent, and that this end has not taken yet. */
  get arrivingBytes(): number {
    return this.#incoming.usedBytes;
  }

  get hasRoom(): boolean {
    return this.#writer.waitingBytes < ringBytesDefault;
  }

  room(): Promise<void> {
    if (this.hasRoom || this.#closed) return Promise.resolve();
    return new Promise((resolve) => void this.#wantRoom.push(resolve));
  }

  /** Sends what was posted at once. At the end of a thread, what the other end has no room for is lost. */
  flush(): void {
    this.#send();
  }

  /** Passes on all that has arrived, without a pause, after the other thread has ended. */
  drain(): void {
    this.#receive(Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#closed = true;
    this.#door.close();
    this.#giveRoom();
  }

  /** The other end has sent something, or has made room. */
  #woken(): void {
    if (this.#full) this.#send();
    // A port that is awake looks by itself.
    if (this.#awake) return;
    this.#receive();
    this.#stayAwake();
  }

  #stayAwake(): void {
    if (this.#awake) return;
    this.#awake = true;
    this.#incoming.wake();
    setImmediate(this.#turnEnds);
  }

  /** The turn ends: sends what was posted in it, and looks for what has arrived. */
  #endTurn(): void {
    this.#awake = false;
    const sent = this.#send();
    const received = this.#receive();
    if (this.#closed || this.#handler === undefined) return;
    if (sent || received || !this.#incoming.sleep()) this.#stayAwake();
  }

  /** @returns whether there was anything to send, and room for it */
  #send(): boolean {
    if (this.#closed) return false;
    this.#writer.end();
    const waiting = this.#writer.waitingBytes;
    if (waiting === 0) return false;
    let all = this.#outgoing.put(this.#writer);
    while (!all && !this.#outgoing.waitForRoom()) all = this.#outgoing.put(this.#writer);
    this.#full = !all;
    if (this.#outgoing.readerSleeps()) this.#door.postMessage(null);
    if (this.#wantRoom.length > 0 && this.hasRoom) this.#giveRoom();
    return this.#writer.waitingBytes < waiting;
  }

  #giveRoom(): void {
    const waiting = this.#wantRoom;
    this.#wantRoom = [];
    for (const resolve of waiting) resolve();
  }

  /** Handles messages until none are left, or the turn is over. @returns whether there were any */
  #receive(endsAt = performance.now() + sliceMs): boolean {
    if (this.#handler === undefined) return false;
    let any = false;
    while (!this.#closed) {
      for (let message = this.#frames.next(); message !== undefined; message = this.#frames.next()) {
        any = true;
        this.#handler(this.#frames.kind, message);
        if (performance.now() >= endsAt) return true;
      }
      if (!takeMessages(this.#incoming, this.#frames)) break;
      any = true;
      if (this.#incoming.writerWaits()) this.#door.postMessage(null);
    }
    return any;
  }
}
