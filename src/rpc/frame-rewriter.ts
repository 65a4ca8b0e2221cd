import { withPlainAuthority } from "./hpack-authority.js";

const prefaceBytes = 24;
const frameHeaderBytes = 9;
/** Until the other side has allowed more, and we never ask it to. */
const framePayloadBytesMax = 16_384;
/** A longer header block, all its frames together, passes as it is: Node does not take one. */
const blockBytesMax = 64 * 1024;

const frameTypes = { headers: 1, settings: 4, ping: 6, continuation: 9 } as const;
const flags = { ack: 0x1, endHeaders: 0x4, padded: 0x8, priority: 0x20 } as const;
const empty: Buffer = Buffer.alloc(0);

interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payloadAt: number;
  readonly end: number;
}

/**
 * What a client sends over HTTP/2, made fit for nghttp2, which ends every stream whose `:authority` is not one. Go's
 * etcd clients of 3.4 and early 3.5 send the endpoint's URL there, or `#initially=[...]`; Go's servers do not mind.
 *
 * Whatever else comes passes unchanged, and so does all that follows something malformed. It holds at most one header
 * block, of bounded length.
 */
export class FrameRewriter {
  /** What has come of a frame's header, or of a header block that has not come to its end. */
  #held = empty;
  /** How many bytes pass before the next frame begins. */
  #passing = prefaceBytes;
  #frames = 0;
  #acksToDrop = 0;
  #opened = false;
  #pinged = false;
  #rewrote = false;

  /** Whether the client has sent its settings, and so waits for ours. */
  get begun(): boolean {
    return this.#frames > 0;
  }

  /** Whether the client has opened a stream. */
  get opened(): boolean {
    return this.#opened;
  }

  /** Whether the client has asked for an answer without opening a stream. */
  get pinged(): boolean {
    return this.#pinged;
  }

  /** Whether something had to be rewritten. */
  get rewrote(): boolean {
    return this.#rewrote;
  }

  /** Whether the rest passes unchanged, since no frame could be made out. */
  get lost(): boolean {
    return this.#passing === Number.POSITIVE_INFINITY;
  }

  /** Whether an acknowledgement is still to be taken out. */
  get owesAck(): boolean {
    return this.#acksToDrop > 0;
  }

  /** What came and has not been passed on, since its end is missing. */
  get held(): Buffer {
    return this.#held;
  }

  /** The next acknowledgement of settings is not for whom we write to: it answers settings that somebody else sent. */
  dropNextAck(): void {
    this.#acksToDrop++;
  }

  /** What to pass on, now that these bytes have come. */
  feed(chunk: Buffer): readonly Buffer[] {
    const bytes = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    const pieces: Buffer[] = [];
    let at = 0;
    let taken = 0;
    while (at < bytes.length) {
      if (this.#passing > 0) {
        const passing = Math.min(this.#passing, bytes.length - at);
        this.#passing -= passing;
        at += passing;
        continue;
      }
      const frame = frameAt(bytes, at);
      if (frame === undefined) break;
      if (this.#refuses(frame)) continue;
      const wanted = frame.type === frameTypes.headers ? this.#block(bytes, frame) : this.#other(frame);
      if (wanted === "more") break;
      if (wanted !== "as it is") {
        pieces.push(bytes.subarray(taken, at), ...wanted.instead);
        at = wanted.end;
        taken = at;
      } else if (!this.lost) this.#passing = frame.end - at;
      this.#frames++;
    }
    pieces.push(bytes.subarray(taken, at));
    // A copy, so that a few bytes do not keep a whole chunk alive.
    this.#held = at === bytes.length ? empty : Buffer.from(bytes.subarray(at));
    return pieces.filter((piece) => piece.length > 0);
  }

  /** The first frame has to be settings, and headers need a stream: else this is not HTTP/2. */
  #refuses(frame: Frame): boolean {
    const wrong =
      this.#frames === 0 ? frame.type !== frameTypes.settings : frame.type === frameTypes.headers && frame.stream === 0;
    if (wrong) this.#lose();
    return wrong;
  }

  #lose(): void {
    this.#passing = Number.POSITIVE_INFINITY;
  }

  #other(frame: Frame): Outcome {
    if (frame.type === frameTypes.ping) this.#pinged = true;
    const isAck = frame.type === frameTypes.settings && (frame.flags & flags.ack) !== 0;
    if (!isAck || this.#acksToDrop === 0 || frame.end !== frame.payloadAt) return "as it is";
    this.#acksToDrop--;
    return { instead: [], end: frame.end };
  }

  /** A header block: its HEADERS frame and as many CONTINUATION frames as it takes. */
  #block(bytes: Buffer, first: Frame): Outcome {
    const fragments: Buffer[] = [];
    let last: Frame | undefined = first;
    for (;;) {
      if (last.end - first.payloadAt > blockBytesMax) break;
      if (last.end > bytes.length) return "more";
      fragments.push(bytes.subarray(last.payloadAt, last.end));
      if ((last.flags & flags.endHeaders) !== 0) return this.#wholeBlock(first, fragments, last.end);
      last = frameAt(bytes, last.end);
      if (last === undefined) return "more";
      if (last.type !== frameTypes.continuation || last.stream !== first.stream) {
        this.#lose();
        break;
      }
    }
    return "as it is";
  }

  #wholeBlock(first: Frame, fragments: readonly Buffer[], end: number): Outcome {
    this.#opened = true;
    const [begin = empty, ...more] = fragments;
    const padding = (first.flags & flags.padded) === 0 ? 0 : 1 + (begin[0] ?? 0);
    const priorityAt = padding > 0 ? 1 : 0;
    const blockAt = priorityAt + ((first.flags & flags.priority) === 0 ? 0 : 5);
    // One of the padding's bytes is its length, in front.
    const blockEnd = begin.length - Math.max(0, padding - 1);
    const block = blockAt > blockEnd ? empty : Buffer.concat([begin.subarray(blockAt, blockEnd), ...more]);
    const plain = withPlainAuthority(block);
    if (plain === undefined) return "as it is";
    this.#rewrote = true;
    return { instead: headerFrames(first, begin.subarray(priorityAt, blockAt), plain), end };
  }
}

type Outcome = "more" | "as it is" | { readonly instead: readonly Buffer[]; readonly end: number };

/** The frame whose header begins there; undefined when the header has not come whole. */
function frameAt(bytes: Buffer, at: number): Frame | undefined {
  const payloadAt = at + frameHeaderBytes;
  if (payloadAt > bytes.length) return undefined;
  return {
    type: bytes.readUInt8(at + 3),
    flags: bytes.readUInt8(at + 4),
    stream: bytes.readUInt32BE(at + 5) & 0x7fff_ffff,
    payloadAt,
    end: payloadAt + bytes.readUIntBE(at, 3),
  };
}

/** The block as an unpadded HEADERS frame, and CONTINUATION frames for what does not fit. */
function headerFrames(first: Frame, priority: Buffer, block: Buffer): Buffer[] {
  const kept = first.flags & ~(flags.padded | flags.endHeaders);
  const pieces: Buffer[] = [];
  let at = 0;
  do {
    const isFirst = at === 0;
    const before = isFirst ? priority : empty;
    const part = block.subarray(at, at + framePayloadBytesMax - before.length);
    at += part.length;
    const header = Buffer.alloc(frameHeaderBytes);
    header.writeUIntBE(before.length + part.length, 0, 3);
    header.writeUInt8(isFirst ? frameTypes.headers : frameTypes.continuation, 3);
    header.writeUInt8((isFirst ? kept : 0) | (at === block.length ? flags.endHeaders : 0), 4);
    header.writeUInt32BE(first.stream, 5);
    pieces.push(header, before, part);
  } while (at < block.length);
  return pieces;
}
