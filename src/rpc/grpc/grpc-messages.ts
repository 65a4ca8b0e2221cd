import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { errorText, GrpcCode } from "../../base/index.js";
import { Pieces } from "../../http2/index.js";
import { CallError } from "../services/status.js";
import { prefixBytes } from "./sent-messages.js";

type Decompressor = (bytes: Buffer, limit: { maxOutputLength: number }) => Promise<Buffer>;

/**
 * Decompressors by encoding. They run on libuv's threads, since a few KiB may expand to the largest allowed message.
 * zlib is loaded by the first message that needs it.
 */
const decompressors: Readonly<Record<string, Decompressor>> = {
  gzip: (bytes, limit) => promisify(gunzip)(bytes, limit),
  deflate: (bytes, limit) => promisify(inflate)(bytes, limit),
};

/** Messages are decompressed one after the other, so that threads stay free for writes to the disk. */
let opening: Promise<unknown> = Promise.resolve();

/** The encodings in which clients may send messages. */
export const acceptedEncodings = "identity,deflate,gzip";

export function isAcceptedEncoding(encoding: string): boolean {
  return encoding === "identity" || Object.hasOwn(decompressors, encoding);
}

/** A received message. It stays compressed until a handler asks for it, since it may expand a thousandfold. */
export interface ReceivedMessage {
  readonly compressed: boolean;
  readonly bytes: Buffer;
}

/** Cuts the body of a call into messages. It buffers only the beginning of the next message. */
export class MessageReader {
  readonly #bytesMax: number;
  readonly #encoding: string;
  /** The beginning of the next message; undefined before the first one that arrives in parts. */
  #kept: Pieces | undefined;
  /** The number of buffered bytes needed for the next step: a whole prefix, or a whole message. */
  #needed = prefixBytes;

  /** @param encoding one of `acceptedEncodings` */
  constructor(bytesMax: number, encoding: string) {
    this.#bytesMax = bytesMax;
    this.#encoding = encoding;
  }

  /** Whether a part of a message has arrived. */
  get partial(): boolean {
    return this.#keptBytes > 0;
  }

  /** Whether a message's prefix has arrived, and the message is incomplete. */
  get cut(): boolean {
    return this.#keptBytes >= prefixBytes;
  }

  /**
   * Takes the next bytes and passes on the messages that they complete, as views of the bytes where possible.
   *
   * @param take returns false when no further messages are wanted; the rest of the bytes is then ignored
   * @throws CallError for a message whose prefix says that it is too long, or that is compressed without an encoding
   */
  feed(chunk: Buffer, take: (message: ReceivedMessage) => boolean): void {
    let bytes = chunk;
    if (this.#kept !== undefined && this.#kept.bytes > 0) {
      this.#kept.push(chunk);
      if (this.#kept.bytes < this.#needed) return;
      bytes = this.#kept.take();
    }
    let at = 0;
    this.#needed = prefixBytes;
    while (bytes.length - at >= prefixBytes) {
      const length = bytes.readUInt32BE(at + 1);
      this.#check(bytes[at] ?? 0, length);
      const end = at + prefixBytes + length;
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      if (!take({ compressed: bytes[at] === 1, bytes: bytes.subarray(at + prefixBytes, end) })) return;
      at = end;
    }
    if (at === bytes.length) return;
    this.#kept ??= new Pieces();
    this.#kept.push(bytes.subarray(at));
  }

  get #keptBytes(): number {
    return this.#kept?.bytes ?? 0;
  }

  /** Decompresses a message. @throws CallError when it is damaged, or longer than allowed */
  async open({ bytes }: ReceivedMessage): Promise<Uint8Array> {
    const decompress = decompressors[this.#encoding];
    if (decompress === undefined) return bytes;
    const opened = opening.then(() => decompress(bytes, { maxOutputLength: this.#bytesMax }));
    opening = opened.catch(() => undefined);
    try {
      return await opened;
    } catch (error) {
      if (error instanceof RangeError) throw tooLong(this.#bytesMax + 1, this.#bytesMax);
      const why = errorText(error);
      throw new CallError(GrpcCode.Internal, `grpc: failed to decompress the message: ${why}`);
    }
  }

  #check(flag: number, length: number): void {
    if (flag > 1) throw new CallError(GrpcCode.Internal, `grpc: received unexpected payload format ${flag}`);
    if (length > this.#bytesMax) throw tooLong(length, this.#bytesMax);
    if (flag === 1 && decompressors[this.#encoding] === undefined) {
      throw new CallError(GrpcCode.Internal, "grpc: compressed flag set with identity or empty encoding");
    }
  }
}

/** In grpc-go's words. */
function tooLong(length: number, most: number): CallError {
  return new CallError(GrpcCode.ResourceExhausted, `grpc: received message larger than max (${length} vs. ${most})`);
}
