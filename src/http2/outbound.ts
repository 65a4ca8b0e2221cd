import type { Duplex } from "node:stream";
import type { Field } from "./field-list.js";
import { FrameWriter } from "./frame-writer.js";
import { initialWindowBytes, tooWide, windowBytesMax } from "./frames.js";
import { HpackEncoder } from "./hpack-encoder.js";
import type { ConnectionMemory, Pot, Priority } from "./memory.js";
import { Output } from "./output.js";
import type { Reading } from "./reading.js";
import { ReceiveWindow } from "./receive-window.js";
import { RequestRoom } from "./request-room.js";
import type { HostedStream, StreamHost } from "./stream-host.js";

export interface OutboundConfig {
  /** Fields that many answers contain. */
  readonly frequentFields: readonly Field[];
  /** Called when part of an answer was sent. */
  readonly onAnswer: () => void;
  readonly memory: ConnectionMemory;
  readonly onClosed: (stream: HostedStream) => void;
  /** Called when the handler of a stream that was over is done. */
  readonly onVacated: () => void;
  /** Called when a request was refused, with the bytes that it took. */
  readonly onRefused: (bytes: number) => void;
}

/** The sending side of one connection, with the window of the client. Its streams send through it. */
export class Outbound implements StreamHost {
  readonly streamWindowBytes: number;
  readonly received: ReceiveWindow;
  /** Memory for the bodies of requests. */
  readonly requestRoom = new RequestRoom();
  readonly writer: FrameWriter;
  readonly #config: OutboundConfig;
  readonly #output: Output;
  readonly #encoder: HpackEncoder;
  /** Streams that lacked room to send, in the order of their turns. */
  #waiting: Set<HostedStream> | undefined;
  #sendWindow = initialWindowBytes;

  constructor(socket: Duplex, reading: Reading, streamWindowBytes: number, config: OutboundConfig) {
    this.streamWindowBytes = streamWindowBytes;
    this.#config = config;
    this.#encoder = new HpackEncoder(config.frequentFields);
    this.#output = new Output(socket, reading, config.memory.answers, () => this.#pump());
    this.writer = new FrameWriter(this.#output, this.#encoder);
    this.received = new ReceiveWindow((bytes) => this.writer.windowUpdate(0, bytes));
  }

  get room(): number {
    return this.#output.congested ? 0 : this.#sendWindow;
  }

  get crowded(): boolean {
    return this.#waiting !== undefined && this.#waiting.size > 0;
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

  sendEnd(stream: number): void {
    this.writer.end(stream);
    this.#config.onAnswer();
  }

  sendReset(stream: number, code: number): void {
    this.writer.reset(stream, code);
  }

  sendWindowUpdate(stream: number, bytes: number): void {
    this.writer.windowUpdate(stream, bytes);
  }

  wait(stream: HostedStream): void {
    this.#waiting ??= new Set();
    this.#waiting.add(stream);
  }

  get calls(): Pot {
    return this.#config.memory.calls;
  }

  get answers(): Pot {
    return this.#config.memory.answers;
  }

  hold(bytes: number, priority: Priority): boolean {
    const { requests } = this.#config.memory;
    if (!requests.tryTake(bytes, priority)) return false;
    if (this.requestRoom.hold(bytes)) return true;
    requests.release(bytes);
    return false;
  }

  freed(stream: HostedStream, bytes: number, whole: boolean): void {
    this.#config.memory.requests.release(bytes);
    this.requestRoom.freed(stream, bytes, whole);
  }

  closed(stream: HostedStream): void {
    this.#waiting?.delete(stream);
    this.requestRoom.leave(stream);
    this.#config.onClosed(stream);
  }

  refused(bytes: number): void {
    this.#config.onRefused(bytes);
  }

  vacated(): void {
    this.#config.onVacated();
  }

  /** The client widens the connection's window by `bytes`. @throws ConnectionError when the window becomes too large */
  widen(bytes: number): void {
    this.#sendWindow += bytes;
    if (this.#sendWindow > windowBytesMax) throw tooWide();
    this.#pump();
  }

  /** Limits the client's table of fields. */
  limitTable(bytes: number): void {
    this.#encoder.limit(bytes);
  }

  flush(): void {
    this.#output.flush();
  }

  /** Gives the waiting streams turns, one after the other, while there is room. */
  #pump(): void {
    while (this.#waiting !== undefined && this.room > 0) {
      const { value: stream } = this.#waiting.values().next();
      if (stream === undefined) return;
      this.#waiting.delete(stream);
      stream.takeTurn();
    }
  }
}
