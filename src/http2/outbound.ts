import type { Duplex } from "node:stream";
import type { Field } from "./field-list.js";
import { FrameWriter } from "./frame-writer.js";
import { ConnectionError, errorCodes, initialWindowBytes, windowBytesMax } from "./frames.js";
import { HpackEncoder } from "./hpack-encoder.js";
import { Output } from "./output.js";
import { ReceiveWindow } from "./receive-window.js";
import type { Http2Stream } from "./stream.js";
import type { StreamHost } from "./stream-host.js";

export interface OutboundConfig {
  /** Fields that come again in many answers. */
  readonly frequentFields: readonly Field[];
  /** Something was said of an answer. */
  readonly onAnswer: () => void;
  readonly onClosed: (stream: Http2Stream) => void;
}

/** What is answered by itself may take so much before the client reads some of it. */
const repliesBytesMax = 256 * 1024;
/** About what each of these answers takes, with what it costs. */
const replyBytes = 32;

/** What one connection sends, and how much of it the client takes: its streams send through this. */
export class Outbound implements StreamHost {
  readonly streamWindowBytes: number;
  readonly received: ReceiveWindow;
  readonly writer: FrameWriter;
  readonly #config: OutboundConfig;
  readonly #socket: Duplex;
  readonly #output: Output;
  readonly #encoder: HpackEncoder;
  /** Streams with something to send that had no room for it, in the order of their turns. */
  readonly #waiting = new Set<Http2Stream>();
  #sendWindow = initialWindowBytes;
  #repliesBytes = 0;

  constructor(socket: Duplex, streamWindowBytes: number, config: OutboundConfig) {
    this.streamWindowBytes = streamWindowBytes;
    this.#config = config;
    this.#socket = socket;
    this.#encoder = new HpackEncoder(config.frequentFields);
    this.#output = new Output(socket, () => this.#hasRoom());
    this.writer = new FrameWriter(this.#output, this.#encoder);
    this.received = new ReceiveWindow((bytes) => this.writer.windowUpdate(0, bytes));
  }

  get room(): number {
    return this.#output.congested ? 0 : this.#sendWindow;
  }

  sendHeaders(stream: number, fields: readonly Field[], end: boolean): void {
    this.writer.headers(stream, fields, end);
    this.#config.onAnswer();
  }

  sendData(stream: number, head: Uint8Array, body: Uint8Array): void {
    this.#sendWindow -= head.length + body.length;
    this.writer.message(stream, head, body);
    this.#config.onAnswer();
  }

  sendParts(stream: number, parts: readonly Uint8Array[], bytes: number): void {
    this.#sendWindow -= bytes;
    this.writer.data(stream, parts, bytes);
    this.#config.onAnswer();
  }

  sendReset(stream: number, code: number): void {
    this.writer.reset(stream, code);
  }

  sendWindowUpdate(stream: number, bytes: number): void {
    this.writer.windowUpdate(stream, bytes);
  }

  wait(stream: Http2Stream): void {
    this.#waiting.add(stream);
  }

  hold(bytes: number): void {
    this.received.hold(bytes);
  }

  freed(bytes: number): void {
    this.received.freed(bytes);
  }

  closed(stream: Http2Stream): void {
    this.#waiting.delete(stream);
    this.#config.onClosed(stream);
  }

  /** The client takes so much more on the connection. */
  widen(bytes: number): void {
    this.#sendWindow += bytes;
    if (this.#sendWindow > windowBytesMax)
      throw new ConnectionError(errorCodes.flowControl, "a window that is too wide");
    this.#pump();
  }

  /** The client takes so much more on this stream. */
  widenStream(stream: Http2Stream, bytes: number): void {
    if (!stream.widen(bytes)) stream.fail(errorCodes.flowControl);
    else if (stream.unsentBytes === 0) this.#waiting.delete(stream);
  }

  /** The client's table of fields keeps no more than this. */
  limitTable(bytes: number): void {
    this.#encoder.limit(bytes);
  }

  /** Something was answered by itself: a client that makes this side do so, and reads nothing, is read no further. */
  replied(): void {
    if (!this.#output.congested) this.#repliesBytes = 0;
    this.#repliesBytes += replyBytes;
    if (this.#repliesBytes > repliesBytesMax) this.#socket.pause();
  }

  flush(): void {
    this.#output.flush();
  }

  #hasRoom(): void {
    this.#repliesBytes = 0;
    if (this.#socket.isPaused()) this.#socket.resume();
    this.#pump();
  }

  /** Everybody who waits gets a turn, as long as there is room; whoever waits on goes to the end. */
  #pump(): void {
    for (const stream of [...this.#waiting]) {
      if (this.room <= 0) return;
      stream.pump();
      this.#waiting.delete(stream);
      if (stream.unsentBytes > 0) this.#waiting.add(stream);
    }
  }
}
