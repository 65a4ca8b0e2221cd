import { Duplex } from "node:stream";
import type { LoopTurn } from "../../base/index.js";

/**
 * The maximum length of a piece of a frame. The mask of a frame repeats every four bytes, so a piece whose length is a
 * multiple of four ends where the mask begins again.
 */
export const frameBytesMax = 64 * 1024;
/** The longest head of a frame: two bytes, a length of up to eight, and a mask of four (RFC 6455, 5.2). */
const headBytesMax = 14;
const maskBytes = 4;
const [lengthOf16, lengthOf64] = [126, 127];
const [finalBit, opcodeBits, lengthBits, maskBit] = [0x80, 0x0f, 0x7f, 0x80];
/** The first opcode of control frames, which are short and never fragmented. */
const firstControl = 0x8;

/**
 * Stands between a websocket's connection and the library that reads its frames. It passes frames on in turns of the
 * event loop that have time, and cuts long frames into fragments. The library unmasks a frame only when it is complete,
 * which would block the event loop too long for a frame of megabytes, or for the frames of many clients.
 *
 * Emits `taken` with the number of bytes whenever it has read from the connection.
 */
export class PacedFrames extends Duplex {
  readonly #socket: Duplex;
  readonly #turn: LoopTurn;
  readonly #messageBytesMax: number;
  /** The beginning of an incomplete head of a frame. */
  #head: Buffer = Buffer.alloc(0);
  /** The bytes of the current frame that have not been passed on. */
  #leftBytes = 0;
  /** The bytes of the current piece that have not been passed on. */
  #partBytes = 0;
  /** The first byte and the mask of the current frame's head. */
  #first = 0;
  #mask: Buffer = Buffer.alloc(0);
  #wanted = false;
  #deferred = false;
  #stepping = false;
  #ignored = false;

  /**
   * @param socket nobody else may read it from now on
   * @param messageBytesMax a longer frame keeps its head, so that the library refuses it before it has arrived
   */
  constructor(socket: Duplex, turn: LoopTurn, messageBytesMax: number) {
    super({ allowHalfOpen: true, readableHighWaterMark: frameBytesMax });
    this.#socket = socket;
    this.#turn = turn;
    this.#messageBytesMax = messageBytesMax;
    socket.on("readable", () => this.#pump());
    socket.once("end", () => this.push(null));
    socket.on("error", (error) => this.destroy(error));
    socket.once("close", () => this.destroy());
  }

  /** Reads and drops everything that has not been passed on. Called by a listener of `taken`. */
  ignore(): void {
    this.#ignored = true;
  }

  override _read(): void {
    this.#wanted = true;
    this.#pump();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, written: (error?: Error | null) => void): void {
    this.#socket.write(chunk, written);
  }

  override _final(ended: () => void): void {
    this.#socket.end(ended);
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#socket.destroy();
    destroyed(error);
  }

  #pump(): void {
    while (this.#wanted && !this.#deferred && !this.#stepping) {
      if (this.#turn.over) {
        this.#deferred = true;
        this.#turn.defer(() => {
          this.#deferred = false;
          if (this.#step()) this.#pump();
        });
        return;
      }
      if (!this.#step()) return;
    }
  }

  /** Passes on the next piece. @returns false when no data has arrived */
  #step(): boolean {
    if (!this.#wanted || this.destroyed) return false;
    const chunk: Buffer | null = this.#socket.read();
    if (chunk === null) return false;
    if (this.#ignored) return true;
    this.emit("taken", chunk.length);
    if (this.#ignored) return true;
    this.#wanted = false;
    this.#stepping = true;
    let more = true;
    for (let at = 0; at < chunk.length; ) {
      const [end, out] = this.#leftBytes > 0 ? this.#payload(chunk, at) : this.#frame(chunk, at);
      at = end;
      for (const piece of out) more = this.push(piece);
    }
    this.#stepping = false;
    // Node does not call `_read` again when nothing was pushed, as after half a head.
    if (more) this.#wanted = true;
    return true;
  }

  /** Reads a frame's head, or as much of it as has arrived. */
  #frame(chunk: Buffer, at: number): readonly [end: number, out: readonly Buffer[]] {
    const known = this.#head.length;
    const head = Buffer.concat([this.#head, chunk.subarray(at, at + headBytesMax - known)]);
    const bytes = headBytes(head);
    if (head.length < bytes) {
      this.#head = head;
      return [at + head.length - known, []];
    }
    this.#head = Buffer.alloc(0);
    const whole = head.subarray(0, bytes);
    const end = at + bytes - known;
    const [first = 0, second = 0] = whole;
    this.#leftBytes = payloadBytes(whole);
    this.#first = first;
    this.#mask = whole.subarray((second & maskBit) === 0 ? bytes : bytes - maskBytes);
    this.#partBytes = this.#leftBytes;
    const isPart = this.#leftBytes > frameBytesMax && this.#leftBytes <= this.#messageBytesMax;
    return [end, [isPart && (first & opcodeBits) < firstControl ? this.#part() : whole]];
  }

  #payload(chunk: Buffer, at: number): readonly [end: number, out: readonly Buffer[]] {
    const piece = chunk.subarray(at, at + this.#partBytes);
    this.#partBytes -= piece.length;
    this.#leftBytes -= piece.length;
    const isNext = this.#partBytes === 0 && this.#leftBytes > 0;
    return [at + piece.length, isNext ? [piece, this.#part()] : [piece]];
  }

  /** Begins the next fragment of the current frame. */
  #part(): Buffer {
    this.#partBytes = Math.min(this.#leftBytes, frameBytesMax);
    const isLast = this.#partBytes === this.#leftBytes;
    const head = Buffer.alloc(10);
    head[0] = isLast ? this.#first : this.#first & ~finalBit;
    head[1] = lengthOf64 | (this.#mask.length > 0 ? maskBit : 0);
    head.writeBigUInt64BE(BigInt(this.#partBytes), 2);
    this.#first &= ~opcodeBits; // The following fragments are continuation frames.
    return Buffer.concat([head, this.#mask]);
  }
}

/** The length of a head, or of the part that is known after its first two bytes. */
function headBytes([, second]: Buffer): number {
  if (second === undefined) return 2;
  const length = second & lengthBits;
  const extended = length === lengthOf16 ? 2 : length === lengthOf64 ? 8 : 0;
  return 2 + extended + ((second & maskBit) === 0 ? 0 : maskBytes);
}

function payloadBytes(head: Buffer): number {
  const length = (head[1] ?? 0) & lengthBits;
  if (length === lengthOf16) return head.readUInt16BE(2);
  return length === lengthOf64 ? Number(head.readBigUInt64BE(2)) : length;
}
