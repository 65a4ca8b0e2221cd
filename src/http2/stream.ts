import type { Field } from "./field-list.js";
import { errorCodes, frameBytesMax, windowBytesMax } from "./frames.js";
import type { Priority } from "./memory.js";
import type { HostedStream, StreamHost } from "./stream-host.js";

/** Receives a request: its events in order, until `closed`. */
export interface StreamListener {
  /**
   * A part of the body. It counts as held and narrows the client's window, until `free` and `allow` are called for it.
   */
  data(chunk: Buffer): void;
  /** There is no memory for more of the body, which was dropped: the listener must end the stream. */
  overloaded(): void;
  /** The body is complete. */
  halfClosed(): void;
  /** The number of bytes that wait for the client has fallen. */
  drain(): void;
  /** The stream was ended by the client or by a broken connection. Not called when this side ended it. */
  closed(): void;
}

/** Memory of a waiting piece beside its bytes. */
const waitingBytes = 200;
/** The most bytes of an answer that is counted with its call. */
const smallAnswerBytesMax = 16 * 1024;

/** A piece that waits until the client's windows have room. */
interface Waiting {
  readonly bytes: Uint8Array;
  sent: number;
}

/** One request and its answer. */
export class Http2Stream implements HostedStream {
  readonly id: number;
  /** Priority of the request; the acceptor sets it for work that goes first. */
  priority: Priority = "ordinary";
  readonly #host: StreamHost;
  #listener: StreamListener | undefined;
  /** Bytes that may be sent to the client, and bytes that it may send. */
  #sendWindow: number;
  #receiveWindow: number;
  /** Bytes that the listener has consumed and that no WINDOW_UPDATE has returned to the client yet. */
  #unsaid = 0;
  /** Received bytes that the listener still holds. */
  #held = 0;
  /** The pieces that wait for room; undefined while there are none, as with very many streams that only wait. */
  #waiting: Waiting[] | undefined;
  #waitingBytes = 0;
  /** Counted bytes of the waiting pieces, and of the stream's handler. */
  #waitingCost = 0;
  #chargedBytes = 0;
  /** Trailers that end the stream once no piece waits any more. */
  #trailers: readonly Field[] | undefined;
  #remoteEnded: boolean;
  #over = false;
  #occupied = false;
  /** Bytes of the body that are still to come, if the client declared its length. */
  #dueBytes: number | undefined;

  /**
   * @param ended there is no body
   * @param bodyBytes declared length of the body
   */
  constructor(id: number, host: StreamHost, sendWindow: number, ended: boolean, bodyBytes?: number) {
    this.id = id;
    this.#host = host;
    this.#sendWindow = sendWindow;
    this.#receiveWindow = host.streamWindowBytes;
    this.#remoteEnded = ended;
    this.#dueBytes = bodyBytes;
  }

  /** Written bytes that wait for the client. */
  get unsentBytes(): number {
    return this.#waitingBytes;
  }

  // ---- for the handler ----

  /** Sends the head of the answer. */
  respond(fields: readonly Field[]): void {
    if (!this.#over) this.#host.sendHeaders(this.id, fields, false);
  }

  get wantsRoom(): boolean {
    return this.#waitingBytes > 0 && this.#sendWindow > 0;
  }

  get remoteEnded(): boolean {
    return this.#remoteEnded;
  }

  /**
   * Sends a part of the answer's body: `head`, then `body`. Both are kept while they wait, and must not be modified.
   */
  write(head: Uint8Array, body: Uint8Array): void {
    if (this.#over || this.#trailers !== undefined) return;
    const length = head.length + body.length;
    const fits = length <= frameBytesMax && length <= this.#sendWindow && length <= this.#host.room;
    if (fits && this.#waiting === undefined) {
      this.#sendWindow -= length;
      this.#host.sendData(this.id, head, body);
      return;
    }
    this.writeAll([head, body]);
  }

  /** Like `write`, for any number of pieces, which share frames. */
  writeAll(pieces: readonly Uint8Array[]): void {
    if (this.#over || this.#trailers !== undefined) return;
    let cost = 0;
    for (const bytes of pieces) {
      if (bytes.length === 0) continue;
      this.#waiting ??= [];
      this.#waiting.push({ bytes, sent: 0 });
      this.#waitingBytes += bytes.length;
      cost += bytes.length + waitingBytes;
    }
    this.#waitingCost += cost;
    this.#host.answers.take(cost);
    this.#pump();
  }

  /** Whether an answer of this length can be sent now, or has memory to wait in. */
  hasRoomFor(bytes: number): boolean {
    if (bytes <= smallAnswerBytesMax || bytes <= Math.min(this.#sendWindow, this.#host.room)) return true;
    const { answers } = this.#host;
    if (!answers.tryTake(bytes, this.priority)) return false;
    answers.release(bytes);
    return true;
  }

  /**
   * Counts memory that the stream's handler holds, until the stream is over and its handler done.
   *
   * @returns false when there is no room: nothing was counted
   */
  charge(bytes: number): boolean {
    if (!this.#host.calls.tryTake(bytes, this.priority)) return false;
    this.#chargedBytes += bytes;
    return true;
  }

  /** Bytes counted for the memory of the handler. */
  get chargedBytes(): number {
    return this.#chargedBytes;
  }

  /**
   * Ends the stream because there is no memory for it; nothing was done for the request. Its listener is told that it
   * is closed.
   */
  refuse(): void {
    this.fail(errorCodes.refusedStream);
  }

  /** Counts the request as refused: a connection with very many of them is read more slowly. */
  blame(): void {
    this.#host.refused(this.#chargedBytes);
  }

  /** Releases some of the charged bytes. */
  uncharge(bytes: number): void {
    const released = Math.min(bytes, this.#chargedBytes);
    this.#chargedBytes -= released;
    this.#host.calls.release(released);
  }

  /** Ends the answer, with or without trailers. */
  end(trailers: readonly Field[]): void {
    if (this.#over || this.#trailers !== undefined) return;
    this.#trailers = trailers;
    if (this.#waiting === undefined) this.#finish(trailers);
  }

  /** Ends the stream in both directions, and drops what waits. */
  reset(code: number): void {
    if (this.#over) return;
    this.#host.sendReset(this.id, code);
    this.#close();
  }

  /** Lets the client send this many bytes more on this stream, once its connection has room for them. */
  allow(bytes: number): void {
    this.#unsaid += bytes;
    this.allowMore();
  }

  /** Tells the client to send more, once that is worth a frame. */
  allowMore(): void {
    if (this.#over || this.#remoteEnded) return;
    if (this.#unsaid < this.#host.streamWindowBytes / 2 || !this.#host.requestRoom.allows(this)) return;
    this.#host.sendWindowUpdate(this.id, this.#unsaid);
    this.#receiveWindow += this.#unsaid;
    this.#unsaid = 0;
  }

  /**
   * A handler starts working for this stream. Until `vacate`, the stream counts among those that the client may have
   * open, even when it is over: whatever ended it, the handler's work goes on.
   */
  occupy(): void {
    this.#occupied = true;
  }

  /** The handler is done. */
  vacate(): void {
    if (!this.#occupied) return;
    this.#occupied = false;
    if (!this.#over) return;
    this.uncharge(this.#chargedBytes);
    this.#host.vacated();
  }

  /** Releases bytes of the body. */
  free(bytes: number): void {
    if (this.#over) return;
    this.#held -= bytes;
    this.#host.freed(this, bytes, this.#held === 0);
  }

  // ---- for the connection ----

  get occupied(): boolean {
    return this.#occupied;
  }

  get sendWindow(): number {
    return this.#sendWindow;
  }

  listen(listener: StreamListener): void {
    if (this.#over) return;
    this.#listener = listener;
    if (this.#remoteEnded) listener.halfClosed();
  }

  /**
   * Receives a part of the body, which the listener has to free.
   *
   * @param windowBytes length of the frame with its padding
   * @returns the error code if the client broke a rule; nothing was accepted then
   */
  receive(chunk: Buffer, windowBytes: number, end: boolean): number | undefined {
    if (this.#remoteEnded) return errorCodes.streamClosed;
    if (windowBytes > this.#receiveWindow) return errorCodes.flowControl;
    if (!this.#isDue(chunk.length, end)) return errorCodes.protocol;
    if (chunk.length > 0 && !this.#host.hold(chunk.length, this.priority)) return errorCodes.refusedStream;
    this.#held += chunk.length;
    this.#receiveWindow -= windowBytes;
    this.#remoteEnded = end;
    this.allow(windowBytes - chunk.length);
    if (chunk.length > 0) this.#listener?.data(chunk);
    if (end) this.#listener?.halfClosed();
    return undefined;
  }

  /** @returns the error code if the client broke a rule */
  receiveEnd(): number | undefined {
    if (!this.#isDue(0, true)) return errorCodes.protocol;
    this.#remoteEnded = true;
    this.#listener?.halfClosed();
    return undefined;
  }

  /** Counts the body. @returns false when it does not have the declared length (RFC 9113, 8.1.1) */
  #isDue(bytes: number, end: boolean): boolean {
    if (this.#dueBytes === undefined) return true;
    this.#dueBytes -= bytes;
    return end ? this.#dueBytes === 0 : this.#dueBytes >= 0;
  }

  /** @returns false when the window becomes too large */
  widen(bytes: number): boolean {
    this.#sendWindow += bytes;
    if (this.#sendWindow > windowBytesMax) return false;
    if (bytes > 0 && this.#waitingBytes > 0) this.#pump();
    return true;
  }

  /** Sends one waiting frame, so that other streams get their turn. */
  takeTurn(): void {
    if (this.wantsRoom) this.#sendSome();
    if (this.wantsRoom) this.#host.wait(this);
    this.#settle();
  }

  /** Sends the waiting bytes as far as the windows allow, after streams that wait for the connection's window. */
  #pump(): void {
    const before = this.#waitingBytes;
    while (this.wantsRoom && this.#host.room > 0 && !this.#host.crowded) this.#sendSome();
    if (this.wantsRoom) this.#host.wait(this);
    if (this.#waitingBytes < before) this.#settle();
  }

  #settle(): void {
    if (this.#waitingBytes === 0 && this.#trailers !== undefined && !this.#over) this.#finish(this.#trailers);
    else this.#listener?.drain();
  }

  #sendSome(): void {
    const bytes = Math.min(this.#waitingBytes, this.#sendWindow, this.#host.room, frameBytesMax);
    const parts: Uint8Array[] = [];
    let taken = 0;
    let whole = 0;
    for (const waiting of this.#waiting ?? []) {
      const part = waiting.bytes.subarray(waiting.sent, waiting.sent + bytes - taken);
      parts.push(part);
      waiting.sent += part.length;
      taken += part.length;
      if (waiting.sent < waiting.bytes.length) break;
      whole++;
      if (taken === bytes) break;
    }
    if (whole === this.#waiting?.length) this.#waiting = undefined;
    else this.#waiting?.splice(0, whole);
    const cost = bytes + whole * waitingBytes;
    this.#waitingCost -= cost;
    this.#host.answers.release(cost);
    this.#waitingBytes -= bytes;
    this.#sendWindow -= bytes;
    this.#host.sendParts(this.id, parts, bytes);
  }

  /** Ends the stream because there is no memory for its body. */
  overload(): void {
    this.blame();
    this.#listener?.overloaded();
    // This code tells a client that nothing was done, so that it may try elsewhere.
    this.reset(errorCodes.refusedStream);
  }

  /** Ends the stream in both directions; its listener is told that it is closed. */
  fail(code: number): void {
    const listener = this.#listener;
    this.blame();
    this.reset(code);
    listener?.closed();
  }

  /** The client has ended the stream, or the connection is gone. */
  abandon(): void {
    if (this.#over) return;
    this.#remoteEnded = true;
    const listener = this.#listener;
    this.#close();
    listener?.closed();
  }

  #finish(trailers: readonly Field[]): void {
    if (trailers.length > 0) this.#host.sendHeaders(this.id, trailers, true);
    else this.#host.sendEnd(this.id);
    // The answer is complete, so the rest of the request is not needed.
    if (!this.#remoteEnded) this.#host.sendReset(this.id, errorCodes.none);
    this.#close();
  }

  #close(): void {
    this.#over = true;
    this.#waiting = undefined;
    this.#waitingBytes = 0;
    this.#listener = undefined;
    this.#host.freed(this, this.#held, true);
    this.#held = 0;
    this.#host.answers.release(this.#waitingCost);
    this.#waitingCost = 0;
    if (!this.#occupied) this.uncharge(this.#chargedBytes);
    this.#host.closed(this);
  }
}
