import { ConnectionError, errorCodes, frameFlags, unpadded, violation } from "./frames.js";

/** A header block, as it comes; whoever sends a longer one cannot be read any further. */
const blockBytesMax = 256 * 1024;
/** Frames of one block. Empty ones are counted too. */
const framesMax = 101;
const priorityBytes = 5;

/** A header block that has come whole. */
export interface HeaderBlock {
  readonly stream: number;
  readonly endsStream: boolean;
  /** It says that its stream depends on itself, which none can (RFC 7540, 5.3.1). */
  readonly selfish: boolean;
  readonly bytes: Buffer;
}

interface OpenBlock extends Omit<HeaderBlock, "bytes"> {
  readonly parts: Buffer[];
  length: number;
}

/** Puts the header blocks of a connection together, which come in one frame or in several. */
export class HeaderBlocks {
  #open: OpenBlock | undefined;

  /** The stream whose block has not come to its end: no other frame may come before it does. */
  get openStream(): number | undefined {
    return this.#open?.stream;
  }

  /** What it keeps of a block that has not come whole. */
  get keptBytes(): number {
    return this.#open?.length ?? 0;
  }

  /**
   * A HEADERS frame has come.
   *
   * @returns the block, when it is whole
   * @throws ConnectionError
   */
  begin(flags: number, stream: number, payload: Buffer): HeaderBlock | undefined {
    let part = unpadded(flags, payload);
    let selfish = false;
    if ((flags & frameFlags.priority) !== 0) {
      if (part.length < priorityBytes) throw new ConnectionError(errorCodes.frameSize, "a priority that is cut");
      selfish = dependencyOf(part) === stream;
      part = part.subarray(priorityBytes);
    }
    const endsStream = (flags & frameFlags.endStream) !== 0;
    if ((flags & frameFlags.endHeaders) !== 0) return { stream, endsStream, selfish, bytes: part };
    this.#open = { stream, endsStream, selfish, parts: [part], length: part.length };
    return undefined;
  }

  /** A CONTINUATION frame has come; otherwise as `begin`. */
  goOn(flags: number, payload: Buffer): HeaderBlock | undefined {
    const block = this.#open;
    if (block === undefined) throw violation("a continuation of nothing");
    block.length += payload.length;
    block.parts.push(payload);
    if (block.length > blockBytesMax || block.parts.length > framesMax) {
      throw new ConnectionError(errorCodes.enhanceYourCalm, "a header block that does not end");
    }
    if ((flags & frameFlags.endHeaders) === 0) return undefined;
    this.#open = undefined;
    const { stream, endsStream, selfish, parts } = block;
    return { stream, endsStream, selfish, bytes: Buffer.concat(parts) };
  }
}

/** The stream that a priority names as the one to come first. */
export function dependencyOf(priority: Buffer): number {
  return priority.readUInt32BE(0) & 0x7fffffff;
}
