import { ManualClock, MemoryAccount } from "../../src/base/index.js";
import {
  type ConnectionMemory,
  type Field,
  type FieldList,
  Http2Connection,
  type Http2Stream,
  type LoopShare,
  PingRounds,
  RefusalPace,
  type StreamListener,
} from "../../src/http2/index.js";
import { type MemorySocket, socketPair } from "../../src/rpc/http/memory-socket.js";
import { FrameLog, preface, settings } from "./frames.js";

export const okHead: readonly Field[] = [{ name: ":status", value: "200" }];
export const okTrailers: readonly Field[] = [{ name: "grpc-status", value: "0" }];

/** A request at the server. */
export interface Seen {
  readonly stream: Http2Stream;
  readonly head: FieldList;
  body: Buffer;
  /** "open", or the end of the request. */
  state: "open" | "half-closed" | "overloaded" | "closed";
  drained: number;
}

export interface PeerOptions {
  /** The turn of the event loop in which frames are processed. By default it is never over. */
  readonly turn?: LoopShare;
  /** The bytes that have been read from the connection already. */
  readonly begun?: Buffer;
  readonly maxConcurrentStreams?: number;
  readonly pingIntervalMsMin?: number;
  readonly frequentFields?: readonly Field[];
  readonly memory?: MemoryAccount;
  readonly refusalPace?: RefusalPace;
  /** A function that is called for each request. By default requests are answered with their own body. */
  readonly onRequest?: (seen: Seen) => void;
  readonly onData?: (seen: Seen, chunk: Buffer) => void;
  readonly onHalfClosed?: (seen: Seen) => void;
}

/** A turn of the event loop that is never over. */
export const endlessTurn: LoopShare = { over: false, shareOver: false, defer: setImmediate };

/** A connection of the server, and the client's end of it. */
export class Peer {
  readonly connection: Http2Connection;
  readonly socket: MemorySocket;
  readonly seen: Seen[] = [];
  readonly clock = new ManualClock();
  readonly faults: unknown[] = [];
  closed = false;
  /** The received frames, except for the greeting. */
  readonly frames: string[] = [];
  readonly bytes = { received: 0 };

  constructor(options: PeerOptions = {}) {
    const [near, far] = socketPair();
    this.socket = far;
    const config = {
      maxConcurrentStreams: options.maxConcurrentStreams ?? 2 ** 32 - 1,
      fieldBytesMax: 64 * 1024,
      frequentFields: options.frequentFields ?? [],
      pingIntervalMsMin: options.pingIntervalMsMin ?? 5_000,
      pingRounds: new PingRounds((delayMs, run) => this.clock.after(delayMs, run)),
      refusalPace: options.refusalPace ?? new RefusalPace(this.clock),
      memory: connectionMemory(options.memory),
      turn: options.turn ?? endlessTurn,
      onFault: (error: unknown) => this.faults.push(error),
    };
    const accept = (stream: Http2Stream, head: FieldList) => this.#accept(stream, head, options);
    this.connection = new Http2Connection(near, options.begun ?? Buffer.alloc(0), config, accept, () => {
      this.closed = true;
    });
  }

  /** Opens a connection that reads all frames, and sends the preface and settings. */
  static async greeted(options: PeerOptions = {}, ...entries: readonly (readonly [number, number])[]): Promise<Peer> {
    const peer = new Peer(options);
    peer.read();
    await peer.send(preface, settings(...entries));
    peer.frames.length = 0;
    return peer;
  }

  read(): void {
    const log = new FrameLog();
    this.socket.on("data", (chunk: Buffer) => {
      this.bytes.received += chunk.length;
      this.frames.push(...log.read(chunk));
    });
  }

  /** Sends bytes in one piece, and waits until no more work is left. */
  async send(...bytes: readonly Buffer[]): Promise<void> {
    this.socket.write(Buffer.concat(bytes));
    await quiet();
  }

  #accept(stream: Http2Stream, head: FieldList, options: PeerOptions): StreamListener {
    const seen: Seen = { stream, head, body: Buffer.alloc(0), state: "open", drained: 0 };
    this.seen.push(seen);
    options.onRequest?.(seen);
    return {
      data: (chunk) => {
        if (options.onData !== undefined) options.onData(seen, chunk);
        else {
          seen.body = Buffer.concat([seen.body, chunk]);
          stream.allow(chunk.length);
          stream.free(chunk.length);
        }
      },
      overloaded: () => {
        seen.state = "overloaded";
      },
      halfClosed: () => {
        seen.state = "half-closed";
        if (options.onHalfClosed !== undefined) options.onHalfClosed(seen);
        else if (options.onRequest === undefined) answer(seen.stream, seen.body);
      },
      drain: () => {
        seen.drained++;
      },
      closed: () => {
        seen.state = "closed";
      },
    };
  }
}

export function connectionMemory(account = MemoryAccount.unlimited()): ConnectionMemory {
  return { calls: account.pot("calls"), requests: account.pot("requests"), answers: account.pot("answers") };
}

export function answer(stream: Http2Stream, body: Uint8Array): void {
  stream.respond(okHead);
  if (body.length > 0) stream.write(new Uint8Array(0), body);
  stream.end(okTrailers);
}

/** Waits a few turns of the event loop, which streams in memory need to pass on all data. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 6; turn++) await new Promise((resolve) => setImmediate(resolve));
}
