import { MessageChannel, type MessagePort } from "node:worker_threads";
import { assert } from "../base/index.js";
import { FrameReader } from "./frame-reader.js";
import { MessageWriter } from "./message-writer.js";
import type { MessageHandler, Port } from "./port.js";
import { Ring, ringMemory } from "./ring.js";

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
 * reads them. A thread that waits for events is woken by an empty message through a `MessagePort`, its doorbell; a
 * thread that is at work is not.
 */
export class ThreadPort implements Port {
  readonly #outgoing: Ring;
  readonly #incoming: Ring;
  readonly #door: MessagePort;
  readonly #writer = new MessageWriter();
  readonly #frames = new FrameReader();
  readonly #flush = (): void => this.#send();
  readonly #goOn = (): void => this.#receive();
  #handler: MessageHandler | undefined;
  /** Whether messages will be sent when this turn ends, or when there is room. */
  #sending = false;
  #receiving = false;
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
    if (!this.#sending) {
      this.#sending = true;
      setImmediate(this.#flush);
    }
    return this.#writer;
  }

  listen(handler: MessageHandler): void {
    assert(this.#handler === undefined, "a port has one handler");
    this.#handler = handler;
    this.#receiving = true;
    setImmediate(this.#goOn);
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
    if (this.hasRoom) return Promise.resolve();
    return new Promise((resolve) => void this.#wantRoom.push(resolve));
  }

  /** Sends what was posted at once. At the end of a thread, what the other end has no room for is lost. */
  flush(): void {
    this.#send();
  }

  /** Passes on all that has arrived, without a pause, after the other thread has ended. */
  drain(): void {
    if (this.#handler !== undefined) this.#receive(Number.POSITIVE_INFINITY);
  }

  close(): void {
    this.#closed = true;
    this.#door.close();
  }

  #woken(): void {
    if (this.#sending) this.#send();
    if (!this.#receiving && this.#handler !== undefined) this.#receive();
  }

  #send(): void {
    if (this.#closed) return;
    this.#writer.end();
    if (this.#writer.waitingBytes === 0) {
      // Everything was sent by `flush`, and the other end must not be woken again for nothing.
      this.#sending = false;
      return;
    }
    let all = this.#outgoing.put(this.#writer);
    while (!all && !this.#outgoing.waitForRoom()) all = this.#outgoing.put(this.#writer);
    if (this.#outgoing.readerSleeps()) this.#door.postMessage(null);
    this.#sending = !all;
    if (this.#wantRoom.length > 0 && this.hasRoom) this.#giveRoom();
  }

  #giveRoom(): void {
    const waiting = this.#wantRoom;
    this.#wantRoom = [];
    for (const resolve of waiting) resolve();
  }

  /** Handles messages until none are left, or the turn is over. */
  #receive(endsAt = performance.now() + sliceMs): void {
    this.#receiving = true;
    while (!this.#closed) {
      for (let message = this.#frames.next(); message !== undefined; message = this.#frames.next()) {
        this.#handler?.(this.#frames.kind, message);
        if (performance.now() < endsAt) continue;
        setImmediate(this.#goOn);
        return;
      }
      const bytes = this.#incoming.take();
      if (bytes !== undefined) {
        this.#frames.feed(bytes);
        if (this.#incoming.writerWaits()) this.#door.postMessage(null);
      } else if (this.#incoming.sleep()) break;
    }
    this.#receiving = false;
  }
}
