import type { Http2Stream } from "../../http2/index.js";

/** The length of a message's prefix: one byte for the compression flag and four for the length. */
export const prefixBytes = 5;
/** Alike messages are joined up to this length. Copying longer ones costs more than sending them in pieces. */
const joinedBytesMax = 16 * 1024;
const nothing = new Uint8Array(0);

/** An encoded message in pieces, which are sent without being joined. They must not be changed any more. */
export interface MessageInPieces {
  /** The total length of the pieces in bytes. */
  readonly length: number;
  readonly pieces: readonly Uint8Array[];
}

/**
 * Encoded messages that differ only in a few bytes in their middle, such as the responses to the watchers of one key.
 * The same object may be sent on any number of streams, so it must not be changed.
 */
export class AlikeMessages {
  /** The bytes that each message begins with, and those that each ends with. */
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  /** The bytes between these, for each message, in the order in which they are sent. */
  readonly own: readonly Uint8Array[];
  /** The total length of all messages in bytes. */
  readonly length: number;
  #framed: Uint8Array | undefined;

  constructor(first: Uint8Array, own: readonly Uint8Array[], last: Uint8Array) {
    this.first = first;
    this.own = own;
    this.last = last;
    let length = own.length * (first.length + last.length);
    for (const bytes of own) length += bytes.length;
    this.length = length;
  }

  /** The messages, one by one. */
  *each(): Generator<MessageInPieces, void, undefined> {
    const { first, own, last } = this;
    for (const bytes of own) yield { length: this.#lengthOf(bytes), pieces: [Buffer.concat([first, bytes]), last] };
  }

  /** The messages as they are sent on a stream, each with its prefix. Joined once, however many streams get them. */
  framed(): Uint8Array {
    this.#framed ??= this.#frame();
    return this.#framed;
  }

  #frame(): Uint8Array {
    const { first, own, last } = this;
    const framed = Buffer.allocUnsafe(this.length + own.length * prefixBytes);
    let at = 0;
    let ownBytes = -1;
    for (const bytes of own) {
      const length = this.#lengthOf(bytes);
      const end = at + prefixBytes + length;
      const ownAt = at + prefixBytes + first.length;
      if (bytes.length === ownBytes) {
        // The message before it differs only in the bytes of its own. One copy costs less than one of each part.
        framed.copyWithin(at, at + at - end, at);
      } else {
        framed[at] = 0;
        framed.writeUInt32BE(length, at + 1);
        framed.set(first, at + prefixBytes);
        framed.set(last, ownAt + bytes.length);
        ownBytes = bytes.length;
      }
      for (let i = 0; i < ownBytes; i++) framed[ownAt + i] = bytes[i] ?? 0;
      at = end;
    }
    return framed;
  }

  #lengthOf(own: Uint8Array): number {
    return this.first.length + own.length + this.last.length;
  }
}

/** The prefix of a message to send. */
export function messagePrefix(length: number): Uint8Array {
  const prefix = Buffer.allocUnsafe(prefixBytes);
  prefix[0] = 0;
  prefix.writeUInt32BE(length, 1);
  return prefix;
}

/** Sends a message in pieces. */
export function writeInPieces(stream: Pick<Http2Stream, "write" | "writeAll">, message: MessageInPieces): void {
  const prefix = messagePrefix(message.length);
  const [first, second, ...more] = message.pieces;
  // Two pieces, as a chunk of a range has, are written like any short message.
  const inTwo = first !== undefined && second !== undefined && more.length === 0;
  if (inTwo) stream.write(Buffer.concat([prefix, first]), second);
  else stream.writeAll([prefix, ...message.pieces]);
}

/** Sends messages that are alike. */
export function sendAlike(stream: Pick<Http2Stream, "write" | "writeAll">, messages: AlikeMessages): void {
  if (messages.length <= joinedBytesMax) stream.write(nothing, messages.framed());
  else for (const message of messages.each()) writeInPieces(stream, message);
}
