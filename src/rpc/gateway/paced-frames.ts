import { Duplex } from "node:stream";
import type { LoopTurn } from "../../base/index.js";

/**
 * Longest part of a frame that goes on at once. Frames are masked with four bytes in turn, so that a multiple of four
 * begins the mask anew.
 */
export const frameBytesMax = 64 * 1024;
/** RFC 6455, 5.2: the first two bytes, a length of up to eight, a mask of four. */
const headBytesMax = 14;
const maskBytes = 4;
const [lengthOf16, lengthOf64] = [126, 127];
const [finalBit, opcodeBits, lengthBits, maskBit] = [0x80, 0x0f, 0x7f, 0x80];
/** Opcodes from here on are control frames', which are short and never in parts. */
const firstControl = 0x8;

/**
 * A websocket's connection for the library that reads its frames. They come out in turns of the event loop that have
 * time, and a long frame comes out as fragments: the library unmasks a frame when it is whole, which for one of
 * megabytes takes longer than the loop may be held, and for those of many clients far longer.
 *
 * Emits `taken` with the number of bytes whenever it has read some of the connection.
 */
export class PacedFrames extends Duplex {
  readonly #socket: Duplex;
  readonly #turn: LoopTurn;
  readonly #messageBytesMax: number;
  /** Beginning of a frame's head that has not come whole. */
  #head: Buffer = Buffer.alloc(0);
  /** Bytes of the frame in hand that have not come out. */
  #leftBytes = 0;
  /** Those of its part in hand. */
  #partBytes = 0;
  /** First byte of the head and the mask of the frame in hand. */
  #first = 0;
  #mask: Buffer = Buffer.alloc(0);
  #wanted = false;
  #deferred = false;
  #stepping = false;

  /**
   * @param socket is not to be read by anybody else from now on
   * @param messageBytesMax a longer frame keeps its head, by which the reader refuses it before it has come
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

  /** @returns false when nothing has come */
  #step(): boolean {
    if (!this.#wanted || this.destroyed) return false;
    const chunk: Buffer | null = this.#socket.read();
    if (chunk === null) return false;
    this.emit("taken", chunk.length);
    this.#wanted = false;
    this.#stepping = true;
    let more = true;
    for (let at = 0; at < chunk.length; ) {
      const [end, out] = this.#leftBytes > 0 ? this.#payload(chunk, at) : this.#frame(chunk, at);
      at = end;
      for (const piece of out) more = this.push(piece);
    }
    this.#stepping = false;
    // Node does not ask again when nothing was pushed, as of half a head.
    if (more) this.#wanted = true;
    return true;
  }

  /** Takes a head, or as much of it as has come. */
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

  /** Begins the next fragment of the frame in hand. */
  #part(): Buffer {
    this.#partBytes = Math.min(this.#leftBytes, frameBytesMax);
    const isLast = this.#partBytes === this.#leftBytes;
    const head = Buffer.alloc(10);
    head[0] = isLast ? this.#first : this.#first & ~finalBit;
    head[1] = lengthOf64 | (this.#mask.length > 0 ? maskBit : 0);
    head.writeBigUInt64BE(BigInt(this.#partBytes), 2);
    this.#first &= ~opcodeBits; // The others are continuations.
    return Buffer.concat([head, this.#mask]);
  }
}

/** How long the head is, as far as can be told. */
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
