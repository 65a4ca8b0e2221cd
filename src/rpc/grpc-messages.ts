import { gunzipSync, inflateSync } from "node:zlib";
import { GrpcCode } from "../base/index.js";
import { CallError } from "./status.js";

/** A flag, whether the message is compressed, and its length. */
const prefixBytes = 5;

const decompressors: Readonly<Record<string, (bytes: Buffer, limit: { maxOutputLength: number }) => Buffer>> = {
  gzip: gunzipSync,
  deflate: inflateSync,
};

/** What a client may compress its messages with. */
export const acceptedEncodings = "identity,deflate,gzip";

export function isAcceptedEncoding(encoding: string): boolean {
  return encoding === "identity" || Object.hasOwn(decompressors, encoding);
}

/** Cuts the body of a call into its messages; what has come of the next one is all it keeps. */
export class MessageReader {
  readonly #bytesMax: number;
  readonly #encoding: string;
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  /** So many are needed before anything can be done with them. */
  #needed = prefixBytes;

  /** @param encoding one that is accepted */
  constructor(bytesMax: number, encoding: string) {
    this.#bytesMax = bytesMax;
    this.#encoding = encoding;
  }

  /** In the middle of a message. */
  get partial(): boolean {
    return this.#bytes > 0;
  }

  /**
   * The messages that are complete with this, views of what came where that is possible.
   *
   * @throws CallError for one that is too long, as soon as it says so, or cannot be decompressed
   */
  feed(chunk: Uint8Array): readonly Uint8Array[] {
    let bytes = chunk;
    if (this.#bytes > 0) {
      this.#pieces.push(chunk);
      this.#bytes += chunk.length;
      if (this.#bytes < this.#needed) return [];
      bytes = Buffer.concat(this.#pieces);
    }
    const messages: Uint8Array[] = [];
    let at = 0;
    this.#needed = prefixBytes;
    while (bytes.length - at >= prefixBytes) {
      const length = lengthAt(bytes, at + 1);
      if (length > this.#bytesMax) throw tooLong(length, this.#bytesMax);
      const end = at + prefixBytes + length;
      if (end > bytes.length) {
        this.#needed = end - at;
        break;
      }
      messages.push(this.#message(bytes[at] ?? 0, bytes.subarray(at + prefixBytes, end)));
      at = end;
    }
    this.#bytes = bytes.length - at;
    this.#pieces = this.#bytes > 0 ? [bytes.subarray(at)] : [];
    return messages;
  }

  #message(flag: number, bytes: Uint8Array): Uint8Array {
    if (flag === 0) return bytes;
    const decompress = decompressors[this.#encoding];
    if (flag !== 1 || decompress === undefined) {
      throw new CallError(GrpcCode.Internal, "grpc: compressed flag set with identity or empty encoding");
    }
    try {
      return decompress(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), { maxOutputLength: this.#bytesMax });
    } catch (error) {
      const tooMuch = error instanceof RangeError;
      const why = error instanceof Error ? error.message : String(error);
      throw tooMuch
        ? tooLong(this.#bytesMax + 1, this.#bytesMax)
        : new CallError(GrpcCode.Internal, `grpc: failed to decompress the received message: ${why}`);
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

function lengthAt(bytes: Uint8Array, at: number): number {
  const [a = 0, b = 0, c = 0, d = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
  return a * 2 ** 24 + ((b << 16) | (c << 8) | d);
}

/** In grpc-go's words. */
function tooLong(length: number, most: number): CallError {
  return new CallError(GrpcCode.ResourceExhausted, `grpc: received message larger than max (${length} vs. ${most})`);
}
