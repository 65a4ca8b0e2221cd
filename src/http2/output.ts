import type { Duplex } from "node:stream";
import { frameHeaderBytes, frameTypes } from "./frames.js";
import type { Pot } from "./memory.js";
import type { Reading } from "./reading.js";
import { returnSlab, type Slab, takeSlab } from "./slabs.js";

/** The most bytes in a socket's buffer before streams have to wait. */
const backlogBytesMax = 256 * 1024;
/**
 * The most bytes beyond that of frames that need not wait. Then the connection is no longer read, so that no more of
 * them arise.
 */
const unpausedBytesMax = 256 * 1024;
/** Bytes counted for a socket whose client does not read. */
const congestedBytes = backlogBytesMax + unpausedBytesMax;
/**
 * A piece shorter than this is copied for a slow client, so that the piece does not pin the slab it shares with other
 * connections.
 */
const copiedBytesMax = 16 * 1024;
/** Bytes from this length on are not copied. For shorter ones a copy costs less than a piece of their own. */
const pieceBytesMin = 8 * 1024;
/** Bytes are copied unless they are at least this share of what they keep in memory. */
const pieceShareMin = 1 / 8;
/** Length from which the platform's copy is faster than a loop. */
const longBytes = 12;

/**
 * The bytes written to one connection. They are collected during a turn of the event loop and passed to the socket in
 * one piece, so answers to requests that were committed together are sent together. When a client does not read and too
 * much waits for it, its connection is not read either.
 */
export class Output {
  readonly #socket: Duplex;
  readonly #reading: Reading;
  readonly #onRoom: () => void;
  readonly #memory: Pot;
  /** The bytes that are passed to the socket before those of the slab. */
  #pieces: Uint8Array[] = [];
  /** Slab with the bytes that are not passed to the socket yet; undefined when there are none. */
  #slab: Slab | undefined;
  /** Offset of the first of these bytes in the slab. */
  #start = 0;
  #scheduled = false;
  #congested = false;
  /** The connection is not read until the client has read what was sent. */
  #paused = false;
  /** Bytes of frames exempt from flow control that were written since the client last took everything. */
  #unheldBytes = 0;

  /**
   * @param memory counts a congested socket, with all that it may buffer
   * @param onRoom called when a congested socket has room again
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

  /** Whether the client reads more slowly than it is sent data: everything that can wait should. */
  get congested(): boolean {
    return this.#congested;
  }

  /**
   * Writes a frame's header and reserves room for its payload, which must follow at once.
   *
   * @param copiedBytes how much of the payload is not written with `piece`
   */
  frame(type: number, flags: number, stream: number, payloadBytes: number, copiedBytes = payloadBytes): void {
    const slab = this.#reserve(frameHeaderBytes + copiedBytes);
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
    const { length } = bytes;
    if (length < longBytes) for (let i = 0; i < length; i++) slab.bytes[slab.used + i] = bytes[i] ?? 0;
    else slab.bytes.set(bytes, slab.used);
    slab.used += length;
  }

  /** Writes bytes for which `isPiece` holds: they are passed to the socket as they are. */
  piece(bytes: Uint8Array): void {
    const slab = this.#begun();
    this.#pieces.push(slab.bytes.subarray(this.#start, slab.used), bytes);
    this.#start = slab.used;
  }

  uint32(value: number): void {
    const slab = this.#begun();
    slab.used = slab.bytes.writeUInt32BE(value >>> 0, slab.used);
  }

  uint16(value: number): void {
    const slab = this.#begun();
    slab.used = slab.bytes.writeUInt16BE(value, slab.used);
  }

  /** Passes the collected bytes to the socket. */
  flush(): void {
    this.#scheduled = false;
    const slab = this.#slab;
    if (slab === undefined) return;
    this.#slab = undefined;
    const written = slab.bytes.subarray(this.#start, slab.used);
    returnSlab(slab);
    const pieces = this.#pieces;
    if (pieces.length > 0) this.#pieces = [];
    if (!this.#socket.writable) return;
    // Bytes that wait for a slow client must not pin a slab.
    const waits = this.#socket.writableLength > 0;
    const kept = (bytes: Uint8Array) =>
      waits && bytes.length < copiedBytesMax && !isPiece(bytes) ? copyOf(bytes) : bytes;
    if (pieces.length === 0) this.#socket.write(kept(written));
    else {
      // All pieces go to the system in one call.
      this.#socket.cork();
      for (const piece of pieces) this.#socket.write(kept(piece));
      if (written.length > 0) this.#socket.write(kept(written));
      this.#socket.uncork();
    }
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

  /** Returns a slab with this much room. If the current one has less, its bytes are passed to the socket first. */
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

  /** The slab of the frame that is being written. */
  #begun(): Slab {
    if (this.#slab === undefined) throw new Error("a payload without a frame");
    return this.#slab;
  }

  /** Flushes after all output of this turn: callbacks of promises run before the next tick. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(() => this.flush());
  }
}

/** Whether bytes should not be copied: they are long, and keep not much more in memory. */
export function isPiece({ length, buffer }: Uint8Array): boolean {
  return length >= pieceBytesMin && length >= pieceShareMin * buffer.byteLength;
}

function copyOf(bytes: Uint8Array): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copy.set(bytes);
  return copy;
}
