import type { Duplex } from "node:stream";
import { Budget } from "./budget.js";
import { CutStreams } from "./cut-streams.js";
import type { Field, FieldList } from "./field-list.js";
import {
  ConnectionError,
  checkLength,
  errorCodes,
  frameFlags,
  frameTypes,
  initialWindowBytes,
  settingIds,
  tooWide,
  unpadded,
  violation,
  windowBytesMax,
} from "./frames.js";
import { dependencyOf, type HeaderBlock, HeaderBlocks } from "./header-blocks.js";
import { HpackDecoder } from "./hpack-decoder.js";
import { Incoming, type LoopShare } from "./incoming.js";
import { KeptBytes } from "./kept-bytes.js";
import type { ConnectionMemory } from "./memory.js";
import { Outbound } from "./outbound.js";
import { readSettings } from "./peer-settings.js";
import type { PingRounds } from "./ping-rounds.js";
import { Pings } from "./pings.js";
import { Reading } from "./reading.js";
import type { RefusalPace, Refusals } from "./refusal-pace.js";
import { isTrailers, RequestForms } from "./request-rules.js";
import { Http2Stream, type StreamListener } from "./stream.js";
import type { HostedStream } from "./stream-host.js";

export interface Http2Config {
  /** The most streams that a client may have open. */
  readonly maxConcurrentStreams: number;
  /** The most bytes of a request's fields; a longer list is cut and marked. */
  readonly fieldBytesMax: number;
  /** Fields that many answers contain. */
  readonly frequentFields: readonly Field[];
  /** Counts the memory that the client makes this side hold. */
  readonly memory: ConnectionMemory;
  /** Decides how long frames are taken, and streams abandoned, within one turn of the event loop. */
  readonly turn: LoopShare;
  /** Least interval of pings; the connection of a client that sends more of them is ended. */
  readonly pingIntervalMsMin: number;
  /** Delays the answers to pings. */
  readonly pingRounds: PingRounds;
  /** Slows the reading of connections whose requests are refused. */
  readonly refusalPace: RefusalPace;
  /** Called after a fault that no client should be able to cause; the connection has been ended. */
  readonly onFault: (error: unknown) => void;
}

/**
 * Accepts a request by its head; the returned listener gets its body. Undefined when the acceptor has ended the stream.
 */
export type StreamAcceptor = (stream: Http2Stream, head: FieldList) => StreamListener | undefined;

const streamWindowBytes = 128 * 1024; // A client may use it unasked on very many streams at once.
const unlimitedStreams = 2 ** 32 - 1;
/** A SETTINGS frame that changes the windows of this many streams counts twice, one of twice as many three times. */
const windowsForOneSetting = 250;

const unforeseen = { code: errorCodes.internal, message: "internal error" } as const;

/** The connection of one client: reads its frames, and writes those of its streams. */
export class Http2Connection {
  readonly #socket: Duplex;
  readonly #config: Http2Config;
  readonly #accept: StreamAcceptor;
  readonly #onClose: () => void;
  readonly #decoder: HpackDecoder;
  readonly #incoming: Incoming;
  readonly #out: Outbound;
  /** Limit of ended streams: opening and ending a stream costs a client nothing, and the server a little each time. */
  readonly #resets = new Budget(10_000, 1_000);
  /** Limit of SETTINGS frames: each may affect every stream, and counts accordingly. */
  readonly #settingsFrames = new Budget(1_000, 10);
  readonly #refusals: Refusals;
  readonly #pings: Pings;
  readonly #streams = new Map<number, Http2Stream>();
  readonly #cut = new CutStreams();
  /** Number of streams that are over while their handlers still work. */
  #occupied = 0;
  #begun = false;
  readonly #blocks = new HeaderBlocks();
  #lastStream = 0;
  readonly #forms = new RequestForms();
  #initialSendWindow = initialWindowBytes;
  /** Id of the last stream that is served; undefined while new ones are accepted. */
  #leavingAt: number | undefined;
  #ended = false;
  /** The socket is closed. */
  #closed = false;
  /** The streams of the ended connection are being abandoned, in several turns. */
  #abandoning = false;
  readonly #kept: KeptBytes;

  /**
   * @param begun bytes that have been read from the connection already
   * @param onClose called once, when the connection and all its streams are done
   */
  constructor(socket: Duplex, begun: Buffer, config: Http2Config, accept: StreamAcceptor, onClose: () => void) {
    this.#socket = socket;
    this.#config = config;
    this.#accept = accept;
    this.#onClose = onClose;
    this.#decoder = new HpackDecoder(config.fieldBytesMax);
    this.#pings = new Pings(config.pingIntervalMsMin, config.pingRounds, (bytes) => this.#out.writer.ping(bytes, true));
    this.#refusals = config.refusalPace.connection();
    this.#kept = new KeptBytes(config.memory.requests);
    const reading = new Reading(socket);
    this.#incoming = new Incoming({
      reading,
      turn: config.turn,
      refusals: this.#refusals,
      connection: socket,
      take: (type, flags, stream, payload) => this.#frame(type, flags, stream, payload),
      onFed: () => this.#kept.count(this.#incoming.keptBytes + this.#blocks.keptBytes, this.#incoming.waitingBytes),
      onError: (error) => this.#failed(error),
    });
    this.#out = new Outbound(socket, reading, streamWindowBytes, {
      frequentFields: config.frequentFields,
      memory: config.memory,
      onAnswer: () => this.#pings.spoke(),
      onClosed: (stream) => this.#closedStream(stream),
      onVacated: () => this.#occupied--,
      onRefused: (bytes) => this.#refusals.count(bytes),
    });
    socket.on("data", (chunk: Buffer) => this.#incoming.receive(chunk));
    // A client that closes its half sends nothing more and reads nothing.
    socket.on("end", () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#gone());
    this.#greet();
    // This comes first, since the bytes that have been read already may pause the socket.
    socket.resume();
    if (begun.length > 0) this.#incoming.receive(begun);
  }

  /** Number of open streams. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Number of streams that count against `maxConcurrentStreams`: open ones, and those whose handlers still work. */
  get places(): number {
    return this.#streams.size + this.#occupied;
  }

  /** The client has sent its settings. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Nothing is read any more. Answers may still be on their way, until the client closes its side, too. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a ping. */
  ping(): void {
    this.#out.writer.ping(Buffer.alloc(8), false);
  }

  /** Accepts no new streams. The connection ends with the last open one. */
  leave(): void {
    if (this.#leavingAt !== undefined || this.#ended) return;
    this.#leavingAt = this.#lastStream;
    this.#out.writer.goAway(this.#lastStream, errorCodes.none, "");
    if (this.#streams.size === 0) this.#end();
  }

  /** Drops the connection, including everything on its way. */
  destroy(): void {
    this.#socket.destroy();
  }

  // ---- receiving ----

  #failed(error: unknown): void {
    const { code, message } = error instanceof ConnectionError ? error : unforeseen;
    this.#out.writer.goAway(this.#leavingAt ?? this.#lastStream, code, message);
    this.#end();
    if (!(error instanceof ConnectionError)) this.#config.onFault(error);
  }

  #frame(type: number, flags: number, id: number, payload: Buffer): void {
    if (this.#ended) return;
    const { data, headers, priority, resetStream, settings, pushPromise, ping, goAway, windowUpdate, continuation } =
      frameTypes;
    if (!this.#begun && type !== settings) throw violation("the first frame is not SETTINGS");
    const blockOf = this.#blocks.openStream;
    if (blockOf !== undefined && (type !== continuation || id !== blockOf)) {
      throw violation("another frame within a header block");
    }
    switch (type) {
      case data:
        this.#data(flags, id, payload);
        break;
      case headers:
        if (id % 2 === 0) throw violation(`stream ${id} cannot be opened by a client`);
        this.#headers(this.#blocks.begin(flags, id, payload));
        break;
      case continuation:
        this.#headers(this.#blocks.goOn(flags, payload));
        break;
      case priority:
        if (id === 0) throw violation("PRIORITY on stream 0");
        checkLength(payload, 5);
        if (dependencyOf(payload) === id) this.#failKnown(id, errorCodes.protocol);
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
        throw violation("PUSH_PROMISE from a client");
      case goAway: // a client that leaves still expects its answers
        checkConnectionFrame(id);
        if (payload.length < 8) checkLength(payload, 8);
        break;
      default: // frames of unknown types are ignored (RFC 9113, 5.5)
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
    this.#out.received.allow(payload.length);
    if (wrong === errorCodes.refusedStream) stream.overload();
    else if (wrong !== undefined) this.#fail(stream, wrong);
  }

  #headers(block: HeaderBlock | undefined): void {
    if (block === undefined) return;
    const { stream: id, endsStream, selfish, bytes } = block;
    const list = this.#decoder.decode(bytes);
    const known = this.#streams.get(id);
    if (id > this.#lastStream) this.#request(block, list);
    else if (known !== undefined) this.#trailers(known, list, endsStream && !selfish);
    else {
      this.#late(id, endsStream);
      if (!endsStream || selfish || !isTrailers(list)) this.#failKnown(id, errorCodes.protocol);
    }
  }

  /** Handles the fields after a body, which are not used. */
  #trailers(stream: Http2Stream, list: FieldList, endsStream: boolean): void {
    if (stream.remoteEnded) this.#fail(stream, errorCodes.streamClosed);
    else {
      const wrong = endsStream && isTrailers(list) ? stream.receiveEnd() : errorCodes.protocol;
      if (wrong !== undefined) this.#fail(stream, wrong);
    }
  }

  #request({ stream: id, endsStream, selfish, bytes }: HeaderBlock, list: FieldList): void {
    this.#lastStream = id;
    const form = this.#forms.of(list);
    const wellFormed = !selfish && (endsStream ? form.withoutBody : form.withBody);
    const full = this.places >= this.#config.maxConcurrentStreams;
    if (this.#leavingAt === undefined && wellFormed && !full) {
      if (!this.#open(id, list, endsStream, form.bodyBytes)) this.#refusals.count(bytes.length);
      return;
    }
    this.#refusals.count(bytes.length);
    if (!endsStream) this.#cut.add(id, this.#initialSendWindow);
    if (this.#leavingAt !== undefined) return; // the client has been told by GOAWAY
    this.#out.sendReset(id, wellFormed ? errorCodes.refusedStream : errorCodes.protocol);
    this.#countReset();
  }

  /** @returns false when the acceptor has refused the request */
  #open(id: number, list: FieldList, ended: boolean, bodyBytes: number | undefined): boolean {
    const stream = new Http2Stream(id, this.#out, this.#initialSendWindow, ended, bodyBytes);
    this.#streams.set(id, stream);
    const listener = this.#accept(stream, list);
    if (listener !== undefined) stream.listen(listener);
    return listener !== undefined;
  }

  #resetStream(id: number, payload: Buffer): void {
    checkLength(payload, 4);
    this.#checkKnown(id);
    this.#countReset();
    this.#cut.delete(id);
    this.#streams.get(id)?.abandon();
  }

  /** Ends a stream on which the client broke the protocol. */
  #fail(stream: Http2Stream, code: number): void {
    stream.fail(code);
    this.#countReset();
  }

  /** Like `#fail`, for a stream that may be over already without the client knowing it. */
  #failKnown(id: number, code: number): void {
    const stream = this.#streams.get(id);
    if (stream !== undefined) {
      this.#fail(stream, code);
      return;
    }
    this.#checkKnown(id);
    this.#out.sendReset(id, code);
    this.#refusals.count();
    this.#countReset();
  }

  #countReset(): void {
    if (!this.#resets.spend()) throw new ConnectionError(errorCodes.enhanceYourCalm, "too many streams are reset");
  }

  #settings(flags: number, payload: Buffer): void {
    if ((flags & frameFlags.ack) !== 0) {
      checkLength(payload, 0);
      return;
    }
    const { initialWindowBytes: window, tableBytes } = readSettings(payload);
    const cost = window === undefined ? 1 : 1 + Math.floor(this.#streams.size / windowsForOneSetting);
    if (!this.#settingsFrames.spend(cost)) throw new ConnectionError(errorCodes.enhanceYourCalm, "too many SETTINGS");
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
    if ((flags & frameFlags.ack) !== 0 || this.#pings.receive(payload, this.#streams.size > 0)) return;
    throw new ConnectionError(errorCodes.enhanceYourCalm, "too_many_pings");
  }

  #windowUpdate(id: number, payload: Buffer): void {
    checkLength(payload, 4);
    const bytes = payload.readUInt32BE(0) & windowBytesMax;
    if (id === 0) {
      if (bytes === 0) throw violation("WINDOW_UPDATE with an increment of 0");
      this.#out.widen(bytes);
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#checkKnown(id);
      const wrong = this.#cut.widen(id, bytes);
      if (wrong !== undefined) this.#failKnown(id, wrong);
    } else if (bytes === 0) this.#fail(stream, errorCodes.protocol);
    else if (!stream.widen(bytes)) this.#fail(stream, errorCodes.flowControl);
  }

  /** Handles a frame of a stream that is over. */
  #late(id: number, ends: boolean): void {
    this.#checkKnown(id);
    if (!this.#cut.has(id)) throw new ConnectionError(errorCodes.streamClosed, `stream ${id} is over`);
    if (ends) this.#cut.delete(id);
  }

  /** Checks that a stream was opened. Frames may name a stream that is over, but not one that was never opened. */
  #checkKnown(id: number): void {
    if (id === 0 || id % 2 === 0 || id > this.#lastStream) throw violation(`a frame on idle stream ${id}`);
  }

  // ---- sending ----

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

  #closedStream(stream: HostedStream): void {
    this.#streams.delete(stream.id);
    if (stream.occupied) this.#occupied++;
    if (!stream.remoteEnded) this.#cut.add(stream.id, stream.sendWindow);
    if (this.#leavingAt !== undefined && this.#streams.size === 0) this.#end();
  }

  /** Stops reading. All prepared frames are still sent, and the client closes its side when it has them. */
  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#incoming.stop();
    this.#abandonStreams();
    this.#out.flush();
    this.#socket.end();
    this.#socket.resume();
  }

  #gone(): void {
    this.#ended = true;
    this.#closed = true;
    this.#incoming.stop();
    this.#kept.count(0, 0);
    this.#abandonStreams();
  }

  /** Abandons the open streams, in several turns of the event loop when there are very many. */
  #abandonStreams(): void {
    if (this.#abandoning) return;
    const { turn } = this.#config;
    for (const stream of this.#streams.values()) {
      stream.abandon();
      if (this.#streams.size === 0 || !turn.over) continue;
      this.#abandoning = true;
      turn.defer(
        () => {
          this.#abandoning = false;
          this.#abandonStreams();
        },
        this.#socket,
        "long",
      );
      return;
    }
    if (this.#closed) this.#onClose();
  }
}

function checkConnectionFrame(id: number): void {
  if (id !== 0) throw violation(`a frame that belongs to stream 0 on stream ${id}`);
}
