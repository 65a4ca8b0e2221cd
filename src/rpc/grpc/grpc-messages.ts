import { promisify } from "node:util";
import { gunzip, inflate } from "node:zlib";
import { errorText, GrpcCode } from "../../base/index.js";
import { Pieces } from "../../http2/index.js";
import { CallError } from "../services/status.js";

/** A flag, whether the message is compressed, and its length. */
const prefixBytes = 5;

type Decompressor = (bytes: Buffer, limit: { maxOutputLength: number }) => Promise<Buffer>;

/** On a thread of libuv's: a message of a few KiB may become as large as any is taken. */
const decompressors: Readonly<Record<string, Decompressor>> = {
  gzip: promisify(gunzip),
  deflate: promisify(inflate),
};

/** Messages are opened one after the other, so that they do not take the threads from those who write to disk. */
let opening: Promise<unknown> = Promise.resolve();

/** What a client may compress its messages with. */
export const acceptedEncodings = "identity,deflate,gzip";

export function isAcceptedEncoding(encoding: string): boolean {
  return encoding === "identity" || Object.hasOwn(decompressors, encoding);
}

/** A message as it came; what is compressed stays so until somebody wants it, for it may be a thousand times larger. */
export interface ReceivedMessage {
  readonly compressed: boolean;
  readonly bytes: Buffer;
}

/** Cuts the body of a call into its messages; what has come of the next one is all it keeps. */
export class MessageReader {
  readonly #bytesMax: number;
  readonly #encoding: string;
  readonly #kept = new Pieces();
  /** So many are needed before anything can be done with them. */
  #needed = prefixBytes;

  /** @param encoding one that is accepted */
  constructor(bytesMax: number, encoding: string) {
    this.#bytesMax = bytesMax;
    this.#encoding = encoding;
  }

  /** In the middle of a message. */
  get partial(): boolean {
    return this.#kept.bytes > 0;
  }

  /** In the middle of one whose length has come. */
  get cut(): boolean {
    return this.#kept.bytes >= prefixBytes;
  }

  /**
   * Hands over the messages that are complete with this, views of what came where that is possible.
   *
   * @param take false when no more messages are wanted: what follows is not looked at
   * @throws CallError for one that is too long, as soon as it says so, or compressed in no way that was announced
   */
  feed(chunk: Buffer, take: (message: ReceivedMessage) => boolean): void {
    let bytes = chunk;
    if (this.#kept.bytes > 0) {
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
    if (at < bytes.length) this.#kept.push(bytes.subarray(at));
  }

  /** Decompresses a compressed message. @throws CallError when it cannot be, or becomes too long by that */
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

/** What goes before a message on its way out. */
export function messagePrefix(length: number): Uint8Array {
  const prefix = Buffer.allocUnsafe(prefixBytes);
  prefix[0] = 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** In grpc-go's words. */
function tooLong(length: number, most: number): CallError {
  return new CallError(GrpcCode.ResourceExhausted, `grpc: received message larger than max (${length} vs. ${most})`);
}
