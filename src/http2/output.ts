import type { Duplex } from "node:stream";
import { frameHeaderBytes, frameTypes } from "./frames.js";
import type { Pot } from "./memory.js";
import type { Reading } from "./reading.js";
import { returnSlab, type Slab, takeSlab } from "./slabs.js";

/** What a socket may keep for a client that does not read before its streams have to wait. */
const backlogBytesMax = 256 * 1024;
/** What is sent without waiting may take so much beyond that; then nothing more is read that would lead to more. */
const unpausedBytesMax = 256 * 1024;
/** What a socket keeps for a client that does not read. */
const congestedBytes = backlogBytesMax + unpausedBytesMax;
/**
 * A piece shorter than this is copied for a slow client, so that the piece does not pin the slab it shares with other
 * connections.
 */
const copiedBytesMax = 16 * 1024;

/**
 * What is written to one connection: collected while the event loop's turn lasts, and handed to the socket in one
 * piece. Answers to requests that were agreed on together leave together. A client that takes nothing of what it is
 * sent is read no further once too much of it waits.
 */
export class Output {
  readonly #socket: Duplex;
  readonly #reading: Reading;
  readonly #onRoom: () => void;
  readonly #memory: Pot;
  /** Holds what is not handed over; undefined when that is nothing. */
  #slab: Slab | undefined;
  /** Where it begins. */
  #start = 0;
  #scheduled = false;
  #congested = false;
  /** The connection is not read until the client takes what it was sent. */
  #paused = false;
  /** Bytes of frames exempt from flow control that were written since the client last took everything. */
  #unheldBytes = 0;

  /**
   * @param memory a congested socket is counted there, with all that it may keep
   * @param onRoom called when a socket that was congested has room again
   */
  constructor(socket: Duplex, reading: Reading, memory: Pot, onRoom: () => void) {
    this.#socket = socket;
    this.#reading = reading;
    this.#memory = memory;
    this.#onRoom = onRoom;
    socket.once("close", () => {
      if (this.#congested) memory.release(congestedBytes);
      this.#congested = false;
    });
    socket.on("drain", () => {
      if (!this.#congested) return;
      this.#congested = false;
      memory.release(congestedBytes);
      this.#unheldBytes = 0;
      if (this.#paused) reading.resume();
      this.#paused = false;
      this.#onRoom();
    });
  }

  /** Whether the client takes less than it is sent: what can wait should. */
  get congested(): boolean {
    return this.#congested;
  }

  /** Puts down a frame's header and makes room for its payload, which must follow at once. */
  frame(type: number, flags: number, stream: number, payloadBytes: number): void {
    const slab = this.#reserve(frameHeaderBytes + payloadBytes);
    if (type !== frameTypes.data) this.#unheldBytes += frameHeaderBytes + payloadBytes;
    const { bytes } = slab;
    let at = slab.used;
    bytes[at++] = payloadBytes >>> 16;
    bytes[at++] = payloadBytes >>> 8;
    bytes[at++] = payloadBytes;
    bytes[at++] = type;
    bytes[at++] = flags;
    slab.used = bytes.writeUInt32BE(stream, at);
    this.#schedule();
  }

  bytes(bytes: Uint8Array): void {
    const slab = this.#begun();
    slab.bytes.set(bytes, slab.used);
    slab.used += bytes.length;
  }

  uint32(value: number): void {
    const slab = this.#begun();
    slab.used = slab.bytes.writeUInt32BE(value >>> 0, slab.used);
  }

  uint16(value: number): void {
    const slab = this.#begun();
    slab.used = slab.bytes.writeUInt16BE(value, slab.used);
  }

  /** Hands over what has been put down. */
  flush(): void {
    this.#scheduled = false;
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#slab = undefined;
    const written = slab.bytes.subarray(this.#start, slab.used);
    returnSlab(slab);
    if (!this.#socket.writable) return;
    // What a slow client keeps waiting is to keep no more than itself.
    const waits = this.#socket.writableLength > 0 && written.length < copiedBytesMax;
    this.#socket.write(waits ? copyOf(written) : written);
    if (!this.#congested && this.#socket.writableLength > backlogBytesMax) {
      this.#congested = true;
      this.#memory.take(congestedBytes);
    }
    if (!this.#congested) this.#unheldBytes = 0;
    else if (this.#unheldBytes > unpausedBytesMax && !this.#paused) {
      this.#paused = true;
      this.#reading.pause();
    }
  }

  /** A slab with so much room; what was put down before is handed over when it has not. */
  #reserve(bytes: number): Slab {
    let slab = this.#slab;
    if (slab !== undefined && slab.used + bytes > slab.bytes.length) {
      const scheduled = this.#scheduled;
      this.flush();
      this.#scheduled = scheduled;
      slab = undefined;
    }
    if (slab === undefined) {
      slab = takeSlab();
      this.#slab = slab;
      this.#start = slab.used;
    }
    return slab;
  }

  /** In the middle of a frame. */
  #begun(): Slab {
    if (this.#slab === undefined) throw new Error("a payload without a frame");
    return this.#slab;
  }

  /** After everything that this turn has to say: what promises lead to runs before the next tick does. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.flush());
  }
}

function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
