import { ConnectionError, errorCodes, frameFlags, unpadded, violation } from "./frames.js";

/** The most bytes of a header block. A connection that sends a longer one cannot be read any further. */
const blockBytesMax = 256 * 1024;
/** The most frames of one block; empty ones count, too. */
const framesMax = 101;
const priorityBytes = 5;

/** A complete header block. */
export interface HeaderBlock {
  readonly stream: number;
  readonly endsStream: boolean;
  /** The block makes its stream depend on itself, which is an error (RFC 7540, 5.3.1). */
  readonly selfish: boolean;
  readonly bytes: Buffer;
}

interface OpenBlock extends Omit<HeaderBlock, "bytes"> {
  readonly parts: Buffer[];
  length: number;
}

/** Assembles the header blocks of a connection, each of which arrives in one or more frames. */
export class HeaderBlocks {
  #open: OpenBlock | undefined;

  /** The stream with an incomplete block: no frame of another kind may arrive before the block ends. */
  get openStream(): number | undefined {
    return this.#open?.stream;
  }

  /** Bytes of an incomplete block. */
  get keptBytes(): number {
    return this.#open?.length ?? 0;
  }

  /**
   * Handles a HEADERS frame.
   *
   * @returns the block, if it is complete
   * @throws ConnectionError
   */
  begin(flags: number, stream: number, payload: Buffer): HeaderBlock | undefined {
    let part = unpadded(flags, payload);
    let selfish = false;
    if ((flags & frameFlags.priority) !== 0) {
      if (part.length < priorityBytes)
        throw new ConnectionError(errorCodes.frameSize, "a HEADERS frame is too short for its priority");
      selfish = dependencyOf(part) === stream;
      part = part.subarray(priorityBytes);
    }
    const endsStream = (flags & frameFlags.endStream) !== 0;
    if ((flags & frameFlags.endHeaders) !== 0) return { stream, endsStream, selfish, bytes: part };
    this.#open = { stream, endsStream, selfish, parts: [part], length: part.length };
    return undefined;
  }

  /** Handles a CONTINUATION frame; otherwise like `begin`. */
  goOn(flags: number, payload: Buffer): HeaderBlock | undefined {
    const block = this.#open;
    if (block === undefined) throw violation("CONTINUATION without a header block");
    block.length += payload.length;
    block.parts.push(payload);
    if (block.length > blockBytesMax || block.parts.length > framesMax) {
      throw new ConnectionError(errorCodes.enhanceYourCalm, "a header block is too long");
    }
    if ((flags & frameFlags.endHeaders) === 0) return undefined;
    this.#open = undefined;
    const { stream, endsStream, selfish, parts } = block;
    return { stream, endsStream, selfish, bytes: Buffer.concat(parts) };
  }
}

/** The stream that a priority names as its parent. */
export function dependencyOf(priority: Buffer): number {
  return priority.readUInt32BE(0) & 0x7fffffff;
}
