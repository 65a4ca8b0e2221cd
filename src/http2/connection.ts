import type { Duplex } from "node:stream";
import type { Field, FieldList } from "./field-list.js";
import { FrameReader } from "./frame-reader.js";
import {
  ConnectionError,
  errorCodes,
  frameBytesMax,
  frameFlags,
  frameTypes,
  initialWindowBytes,
  preface,
  settingIds,
  windowBytesMax,
} from "./frames.js";
import { HpackDecoder } from "./hpack-decoder.js";
import { Outbound } from "./outbound.js";
import { PingPolicy } from "./ping-policy.js";
import { ResetBudget } from "./reset-budget.js";
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
}

/** Takes a request: its head; the listener hears of its body. Undefined when the stream has been ended already. */
export type StreamAcceptor = (stream: Http2Stream, head: FieldList) => StreamListener | undefined;

const streamWindowBytes = 256 * 1024;
/** A header block, as it comes; whoever sends a longer one cannot be read any further. */
const blockBytesMax = 256 * 1024;
const unlimitedStreams = 2 ** 32 - 1;

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
  readonly #resets = new ResetBudget();
  readonly #pings: PingPolicy;
  readonly #streams = new Map<number, Http2Stream>();
  #prefaceAt = 0;
  #begun = false;
  #block: OpenBlock | undefined;
  #lastStream = 0;
  #initialSendWindow = initialWindowBytes;
  #leaving = false;
  #closed = false;

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

  /** Nothing comes or goes any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Asks for a sign of life. */
  ping(): void {
    this.#out.writer.ping(Buffer.alloc(8), false);
  }

  /** Takes no new streams; the connection ends with the last one. */
  leave(): void {
    if (this.#leaving || this.#closed) return;
    this.#leaving = true;
    this.#out.writer.goAway(this.#lastStream, errorCodes.none, "");
    if (this.#streams.size === 0) this.#end();
  }

  /** Drops the connection, whatever is on its way. */
  destroy(): void {
    this.#socket.destroy();
  }

  // ---- what comes ----

  #receive(chunk: Buffer): void {
    if (this.#closed) return;
    try {
      const rest = this.#prefaceAt < preface.length ? this.#afterPreface(chunk) : chunk;
      if (rest.length > 0) this.#reader.feed(rest);
    } catch (error) {
      if (!(error instanceof ConnectionError)) throw error;
      this.#out.writer.goAway(this.#lastStream, error.code, error.message);
      this.#end();
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
    if (this.#closed) return;
    const { data, headers, priority, resetStream, settings, pushPromise, ping, windowUpdate, continuation } =
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
        checkLength(payload, 5);
        break;
      case resetStream:
        this.#resetStream(id, payload);
        break;
      case settings:
        this.#settings(flags, id, payload);
        break;
      case ping:
        this.#ping(flags, payload);
        break;
      case windowUpdate:
        this.#windowUpdate(id, payload);
        break;
      case pushPromise:
        throw violation("a client does not push");
      default: // GOAWAY as well: a client that leaves still wants its answers
    }
  }

  #data(flags: number, id: number, payload: Buffer): void {
    this.#out.received.take(payload.length);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#checkKnown(id);
      this.#out.received.allow(payload.length);
      return;
    }
    const body = unpadded(flags, payload);
    this.#out.received.allow(payload.length - body.length);
    stream.receive(body, payload.length, (flags & frameFlags.endStream) !== 0);
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
    if (known !== undefined) {
      // Trailers, of which nothing is needed.
      if (endsStream) known.receiveEnd();
      else known.fail(errorCodes.protocol);
      return;
    }
    if (id <= this.#lastStream) return;
    this.#lastStream = id;
    if (this.#leaving) return;
    if (this.#streams.size >= this.#config.maxConcurrentStreams) {
      this.#out.sendReset(id, errorCodes.refusedStream);
      this.#out.replied();
      return;
    }
    this.#open(id, list, endsStream);
  }

  #open(id: number, list: FieldList, ended: boolean): void {
    const stream = new Http2Stream(id, this.#out, this.#initialSendWindow, streamWindowBytes);
    this.#streams.set(id, stream);
    const listener = this.#accept(stream, list);
    if (listener !== undefined) stream.listen(listener);
    if (ended) stream.receiveEnd();
  }

  #resetStream(id: number, payload: Buffer): void {
    checkLength(payload, 4);
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#checkKnown(id);
    this.#resets.count();
    if (this.#resets.spent) throw new ConnectionError(errorCodes.enhanceYourCalm, "too many streams are ended");
    stream?.abandon();
  }

  #settings(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw violation("settings of a stream");
    if ((flags & frameFlags.ack) !== 0) return;
    if (payload.length % 6 !== 0) throw new ConnectionError(errorCodes.frameSize, "settings that are cut");
    this.#begun = true;
    for (let at = 0; at < payload.length; at += 6) {
      this.#setting(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    }
    this.#out.writer.settingsAck();
    this.#out.replied();
  }

  #setting(id: number, value: number): void {
    switch (id) {
      case settingIds.headerTableSize:
        this.#out.limitTable(value);
        return;
      case settingIds.initialWindowSize: {
        if (value > windowBytesMax) throw new ConnectionError(errorCodes.flowControl, "a window that is too large");
        const more = value - this.#initialSendWindow;
        this.#initialSendWindow = value;
        for (const stream of [...this.#streams.values()]) this.#out.widenStream(stream, more);
        return;
      }
      case settingIds.maxFrameSize:
        if (value < frameBytesMax || value >= 2 ** 24) throw violation("a frame size that is none");
        return;
      case settingIds.enablePush:
        if (value > 1) throw violation("a setting of push that is none");
        return;
      default: // what else there is does not concern a server
    }
  }

  #ping(flags: number, payload: Buffer): void {
    checkLength(payload, 8);
    if ((flags & frameFlags.ack) !== 0) return;
    if (!this.#pings.allows(this.#streams.size > 0)) {
      throw new ConnectionError(errorCodes.enhanceYourCalm, "too_many_pings");
    }
    this.#out.writer.ping(payload, true);
    this.#out.replied();
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
    else if (bytes === 0) stream.fail(errorCodes.protocol);
    else this.#out.widenStream(stream, bytes);
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
    if (this.#leaving && this.#streams.size === 0) this.#end();
  }

  /** Nothing is read any more; what has been put down still goes. */
  #end(): void {
    if (this.#closed) return;
    this.#gone();
    this.#out.flush();
    this.#socket.end(() => this.#socket.destroy());
    this.#socket.resume();
  }

  #gone(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const stream of [...this.#streams.values()]) stream.abandon();
    this.#onClose();
  }
}

function violation(what: string): ConnectionError {
  return new ConnectionError(errorCodes.protocol, what);
}

function checkLength(payload: Buffer, bytes: number): void {
  if (payload.length !== bytes)
    throw new ConnectionError(errorCodes.frameSize, `${payload.length} bytes, not ${bytes}`);
}

function unpadded(flags: number, payload: Buffer): Buffer {
  if ((flags & frameFlags.padded) === 0) return payload;
  const padding = payload[0] ?? 0;
  if (padding >= payload.length) throw violation("more padding than there is");
  return payload.subarray(1, payload.length - padding);
}
