import type { Duplex } from "node:stream";
import { frameHeaderBytes, frameTypes } from "./frames.js";

const slabBytes = 64 * 1024;
/** What a socket may keep for a client that does not read before its streams have to wait. */
const backlogBytesMax = 256 * 1024;
/** What is sent without waiting may take so much beyond that; then nothing more is read that would lead to more. */
const unpausedBytesMax = 256 * 1024;

/**
 * What is written to one connection: collected while the event loop's turn lasts, and handed to the socket in one
 * piece. Answers to requests that were agreed on together leave together. A client that takes nothing of what it is
 * sent is read no further once too much of it waits.
 */
export class Output {
  readonly #socket: Duplex;
  readonly #onRoom: () => void;
  #slab: Buffer = Buffer.allocUnsafeSlow(slabBytes);
  /** Of what is not handed over: its beginning and its end. */
  #start = 0;
  #end = 0;
  #scheduled = false;
  #congested = false;
  /** Of frames that no window holds back, since the client last took all it was sent. */
  #unheldBytes = 0;

  /** @param onRoom called when a socket that was congested has room again */
  constructor(socket: Duplex, onRoom: () => void) {
    this.#socket = socket;
    this.#onRoom = onRoom;
    socket.on("drain", () => {
      if (!this.#congested) return;
      this.#congested = false;
      this.#unheldBytes = 0;
      if (socket.isPaused()) socket.resume();
      this.#onRoom();
    });
  }

  /** Whether the client takes less than it is sent: what can wait should. */
  get congested(): boolean {
    return this.#congested;
  }

  /** Puts down a frame's header and makes room for its payload, which must follow at once. */
  frame(type: number, flags: number, stream: number, payloadBytes: number): void {
    this.#reserve(frameHeaderBytes + payloadBytes);
    if (type !== frameTypes.data) this.#unheldBytes += frameHeaderBytes + payloadBytes;
    const slab = this.#slab;
    let at = this.#end;
    slab[at++] = payloadBytes >>> 16;
    slab[at++] = payloadBytes >>> 8;
    slab[at++] = payloadBytes;
    slab[at++] = type;
    slab[at++] = flags;
    this.#end = slab.writeUInt32BE(stream, at);
    this.#schedule();
  }

  bytes(bytes: Uint8Array): void {
    this.#slab.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  uint32(value: number): void {
    this.#end = this.#slab.writeUInt32BE(value >>> 0, this.#end);
  }

  uint16(value: number): void {
    this.#end = this.#slab.writeUInt16BE(value, this.#end);
  }

  /** Hands over what has been put down. */
  flush(): void {
    this.#scheduled = false;
    if (this.#end === this.#start || !this.#socket.writable) return;
    this.#socket.write(this.#slab.subarray(this.#start, this.#end));
    this.#start = this.#end;
    if (this.#socket.writableLength > backlogBytesMax) this.#congested = true;
    if (!this.#congested) this.#unheldBytes = 0;
    else if (this.#unheldBytes > unpausedBytesMax) this.#socket.pause();
  }

  #reserve(bytes: number): void {
    if (this.#end + bytes <= this.#slab.length) return;
    const scheduled = this.#scheduled;
    this.flush();
    this.#scheduled = scheduled;
    // The socket may still hold the old one.
    this.#slab = Buffer.allocUnsafeSlow(slabBytes);
    this.#start = 0;
    this.#end = 0;
  }

  /** After everything that this turn has to say: what promises lead to runs before the next tick does. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.flush());
  }
}
