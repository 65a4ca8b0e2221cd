import type { Field, FieldList } from "./field-list.js";
import { errorCodes, frameBytesMax, windowBytesMax } from "./frames.js";

/** Receives the answer to a request: its events in order. Nothing follows `ended` or `failed`. */
export interface AnswerListener {
  /** The head of the answer; without a body, `ended` follows at once. */
  head(list: FieldList): void;
  /** A part of the body. It narrows the server's window until `ClientStream.allow` is called for it. */
  data(chunk: Buffer): void;
  /** The answer is complete. @param trailers the fields after the body, if there are any */
  ended(trailers: FieldList | undefined): void;
  failed(failure: StreamFailure): void;
}

/**
 * Why an answer will not be complete. `unprocessed`: the server surely did nothing for the request. `reset`: the stream
 * was ended with this code, by the server or because the server broke the protocol. `lost`: the connection is gone.
 */
export type StreamFailure =
  | { readonly kind: "unprocessed"; readonly reason: string }
  | { readonly kind: "reset"; readonly code: number }
  | { readonly kind: "lost"; readonly reason: string };

/** The interface of a client's connection for its streams. */
export interface ClientStreamHost {
  /** Bytes that the connection may send now. */
  readonly room: number;
  sendData(stream: number, parts: readonly Uint8Array[], bytes: number): void;
  sendEnd(stream: number): void;
  sendReset(stream: number, code: number): void;
  sendWindowUpdate(stream: number, bytes: number): void;
  /** Queues a stream that has bytes to send and no room on the connection; `takeTurn` is called when there is some. */
  wait(stream: ClientStream): void;
  closed(stream: ClientStream): void;
}

/** Window of each stream for the server's answer. */
export const streamWindowBytes = 1024 * 1024;

/** One request and its answer, at the client. */
export class ClientStream {
  readonly fields: readonly Field[];
  readonly #host: ClientStreamHost;
  readonly #listener: AnswerListener;
  /** 0 until the server's limit of concurrent streams lets the request begin. */
  #id = 0;
  #sendWindow = 0;
  #receiveWindow = streamWindowBytes;
  /** Consumed bytes that no WINDOW_UPDATE has returned to the server yet. */
  #unsaid = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** The request ends behind the waiting bytes. */
  #ending = false;
  #localEnded = false;
  #headSeen = false;
  #over = false;

  /** Created by `ClientConnection.request`. */
  constructor(fields: readonly Field[], host: ClientStreamHost, listener: AnswerListener) {
    this.fields = fields;
    this.#host = host;
    this.#listener = listener;
  }

  get id(): number {
    return this.#id;
  }

  // ---- for the caller ----

  /** Sends a part of the request's body: `head`, then `body`. Both are kept while they wait. */
  write(head: Uint8Array, body: Uint8Array): void {
    if (this.#over || this.#ending) return;
    for (const bytes of [head, body]) {
      if (bytes.length === 0) continue;
      this.#waiting.push(bytes);
      this.#waitingBytes += bytes.length;
    }
    this.#pump();
  }

  /** Ends the request; its answer is still received. */
  end(): void {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    this.#pump();
  }

  /** Ends the stream in both directions. Its listener is not called any more. */
  cancel(): void {
    if (this.#over) return;
    if (this.#id > 0) this.#host.sendReset(this.#id, errorCodes.cancel);
    this.#close();
  }

  /** Lets the server send this many bytes more. */
  allow(bytes: number): void {
    this.#unsaid += bytes;
    if (this.#over || this.#unsaid < streamWindowBytes / 2) return;
    this.#host.sendWindowUpdate(this.#id, this.#unsaid);
    this.#receiveWindow += this.#unsaid;
    this.#unsaid = 0;
  }

  // ---- for the connection ----

  /** The head of the request is sent under this id. */
  begin(id: number, sendWindow: number): void {
    this.#id = id;
    this.#sendWindow = sendWindow;
    this.#pump(); // what was written while the request waited
  }

  /** Sends as much as the windows allow; called when the connection has room. */
  takeTurn(): void {
    this.#pump();
  }

  /** Receives a header block: the head of the answer, or its trailers. */
  receiveFields(list: FieldList, end: boolean): void {
    if (this.#headSeen) {
      if (!end || list.malformed) this.fail(errorCodes.protocol);
      else this.#complete(list);
      return;
    }
    const status = list.fields.find(({ name }) => name === ":status")?.value ?? "";
    if (list.malformed || !/^[1-9][0-9][0-9]$/.test(status)) {
      this.fail(errorCodes.protocol);
      return;
    }
    if (status.startsWith("1")) {
      // An interim answer, which says nothing that a client of this room uses; it cannot end a stream.
      if (end) this.fail(errorCodes.protocol);
      return;
    }
    this.#headSeen = true;
    this.#listener.head(list);
    if (end) this.#complete(undefined);
  }

  /** @param windowBytes length of the frame with its padding */
  receive(chunk: Buffer, windowBytes: number, end: boolean): void {
    if (!this.#headSeen) {
      this.fail(errorCodes.protocol);
      return;
    }
    if (windowBytes > this.#receiveWindow) {
      this.fail(errorCodes.flowControl);
      return;
    }
    this.#receiveWindow -= windowBytes;
    this.allow(windowBytes - chunk.length);
    if (chunk.length > 0) this.#listener.data(chunk);
    if (end) this.#complete(undefined);
  }

  /** The server widens the window. @returns false when the window becomes too large */
  widen(bytes: number): boolean {
    this.#sendWindow += bytes;
    if (this.#sendWindow > windowBytesMax) return false;
    if (bytes > 0) this.#pump();
    return true;
  }

  /** Ends the stream because the server broke the protocol on it, or a limit of this side. */
  fail(code: number): void {
    if (this.#over) return;
    this.#host.sendReset(this.#id, code);
    this.lose({ kind: "reset", code });
  }

  /** The stream is over, and its answer incomplete. */
  lose(failure: StreamFailure): void {
    if (this.#over) return;
    this.#close();
    this.#listener.failed(failure);
  }

  #complete(trailers: FieldList | undefined): void {
    if (this.#over) return;
    // The server has answered before it had the whole request, and does not want the rest.
    if (!this.#localEnded) this.#host.sendReset(this.#id, errorCodes.none);
    this.#close();
    this.#listener.ended(trailers);
  }

  #pump(): void {
    if (this.#id === 0 || this.#over || this.#localEnded) return;
    for (;;) {
      const bytes = Math.min(this.#waitingBytes, this.#sendWindow, this.#host.room, frameBytesMax);
      if (bytes <= 0) break;
      this.#host.sendData(this.#id, this.#take(bytes), bytes);
      this.#sendWindow -= bytes;
    }
    if (this.#waitingBytes > 0) {
      if (this.#sendWindow > 0) this.#host.wait(this);
    } else if (this.#ending) {
      this.#localEnded = true;
      this.#host.sendEnd(this.#id);
    }
  }

  /** Removes this many of the waiting bytes. */
  #take(bytes: number): Uint8Array[] {
    const parts: Uint8Array[] = [];
    let missing = bytes;
    let whole = 0;
    for (const piece of this.#waiting) {
      if (piece.length > missing) {
        parts.push(piece.subarray(0, missing));
        this.#waiting[whole] = piece.subarray(missing);
        break;
      }
      parts.push(piece);
      missing -= piece.length;
      whole++;
      if (missing === 0) break;
    }
    this.#waiting.splice(0, whole);
    this.#waitingBytes -= bytes;
    return parts;
  }

  #close(): void {
    this.#over = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#host.closed(this);
  }
}
