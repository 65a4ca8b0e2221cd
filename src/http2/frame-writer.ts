import type { Field } from "./field-list.js";
import { frameBytesMax, frameFlags, frameTypes } from "./frames.js";
import type { HpackEncoder } from "./hpack-encoder.js";
import { isPiece, type Output } from "./output.js";

/** Writes the frames of one connection; each method writes the frame that it is named for. */
export class FrameWriter {
  readonly #output: Output;
  readonly #encoder: HpackEncoder;

  constructor(output: Output, encoder: HpackEncoder) {
    this.#output = output;
    this.#encoder = encoder;
  }

  headers(stream: number, fields: readonly Field[], end: boolean): void {
    const block = this.#encoder.encode(fields);
    let type: number = frameTypes.headers;
    let flags: number = end ? frameFlags.endStream : 0;
    let at = 0;
    do {
      // Nearly every block fits into one frame, and a view would cost more than its bytes.
      const part = block.length <= frameBytesMax ? block : block.subarray(at, at + frameBytesMax);
      at += part.length;
      if (at === block.length) flags |= frameFlags.endHeaders;
      this.#output.frame(type, flags, stream, part.length);
      this.#output.bytes(part);
      type = frameTypes.continuation;
      flags = 0;
    } while (at < block.length);
  }

  /** @param bytes length of all parts together; at most one frame */
  data(stream: number, parts: readonly Uint8Array[], bytes: number): void {
    let copiedBytes = 0;
    for (const part of parts) if (!isPiece(part)) copiedBytes += part.length;
    this.#output.frame(frameTypes.data, 0, stream, bytes, copiedBytes);
    for (const part of parts) {
      if (isPiece(part)) this.#output.piece(part);
      else this.#output.bytes(part);
    }
  }

  /** Like `data` with two parts, without a list of them. */
  message(stream: number, head: Uint8Array, body: Uint8Array): void {
    this.#output.frame(frameTypes.data, 0, stream, head.length + body.length);
    this.#output.bytes(head);
    this.#output.bytes(body);
  }

  /** Ends a stream that has no trailers. */
  end(stream: number): void {
    this.#output.frame(frameTypes.data, frameFlags.endStream, stream, 0);
  }

  reset(stream: number, code: number): void {
    this.#output.frame(frameTypes.resetStream, 0, stream, 4);
    this.#output.uint32(code);
  }

  windowUpdate(stream: number, bytes: number): void {
    this.#output.frame(frameTypes.windowUpdate, 0, stream, 4);
    this.#output.uint32(bytes);
  }

  settings(settings: readonly (readonly [id: number, value: number])[]): void {
    this.#output.frame(frameTypes.settings, 0, 0, settings.length * 6);
    for (const [id, value] of settings) {
      this.#output.uint16(id);
      this.#output.uint32(value);
    }
  }

  settingsAck(): void {
    this.#output.frame(frameTypes.settings, frameFlags.ack, 0, 0);
  }

  /** @param payload eight bytes */
  ping(payload: Uint8Array, ack: boolean): void {
    this.#output.frame(frameTypes.ping, ack ? frameFlags.ack : 0, 0, payload.length);
    this.#output.bytes(payload);
  }

  goAway(lastStream: number, code: number, why: string): void {
    const reason = Buffer.from(why, "latin1");
    this.#output.frame(frameTypes.goAway, 0, 0, 8 + reason.length);
    this.#output.uint32(lastStream);
    this.#output.uint32(code);
    this.#output.bytes(reason);
  }
}
