import type { ServerResponse } from "node:http";
import type { Timer } from "../base/index.js";
import type { Message } from "../raft/index.js";
import { type Link, peerFields, streamNames } from "./link.js";
import { MsgAppEncoder } from "./msgapp-codec.js";
import { MessageEncoder, type StreamEncoder, type StreamKind } from "./stream-codec.js";

const waitingMessagesMax = 4096;
/** The most bytes handed to a connection at a time. */
const batchBytes = 256 * 1024;
/** Longer pieces are written as they are. Shorter ones are joined, since a write costs more than copying them. */
const joinedBytesMax = 16 * 1024;

interface Connection {
  readonly response: ServerResponse;
  readonly encoder: StreamEncoder;
  /** Timer that runs while the connection accepts no more bytes. */
  blocked: Timer | undefined;
}

/**
 * Writes one of the two streams to a peer, in an endless answer to a request that the peer made. Without a request, no
 * message is accepted; while the connection is slow, up to `waitingMessagesMax` messages wait.
 */
export class StreamWriter {
  readonly #kind: StreamKind;
  readonly #link: Link;
  #waiting: Message[] = [];
  #connection: Connection | undefined;
  #heartbeat: Timer | undefined;

  constructor(kind: StreamKind, link: Link) {
    this.#kind = kind;
    this.#link = link;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Writes to `response` from now on, and ends the connection before, if there is one. */
  attach(response: ServerResponse): void {
    const older = this.#connection;
    const encoder = this.#kind === "msgapp" ? new MsgAppEncoder() : new MessageEncoder();
    const connection: Connection = { response, encoder, blocked: undefined };
    this.#connection = connection;
    if (older !== undefined) this.#drop(older);
    response.on("drain", () => {
      connection.blocked?.cancel();
      connection.blocked = undefined;
      if (this.#connection === connection) this.flush();
    });
    response.once("error", () => response.destroy());
    response.once("close", () => this.#lost(connection));
    if (older === undefined) this.#beatLater();
    this.#link.status.activate();
    this.#link.config.logger.info("established TCP streaming connection with remote peer", this.#fields());
  }

  /** Accepts a message for the next `flush`; false when too many wait. */
  offer(message: Message): boolean {
    if (this.#waiting.length >= waitingMessagesMax) return false;
    this.#waiting.push(message);
    return true;
  }

  /** Writes the waiting messages, as far as the connection accepts them. */
  flush(): void {
    const connection = this.#connection;
    if (connection === undefined || connection.blocked !== undefined || this.#waiting.length === 0) return;
    let written = 0;
    while (connection.blocked === undefined && written < this.#waiting.length) {
      const pieces: Uint8Array[] = [];
      let bytes = 0;
      for (; bytes < batchBytes && written < this.#waiting.length; written++) {
        const message = this.#waiting[written];
        if (message === undefined) break;
        const before = pieces.length;
        connection.encoder.encode(message, pieces);
        for (let at = before; at < pieces.length; at++) bytes += pieces[at]?.byteLength ?? 0;
      }
      this.#write(connection, pieces);
    }
    this.#waiting = this.#waiting.slice(written);
  }

  stop(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#waiting = [];
    this.#heartbeat?.cancel();
    if (connection !== undefined) this.#end(connection);
  }

  #write(connection: Connection, pieces: readonly Uint8Array[]): void {
    let accepted = true;
    // Node sends what is written in one turn of the event loop together.
    for (const piece of joinShort(pieces)) {
      this.#link.counters.sentBytes += piece.byteLength;
      accepted = connection.response.write(piece);
    }
    if (accepted || connection.blocked !== undefined) return;
    const { clock, writeTimeoutMs } = this.#link.config;
    connection.blocked = clock.after(writeTimeoutMs, () => connection.response.destroy());
  }

  #beatLater(): void {
    const { clock, readTimeoutMs } = this.#link.config;
    this.#heartbeat?.cancel();
    // A third of the timeout: one lost heartbeat must not make the peer believe that this member hangs.
    this.#heartbeat = clock.after(readTimeoutMs / 3, () => {
      this.#beatLater();
      const connection = this.#connection;
      if (connection === undefined || connection.blocked !== undefined) return;
      const pieces: Uint8Array[] = [];
      connection.encoder.heartbeat(pieces);
      this.#write(connection, pieces);
    });
  }

  /**
   * Ends the answer properly, so that all bytes written to it still arrive: a removed member learns of its removal that
   * way.
   */
  #end(connection: Connection): void {
    if (connection.blocked !== undefined) {
      this.#drop(connection);
      return;
    }
    const { clock, writeTimeoutMs } = this.#link.config;
    const limit = clock.after(writeTimeoutMs, () => connection.response.destroy());
    connection.response.once("close", () => limit.cancel());
    connection.response.end();
  }

  #drop(connection: Connection): void {
    connection.blocked?.cancel();
    connection.response.destroy();
  }

  #lost(connection: Connection): void {
    connection.blocked?.cancel();
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    this.#heartbeat?.cancel();
    this.#waiting = [];
    const { id, config, status, counters } = this.#link;
    counters.sentFailures++;
    status.deactivate(`write stream ${this.#kind}`, "the connection was closed");
    config.logger.warn("lost TCP streaming connection with remote peer", this.#fields());
    // The bytes that the connection had accepted may be lost, as well as the waiting messages.
    config.raft.reportUnreachable(id);
  }

  #fields(): Readonly<Record<string, string>> {
    return { "stream-writer-type": streamNames[this.#kind], ...peerFields(this.#link) };
  }
}

/** Joins neighbouring short pieces. */
function joinShort(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  if (pieces.every((piece) => piece.byteLength < joinedBytesMax)) return [Buffer.concat(pieces)];
  const joined: Uint8Array[] = [];
  let short: Uint8Array[] = [];
  for (const piece of pieces) {
    if (piece.byteLength < joinedBytesMax) {
      short.push(piece);
      continue;
    }
    if (short.length > 0) joined.push(Buffer.concat(short));
    short = [];
    joined.push(piece);
  }
  if (short.length > 0) joined.push(Buffer.concat(short));
  return joined;
}
