import type { Duplex } from "node:stream";
import { type AnswerListener, ClientStream, type ClientStreamHost, streamWindowBytes } from "./client-stream.js";
import type { Field } from "./field-list.js";
import { FrameReader } from "./frame-reader.js";
import { FrameWriter } from "./frame-writer.js";
import {
  ConnectionError,
  checkLength,
  errorCodes,
  frameFlags,
  frameTypes,
  initialWindowBytes,
  preface,
  settingIds,
  tooWide,
  unpadded,
  violation,
  windowBytesMax,
} from "./frames.js";
import { type HeaderBlock, HeaderBlocks } from "./header-blocks.js";
import { HpackDecoder } from "./hpack-decoder.js";
import { HpackEncoder } from "./hpack-encoder.js";
import type { Pot } from "./memory.js";
import { Output } from "./output.js";
import { readSettings } from "./peer-settings.js";
import { Reading } from "./reading.js";
import { ReceiveWindow } from "./receive-window.js";

export interface ClientConfig {
  /** The most bytes of an answer's fields; a longer list is cut and marked. */
  readonly fieldBytesMax: number;
  /** Fields that nearly all requests contain. */
  readonly frequentFields: readonly Field[];
  /** The server has sent its settings, so something that speaks HTTP/2 answers. */
  readonly onOpen: () => void;
  /** The server or this side takes no new requests on this connection; those under way go on. */
  readonly onLeaving: () => void;
  /** Called once, after all streams were told. */
  readonly onClosed: (reason: string) => void;
}

/** A client may hold what it asked for: nothing is counted. */
const uncounted: Pot = { tryTake: () => true, take: () => undefined, release: () => undefined };
const pingBytes = Buffer.alloc(8);
const lastStreamMax = 2 ** 31 - 1;

/** A client's connection to a server: sends requests, and hands each answer to its listener. */
export class ClientConnection implements ClientStreamHost {
  readonly #socket: Duplex;
  readonly #config: ClientConfig;
  readonly #reader: FrameReader;
  readonly #output: Output;
  readonly #writer: FrameWriter;
  readonly #encoder: HpackEncoder;
  readonly #decoder: HpackDecoder;
  readonly #received: ReceiveWindow;
  readonly #blocks = new HeaderBlocks();
  readonly #streams = new Map<number, ClientStream>();
  /** Requests that wait until the server allows another stream. */
  readonly #line = new Set<ClientStream>();
  /** Streams that lacked room to send, in the order of their turns. */
  readonly #waiting = new Set<ClientStream>();
  #state: "opening" | "open" | "leaving" | "closed" = "opening";
  #nextStream = 1;
  /** Id of the last stream that the server will serve. */
  #lastServed = lastStreamMax;
  #concurrentMax = Number.POSITIVE_INFINITY;
  #sendWindow = initialWindowBytes;
  #initialSendWindow = initialWindowBytes;
  #framesRead = 0;
  /** The end of the connection in words, as far as it is known. */
  #reason = "EOF";

  /** @param socket a connected socket, of which nothing has been read */
  constructor(socket: Duplex, config: ClientConfig) {
    this.#socket = socket;
    this.#config = config;
    this.#decoder = new HpackDecoder(config.fieldBytesMax);
    this.#encoder = new HpackEncoder(config.frequentFields);
    this.#reader = new FrameReader((type, flags, stream, payload) => this.#frame(type, flags, stream, payload));
    this.#output = new Output(socket, new Reading(socket), uncounted, () => this.#pump());
    this.#writer = new FrameWriter(this.#output, this.#encoder);
    this.#received = new ReceiveWindow((bytes) => this.#writer.windowUpdate(0, bytes));
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => socket.destroy());
    socket.on("error", (error) => {
      this.#reason = error.message;
      socket.destroy();
    });
    socket.once("close", () => this.#gone());
    socket.write(preface);
    this.#writer.settings([
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, streamWindowBytes],
      [settingIds.maxHeaderListSize, config.fieldBytesMax],
    ]);
    this.#received.open();
  }

  /** Number of received frames: it changes while the server is alive. */
  get framesRead(): number {
    return this.#framesRead;
  }

  /** Sends a request, at once or when the server allows another stream; its body follows on the stream. */
  request(fields: readonly Field[], listener: AnswerListener): ClientStream {
    const stream = new ClientStream(fields, this, listener);
    if (this.#state === "leaving" || this.#state === "closed") {
      queueMicrotask(() => stream.lose({ kind: "unprocessed", reason: this.#reason }));
    } else {
      this.#line.add(stream);
      this.#admit();
    }
    return stream;
  }

  /** Sends a ping, whose answer counts among the received frames. */
  ping(): void {
    this.#writer.ping(pingBytes, false);
  }

  /** Ends the connection; streams under way fail. */
  close(reason: string): void {
    if (this.#state === "closed") return;
    this.#reason = reason;
    this.#writer.goAway(0, errorCodes.none, "");
    this.#output.flush();
    this.#socket.end(() => this.#socket.destroy());
    this.#gone();
  }

  /** Drops the connection without a farewell, for a server that does not answer. */
  destroy(reason: string): void {
    this.#reason = reason;
    this.#socket.destroy();
    this.#gone();
  }

  // ---- for the streams ----

  get room(): number {
    return this.#output.congested ? 0 : this.#sendWindow;
  }

  sendData(stream: number, parts: readonly Uint8Array[], bytes: number): void {
    this.#sendWindow -= bytes;
    this.#writer.data(stream, parts, bytes);
  }

  sendEnd(stream: number): void {
    this.#writer.end(stream);
  }

  sendReset(stream: number, code: number): void {
    this.#writer.reset(stream, code);
  }

  sendWindowUpdate(stream: number, bytes: number): void {
    this.#writer.windowUpdate(stream, bytes);
  }

  wait(stream: ClientStream): void {
    this.#waiting.add(stream);
  }

  closed(stream: ClientStream): void {
    this.#line.delete(stream);
    this.#waiting.delete(stream);
    this.#streams.delete(stream.id);
    this.#admit();
    if (this.#state === "leaving" && this.#streams.size === 0) this.#end();
  }

  // ---- receiving ----

  #receive(chunk: Buffer): void {
    if (this.#state === "closed") return;
    try {
      this.#reader.feed(chunk, () => false);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#reason = `the server broke the HTTP/2 protocol: ${error.message}`;
      this.#writer.goAway(0, error.code, error.message);
      this.#end();
      this.#gone();
    }
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.#state === "closed") return;
    this.#framesRead++;
    const { data, headers, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation } = frameTypes;
    if (this.#state === "opening" && type !== settings) throw violation("the first frame is not SETTINGS");
    const blockOf = this.#blocks.openStream;
    if (blockOf !== undefined && (type !== continuation || id !== blockOf)) {
      throw violation("another frame within a header block");
    }
    switch (type) {
      case data:
        this.#data(flags, id, payload);
        break;
      case headers:
        this.#headers(this.#blocks.begin(flags, id, payload));
        break;
      case continuation:
        this.#headers(this.#blocks.goOn(flags, payload));
        break;
      case resetStream:
        checkLength(payload, 4);
        this.#reset(id, payload.readUInt32BE(0));
        break;
      case settings:
        this.#settings(flags, payload);
        break;
      case ping:
        checkLength(payload, 8);
        if ((flags & frameFlags.ack) === 0) this.#writer.ping(payload, true);
        break;
      case goAway:
        this.#leave(payload);
        break;
      case windowUpdate:
        checkLength(payload, 4);
        this.#windowUpdate(id, payload.readUInt32BE(0) & windowBytesMax);
        break;
      case pushPromise:
        throw violation("PUSH_PROMISE although pushes are disabled");
      default: // PRIORITY says nothing to a client; frames of unknown types are ignored (RFC 9113, 5.5)
    }
  }

  #data(flags: number, id: number, payload: Buffer): void {
    this.#checkBegun(id);
    this.#received.take(payload.length);
    const body = unpadded(flags, payload);
    // A stream that this side has ended may still receive what was on its way.
    this.#streams.get(id)?.receive(body, payload.length, (flags & frameFlags.endStream) !== 0);
    this.#received.allow(payload.length);
  }

  #headers(block: HeaderBlock | undefined): void {
    if (block === undefined) return;
    this.#checkBegun(block.stream);
    // Each block changes the decoder's table, whether its stream is over or not.
    const list = this.#decoder.decode(block.bytes);
    this.#streams.get(block.stream)?.receiveFields(list, block.endsStream);
  }

  #reset(id: number, code: number): void {
    this.#checkBegun(id);
    const unprocessed = code === errorCodes.refusedStream;
    this.#streams.get(id)?.lose(unprocessed ? { kind: "unprocessed", reason: "refused" } : { kind: "reset", code });
  }

  #settings(flags: number, payload: Buffer): void {
    if ((flags & frameFlags.ack) !== 0) {
      checkLength(payload, 0);
      return;
    }
    const { initialWindowBytes: window, tableBytes, concurrentMax } = readSettings(payload);
    if (tableBytes !== undefined) this.#encoder.limit(tableBytes);
    if (window !== undefined) this.#changeWindows(window);
    if (concurrentMax !== undefined) this.#concurrentMax = concurrentMax;
    this.#writer.settingsAck();
    if (this.#state === "opening") {
      this.#state = "open";
      this.#config.onOpen();
    }
    this.#admit();
  }

  #changeWindows(initialBytes: number): void {
    const more = initialBytes - this.#initialSendWindow;
    this.#initialSendWindow = initialBytes;
    for (const stream of [...this.#streams.values()]) if (!stream.widen(more)) throw tooWide();
  }

  #windowUpdate(id: number, bytes: number): void {
    if (id === 0) {
      if (bytes === 0) throw violation("WINDOW_UPDATE with an increment of 0");
      this.#sendWindow += bytes;
      if (this.#sendWindow > windowBytesMax) throw tooWide();
      this.#pump();
      return;
    }
    this.#checkBegun(id);
    const stream = this.#streams.get(id);
    if (stream === undefined) return;
    if (bytes === 0) stream.fail(errorCodes.protocol);
    else if (!stream.widen(bytes)) stream.fail(errorCodes.flowControl);
  }

  /** Handles GOAWAY. A server may send several, each with an earlier last stream. */
  #leave(payload: Buffer): void {
    if (payload.length < 8) checkLength(payload, 8);
    this.#lastServed = Math.min(this.#lastServed, payload.readUInt32BE(0) & lastStreamMax);
    const text = payload.toString("latin1", 8);
    this.#reason = text === "" ? "the server is closing the connection" : `the server closes the connection: ${text}`;
    if (this.#state === "open" || this.#state === "opening") {
      this.#state = "leaving";
      this.#config.onLeaving();
    }
    const failure = { kind: "unprocessed", reason: this.#reason } as const;
    for (const stream of [...this.#line]) stream.lose(failure);
    for (const stream of [...this.#streams.values()]) if (stream.id > this.#lastServed) stream.lose(failure);
    if (this.#streams.size === 0) this.#end();
  }

  /** @throws ConnectionError for a stream that this side has not begun */
  #checkBegun(id: number): void {
    if (id === 0 || id % 2 === 0 || id >= this.#nextStream) throw violation(`a frame on idle stream ${id}`);
  }

  // ---- sending ----

  /** Begins the requests that the server's limit of streams allows. */
  #admit(): void {
    if (this.#state !== "opening" && this.#state !== "open") return;
    for (const stream of this.#line) {
      if (this.#streams.size >= this.#concurrentMax) return;
      this.#line.delete(stream);
      const id = this.#nextStream;
      this.#nextStream += 2;
      this.#streams.set(id, stream);
      this.#writer.headers(id, stream.fields, false);
      stream.begin(id, this.#initialSendWindow);
      if (this.#nextStream > lastStreamMax) this.#retire();
    }
  }

  /** All ids of this connection are used up. */
  #retire(): void {
    this.#state = "leaving";
    this.#reason = "all stream ids are used up";
    this.#config.onLeaving();
    for (const stream of [...this.#line]) stream.lose({ kind: "unprocessed", reason: this.#reason });
  }

  /** Gives the waiting streams turns, one after the other, while there is room. */
  #pump(): void {
    while (this.room > 0) {
      const { value: stream } = this.#waiting.values().next();
      if (stream === undefined) return;
      this.#waiting.delete(stream);
      stream.takeTurn();
    }
  }

  #end(): void {
    this.#output.flush();
    this.#socket.end(() => this.#socket.destroy());
  }

  #gone(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    for (const stream of [...this.#line]) stream.lose({ kind: "unprocessed", reason: this.#reason });
    for (const stream of [...this.#streams.values()]) stream.lose({ kind: "lost", reason: this.#reason });
    this.#config.onClosed(this.#reason);
  }
}
