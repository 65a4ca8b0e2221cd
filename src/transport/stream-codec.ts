import { writeBE64 } from "../base/index.js";
import type { Message } from "../raft/index.js";
import { ByteQueue } from "./byte-queue.js";
import { decodeMessage, encodeMessage, isLinkHeartbeat, linkHeartbeat } from "./message-codec.js";

/** The two streams between members: one for log entries, one for everything else. */
export type StreamKind = "msgapp" | "message";

/** The most bytes of a message; a larger length is taken for garbage. etcd has the same limit. */
export const messageBytesMax = 512 * 1024 * 1024;

/**
 * Encodes messages for one stream. The encoding may depend on earlier messages, so each connection needs its own
 * encoder.
 */
export interface StreamEncoder {
  /** Appends the bytes of `message` to `pieces`. */
  encode(message: Message, pieces: Uint8Array[]): void;
  heartbeat(pieces: Uint8Array[]): void;
}

/** Decodes messages from the bytes of one stream, however these are split. Each connection needs its own decoder. */
export interface StreamDecoder {
  /**
   * Takes the next bytes and delivers every message that they complete, except heartbeats of the link.
   *
   * @throws StreamError, WireError when the bytes are not those of a member; the stream must not be read any further
   */
  decode(chunk: Uint8Array, deliver: (message: Message) => void): void;
}

/** The bytes of a stream are malformed. */
export class StreamError extends Error {
  override readonly name = "StreamError";
}

/** Encodes each message as its length and its bytes. */
export class MessageEncoder implements StreamEncoder {
  encode(message: Message, pieces: Uint8Array[]): void {
    const bytes = encodeMessage(message);
    pieces.push(uint64(bytes.byteLength), bytes);
  }

  heartbeat(pieces: Uint8Array[]): void {
    this.encode(linkHeartbeat, pieces);
  }
}

export class MessageDecoder implements StreamDecoder {
  readonly #queue = new ByteQueue();
  /** Length of the next message in bytes; undefined until its header is read. */
  #size: number | undefined;

  decode(chunk: Uint8Array, deliver: (message: Message) => void): void {
    this.#queue.push(chunk);
    for (let message = this.#next(); message !== undefined; message = this.#next()) {
      if (!isLinkHeartbeat(message)) deliver(message);
    }
  }

  #next(): Message | undefined {
    if (this.#size === undefined) {
      if (this.#queue.length < 8) return undefined;
      this.#size = readSize(this.#queue);
    }
    if (this.#queue.length < this.#size) return undefined;
    const bytes = this.#queue.take(this.#size);
    this.#size = undefined;
    return decodeMessage(bytes);
  }
}

/** @throws StreamError when the length exceeds `bytesMax` */
export function readSize(queue: ByteQueue, bytesMax = messageBytesMax): number {
  const size = queue.uint64();
  if (size > bytesMax) throw new StreamError(`a message of ${size} bytes exceeds the limit of ${bytesMax}`);
  return size;
}

export function uint64(value: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(8);
  writeBE64(bytes, 0, value);
  return bytes;
}
