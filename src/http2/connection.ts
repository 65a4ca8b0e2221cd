import type { Duplex } from "node:stream";
import { Budget } from "./budget.js";
import { readSettings } from "./client-settings.js";
import { CutStreams } from "./cut-streams.js";
import { type Field, type FieldList, isRequest, isTrailers } from "./field-list.js";
import { FrameReader } from "./frame-reader.js";
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
import { HpackDecoder } from "./hpack-decoder.js";
import { Outbound } from "./outbound.js";
import { PingPolicy } from "./ping-policy.js";
import { Http2Stream, type StreamListener } from "./stream.js";

export interface Http2Config {
  /** Most streams that a client may have open. */
  readonly maxConcurrentStreams: number;
  /** What the fields of a request may take together; a longer list comes cut, and marked. */
  readonly fieldBytesMax: number;
  /** Fields that come again in many answers. */
  readonly frequentFields: readonly Field[];
  /** A client that asks for signs of life more often than this has its connection ended. */
  readonly pingIntervalMsMin: number;
  /** Something failed that no client should be able to bring about; the connection has been ended. */
  readonly onFault: (error: unknown) => void;
}

/** Takes a request: its head; the listener hears of its body. Undefined when the stream has been ended already. */
export type StreamAcceptor = (stream: Http2Stream, head: FieldList) => StreamListener | undefined;

const streamWindowBytes = 256 * 1024;
/** A header block, as it comes; whoever sends a longer one cannot be read any further. */
const blockBytesMax = 256 * 1024;
const unlimitedStreams = 2 ** 32 - 1;

const unforeseen = { code: errorCodes.internal, message: "internal error" } as const;

/** A header block that has not come to its end. */
interface OpenBlock {
  readonly stream: number;
  readonly endsStream: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

/** One client's connection: reads its frames, and writes those of its streams. */
export class Http2Connection {
  readonly #socket: Duplex;
  readonly #config: Http2Config;
  readonly #accept: StreamAcceptor;
  readonly #onClose: () => void;
  readonly #reader = new FrameReader((type, flags, stream, payload) => this.#frame(type, flags, stream, payload));
  readonly #decoder: HpackDecoder;
  readonly #out: Outbound;
  /** Opening a stream and having it ended costs a client nothing, and a server a little each time. */
  readonly #resets = new Budget(10_000, 1_000);
  /** Each may concern every stream. */
  readonly #settingsFrames = new Budget(1_000, 10);
  readonly #pings: PingPolicy;
  readonly #streams = new Map<number, Http2Stream>();
  readonly #cut = new CutStreams();
  #prefaceAt = 0;
  #begun = false;
  #block: OpenBlock | undefined;
  #lastStream = 0;
  #initialSendWindow = initialWindowBytes;
  /** The last stream that is served, once no new ones are. */
  #leavingAt: number | undefined;
  #ended = false;

  /**
   * @param begun what has been read of the connection
   * @param onClose called once, when nothing comes or goes any more
   */
  constructor(socket: Duplex, begun: Buffer, config: Http2Config, accept: StreamAcceptor, onClose: () => void) {
    this.#socket = socket;
    this.#config = config;
    this.#accept = accept;
    this.#onClose = onClose;
    this.#decoder = new HpackDecoder(config.fieldBytesMax);
    this.#pings = new PingPolicy(config.pingIntervalMsMin);
    this.#out = new Outbound(socket, streamWindowBytes, {
      frequentFields: config.frequentFields,
      onAnswer: () => this.#pings.spoke(),
      onClosed: (stream) => this.#closedStream(stream),
    });
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    // A client that closes its half asks nothing any more and hears nothing.
    socket.on("end", () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#gone());
    this.#greet();
    if (begun.length > 0) this.#receive(begun);
    socket.resume();
  }

  /** Open streams. */
  get streams(): number {
    return this.#streams.size;
  }

  /** The client has sent its settings. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Nothing is read any more; what was answered may still be on its way, until the client closes its side too. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#out.writer.ping(Buffer.alloc(8), false);
  }

  /** Takes no new streams; the connection ends with the last one. */
  leave(): void {
    if (this.#leavingAt !== undefined || this.#ended) return;
    this.#leavingAt = this.#lastStream;
    this.#out.writer.goAway(this.#lastStream, errorCodes.none, "");
    if (this.#streams.size === 0) this.#end();
  }

  /** Drops the connection, whatever is on its way. */
  destroy(): void {
    this.#socket.destroy();
  }

  // ---- what comes ----

  #receive(chunk: Buffer): void {
    if (this.#ended) return;
    try {
      const rest = this.#prefaceAt < preface.length ? this.#afterPreface(chunk) : chunk;
      if (rest.length > 0) this.#reader.feed(rest);
    } catch (error) {
      const { code, message } = error instanceof ConnectionError ? error : unforeseen;
      this.#out.writer.goAway(this.#leavingAt ?? this.#lastStream, code, message);
      this.#end();
      if (!(error instanceof ConnectionError)) this.#config.onFault(error);
    }
  }

  #afterPreface(chunk: Buffer): Buffer {
    const bytes = Math.min(chunk.length, preface.length - this.#prefaceAt);
    if (chunk.compare(preface, this.#prefaceAt, this.#prefaceAt + bytes, 0, bytes) !== 0) {
      throw new ConnectionError(errorCodes.protocol, "this is not HTTP/2");
    }
    this.#prefaceAt += bytes;
    return chunk.subarray(bytes);
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.#ended) return;
    const { data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation } =
      frameTypes;
    if (!this.#begun && type !== settings) throw violation("settings come first");
    if (this.#block !== undefined && (type !== continuation || id !== this.#block.stream)) {
      throw violation("another frame in the middle of a header block");
    }
    switch (type) {
      case data:
        this.#data(flags, id, payload);
        break;
      case headers:
        this.#headers(flags, id, payload);
        break;
      case continuation:
        this.#continuation(flags, payload);
        break;
      case priority:
        if (id === 0) throw violation("a priority of no stream");
        checkLength(payload, 5);
        break;
      case resetStream:
        this.#resetStream(id, payload);
        break;
      case settings:
        checkConnectionFrame(id);
        this.#settings(flags, payload);
        break;
      case ping:
        checkConnectionFrame(id);
        this.#ping(flags, payload);
        break;
      case windowUpdate:
        this.#windowUpdate(id, payload);
        break;
      case pushPromise:
        throw violation("a client does not push");
      case goAway: // a client that leaves still wants its answers
        checkConnectionFrame(id);
        if (payload.length < 8) checkLength(payload, 8);
        break;
      default: // frames of other kinds may be ignored, and are
    }
  }

  #data(flags: number, id: number, payload: Buffer): void {
    this.#out.received.take(payload.length);
    const stream = this.#streams.get(id);
    const end = (flags & frameFlags.endStream) !== 0;
    const body = unpadded(flags, payload);
    if (stream === undefined) {
      this.#late(id, end);
      this.#out.received.allow(payload.length);
      return;
    }
    const wrong = stream.receive(body, payload.length, end);
    this.#out.received.allow(wrong === undefined ? payload.length - body.length : payload.length);
    if (wrong !== undefined) this.#fail(stream, wrong);
  }

  #headers(flags: number, id: number, payload: Buffer): void {
    if (id % 2 === 0) throw violation(`a stream that no client opens: ${id}`);
    let part = unpadded(flags, payload);
    if ((flags & frameFlags.priority) !== 0) {
      if (part.length < 5) throw new ConnectionError(errorCodes.frameSize, "a priority that is cut");
      part = part.subarray(5);
    }
    this.#block = { stream: id, endsStream: (flags & frameFlags.endStream) !== 0, parts: [part], bytes: part.length };
    if ((flags & frameFlags.endHeaders) !== 0) this.#endBlock(this.#block);
  }

  #continuation(flags: number, payload: Buffer): void {
    const block = this.#block;
    if (block === undefined) throw violation("a continuation of nothing");
    block.bytes += payload.length;
    // Empty ones are counted too.
    if (block.bytes > blockBytesMax || block.parts.length > 100) {
      throw new ConnectionError(errorCodes.enhanceYourCalm, "a header block that does not end");
    }
    block.parts.push(payload);
    if ((flags & frameFlags.endHeaders) !== 0) this.#endBlock(block);
  }

  #endBlock({ stream: id, endsStream, parts }: OpenBlock): void {
    this.#block = undefined;
    const [only] = parts;
    const list = this.#decoder.decode(parts.length === 1 && only !== undefined ? only : Buffer.concat(parts));
    const known = this.#streams.get(id);
    if (known !== undefined) this.#trailers(known, list, endsStream);
    else if (id <= this.#lastStream) this.#late(id, endsStream);
    else this.#request(id, list, endsStream);
  }

  /** What comes after a body; nothing of it is needed. */
  #trailers(stream: Http2Stream, list: FieldList, endsStream: boolean): void {
    if (stream.remoteEnded) this.#fail(stream, errorCodes.streamClosed);
    else if (!endsStream || !isTrailers(list)) this.#fail(stream, errorCodes.protocol);
    else stream.receiveEnd();
  }

  #request(id: number, list: FieldList, endsStream: boolean): void {
    this.#lastStream = id;
    const full = this.#streams.size >= this.#config.maxConcurrentStreams;
    if (this.#leavingAt === undefined && isRequest(list) && !full) {
      this.#open(id, list, endsStream);
      return;
    }
    if (!endsStream) this.#cut.add(id);
    if (this.#leavingAt !== undefined) return; // and the client knows
    this.#out.sendReset(id, isRequest(list) ? errorCodes.refusedStream : errorCodes.protocol);
    this.#countReset();
  }

  #open(id: number, list: FieldList, ended: boolean): void {
    const stream = new Http2Stream(id, this.#out, this.#initialSendWindow, ended);
    this.#streams.set(id, stream);
    const listener = this.#accept(stream, list);
    if (listener !== undefined) stream.listen(listener);
  }

  #resetStream(id: number, payload: Buffer): void {
    checkLength(payload, 4);
    this.#checkKnown(id);
    this.#countReset();
    this.#cut.delete(id);
    this.#streams.get(id)?.abandon();
  }

  /** The client broke the protocol on one stream. */
  #fail(stream: Http2Stream, code: number): void {
    stream.fail(code);
    this.#countReset();
  }

  #countReset(): void {
    if (!this.#resets.spend()) throw new ConnectionError(errorCodes.enhanceYourCalm, "too many streams are ended");
  }

  #settings(flags: number, payload: Buffer): void {
    if ((flags & frameFlags.ack) !== 0) {
      checkLength(payload, 0);
      return;
    }
    if (!this.#settingsFrames.spend()) throw new ConnectionError(errorCodes.enhanceYourCalm, "too many settings");
    const { initialWindowBytes: window, tableBytes } = readSettings(payload);
    this.#begun = true;
    if (tableBytes !== undefined) this.#out.limitTable(tableBytes);
    if (window !== undefined) this.#changeWindows(window);
    this.#out.writer.settingsAck();
  }

  #changeWindows(initialBytes: number): void {
    const more = initialBytes - this.#initialSendWindow;
    this.#initialSendWindow = initialBytes;
    for (const stream of [...this.#streams.values()]) if (!stream.widen(more)) throw tooWide();
  }

  #ping(flags: number, payload: Buffer): void {
    checkLength(payload, 8);
    if ((flags & frameFlags.ack) !== 0) return;
    if (!this.#pings.allows(this.#streams.size > 0)) {
      throw new ConnectionError(errorCodes.enhanceYourCalm, "too_many_pings");
    }
    this.#out.writer.ping(payload, true);
  }

  #windowUpdate(id: number, payload: Buffer): void {
    checkLength(payload, 4);
    const bytes = payload.readUInt32BE(0) & windowBytesMax;
    if (id === 0) {
      if (bytes === 0) throw violation("a window that is no wider");
      this.#out.widen(bytes);
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#checkKnown(id);
    else if (bytes === 0) this.#fail(stream, errorCodes.protocol);
    else if (!stream.widen(bytes)) this.#fail(stream, errorCodes.flowControl);
  }

  /** Something came of a stream that is over. */
  #late(id: number, ends: boolean): void {
    this.#checkKnown(id);
    if (!this.#cut.has(id)) throw new ConnectionError(errorCodes.streamClosed, `stream ${id} is over`);
    if (ends) this.#cut.delete(id);
  }

  /** A stream that is over may still be spoken of, one that was never opened may not. */
  #checkKnown(id: number): void {
    if (id === 0 || id % 2 === 0 || id > this.#lastStream) throw violation(`stream ${id} was never opened`);
  }

  // ---- what goes ----

  #greet(): void {
    const { maxConcurrentStreams, fieldBytesMax } = this.#config;
    const settings: (readonly [number, number])[] = [
      [settingIds.initialWindowSize, streamWindowBytes],
      [settingIds.maxHeaderListSize, fieldBytesMax],
    ];
    if (maxConcurrentStreams < unlimitedStreams) settings.push([settingIds.maxConcurrentStreams, maxConcurrentStreams]);
    this.#out.writer.settings(settings);
    this.#out.received.open();
  }

  #closedStream(stream: Http2Stream): void {
    this.#streams.delete(stream.id);
    if (!stream.remoteEnded) this.#cut.add(stream.id);
    if (this.#leavingAt !== undefined && this.#streams.size === 0) this.#end();
  }

  /** Nothing is read any more; what has been put down still goes, and the client closes its side when it has it. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const stream of [...this.#streams.values()]) stream.abandon();
    this.#out.flush();
    this.#socket.end();
    this.#socket.resume();
  }

  #gone(): void {
    this.#ended = true;
    for (const stream of [...this.#streams.values()]) stream.abandon();
    this.#onClose();
  }
}

function checkConnectionFrame(id: number): void {
  if (id !== 0) throw violation(`a frame of the connection on stream ${id}`);
}
