import { assert } from "../base/index.js";
import { FrameReader } from "./frame-reader.js";
import { MessageWriter } from "./message-writer.js";
import type { MessageHandler, Port } from "./port.js";

/** More queued bytes than this are no room: as many as a port between threads has. */
const roomBytes = 1024 * 1024;

/**
 * Decides when a batch of messages arrives. It must call `deliver` once, at any later time. Whatever the delays are,
 * the batches of one direction arrive in order: the oldest one is delivered.
 */
export type DeliverLater = (deliver: () => void) => void;

/** The two ends of a port within one loop, for simulations and tests. */
export function loopPorts(deliverLater: DeliverLater = setImmediate): readonly [Port, Port] {
  const one = new LoopPort(deliverLater);
  const other = new LoopPort(deliverLater);
  one.connect(other);
  other.connect(one);
  return [one, other];
}

/** One end of a port within one loop. Messages are encoded as between threads, so neither side can share objects. */
class LoopPort implements Port {
  readonly #deliverLater: DeliverLater;
  readonly #writer = new MessageWriter();
  readonly #frames = new FrameReader();
  /** The batches on their way to the other end, oldest first, and the bytes in them. */
  #batches: Buffer[] = [];
  #batchedBytes = 0;
  /** The batches that have arrived before there was a handler. */
  #early: Buffer[] = [];
  #other: LoopPort | undefined;
  #handler: MessageHandler | undefined;
  #posted = false;
  #closed = false;
  #wantRoom: (() => void)[] = [];

  constructor(deliverLater: DeliverLater) {
    this.#deliverLater = deliverLater;
  }

  connect(other: LoopPort): void {
    this.#other = other;
  }

  post(kind: number): MessageWriter {
    this.#writer.begin(kind);
    if (!this.#posted) {
      this.#posted = true;
      queueMicrotask(() => this.#endBatch());
    }
    return this.#writer;
  }

  flush(): void {
    this.#endBatch();
  }

  listen(handler: MessageHandler): void {
    assert(this.#handler === undefined, "a port has one handler");
    this.#handler = handler;
    const early = this.#early;
    this.#early = [];
    for (const batch of early) this.#receive(batch);
  }

  get queuedBytes(): number {
    return this.#writer.waitingBytes + this.#batchedBytes;
  }

  get hasRoom(): boolean {
    return this.queuedBytes < roomBytes;
  }

  room(): Promise<void> {
    if (this.hasRoom || this.#closed) return Promise.resolve();
    return new Promise((resolve) => void this.#wantRoom.push(resolve));
  }

  close(): void {
    this.#closed = true;
    this.#giveRoom();
  }

  #giveRoom(): void {
    const waiting = this.#wantRoom;
    this.#wantRoom = [];
    for (const resolve of waiting) resolve();
  }

  #endBatch(): void {
    if (!this.#posted) return;
    this.#posted = false;
    this.#writer.end();
    const batch = Buffer.allocUnsafeSlow(this.#writer.waitingBytes);
    this.#writer.moveTo(batch);
    this.#batches.push(batch);
    this.#batchedBytes += batch.length;
    this.#deliverLater(() => this.#deliver());
  }

  #deliver(): void {
    const batch = this.#batches.shift();
    if (batch === undefined) return;
    this.#batchedBytes -= batch.length;
    const other = this.#other;
    if (other !== undefined) other.#receive(batch);
    if (this.hasRoom) this.#giveRoom();
  }

  #receive(batch: Buffer): void {
    if (this.#closed) return;
    if (this.#handler === undefined) {
      this.#early.push(batch);
      return;
    }
    this.#frames.feed(batch);
    for (let message = this.#frames.next(); message !== undefined; message = this.#frames.next()) {
      this.#handler(this.#frames.kind, message);
    }
  }
}
