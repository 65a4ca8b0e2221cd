import type { Field } from "./field-list.js";
import { errorCodes, frameBytesMax, windowBytesMax } from "./frames.js";
import type { Priority } from "./memory.js";
import type { HostedStream, StreamHost } from "./stream-host.js";

/** Who takes a request: told what comes of it, in order, until `closed`. */
export interface StreamListener {
  /** Some of the body. It counts as held, and keeps the client from sending more, until `allow` and `free` say so. */
  data(chunk: Buffer): void;
  /** There is no memory for more of the body, which was dropped: the listener ends the stream. */
  overloaded(): void;
  /** The body has come to its end. */
  halfClosed(): void;
  /** What waited for the client has become less. */
  drain(): void;
  /** The stream is over, because the client ended it or its connection broke. Not called when this side ended it. */
  closed(): void;
}

/** What a piece that waits takes beside its bytes. */
const waitingBytes = 200;
/** An answer that is no longer than this is counted with its call. */
const smallAnswerBytesMax = 16 * 1024;

/** What waits until the client's windows have room for it. */
interface Waiting {
  readonly bytes: Uint8Array;
  sent: number;
}

/** One request and its answer. */
export class Http2Stream implements HostedStream {
  readonly id: number;
  /** Set by whoever takes the request, when that is work that goes first. */
  priority: Priority = "ordinary";
  readonly #host: StreamHost;
  #listener: StreamListener | undefined;
  /** Bytes that the client takes, and those that it may send. */
  #sendWindow: number;
  #receiveWindow: number;
  /** Bytes that the listener has consumed and that no WINDOW_UPDATE has returned to the client yet. */
  #unsaid = 0;
  /** Bytes that came and that the listener still has. */
  #held = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  /** What is counted for those that wait, and for the stream itself. */
  #waitingCost = 0;
  #chargedBytes = 0;
  /** What ends the stream, once nothing waits any more. */
  #trailers: readonly Field[] | undefined;
  #remoteEnded: boolean;
  #over = false;
  #occupied = false;
  /** Bytes of the body that the client has yet to send, if it said how many there are. */
  #dueBytes: number | undefined;

  /**
   * @param ended there is no body
   * @param bodyBytes how long the client says that the body is
   */
  constructor(id: number, host: StreamHost, sendWindow: number, ended: boolean, bodyBytes?: number) {
    this.id = id;
    this.#host = host;
    this.#sendWindow = sendWindow;
    this.#receiveWindow = host.streamWindowBytes;
    this.#remoteEnded = ended;
    this.#dueBytes = bodyBytes;
  }

  /** Bytes that were written and wait for the client. */
  get unsentBytes(): number {
    return this.#waitingBytes;
  }

  // ---- the side that answers ----

  /** The answer's head. */
  respond(fields: readonly Field[]): void {
    if (!this.#over) this.#host.sendHeaders(this.id, fields, false);
  }

  get wantsRoom(): boolean {
    return this.#waitingBytes > 0 && this.#sendWindow > 0;
  }

  get remoteEnded(): boolean {
    return this.#remoteEnded;
  }

  /** Some of the answer's body: `head`, then `body`. They are kept while they wait, and must not change. */
  write(head: Uint8Array, body: Uint8Array): void {
    if (this.#over || this.#trailers !== undefined) return;
    const length = head.length + body.length;
    const fits = length <= frameBytesMax && length <= this.#sendWindow && length <= this.#host.room;
    if (fits && this.#waiting.length === 0) {
      this.#sendWindow -= length;
      this.#host.sendData(this.id, head, body);
      return;
    }
    this.writeAll([head, body]);
  }

  /** As `write`, of any number of pieces, which share frames. */
  writeAll(pieces: readonly Uint8Array[]): void {
    if (this.#over || this.#trailers !== undefined) return;
    let cost = 0;
    for (const bytes of pieces) {
      if (bytes.length === 0) continue;
      this.#waiting.push({ bytes, sent: 0 });
      this.#waitingBytes += bytes.length;
      cost += bytes.length + waitingBytes;
    }
    this.#waitingCost += cost;
    this.#host.answers.take(cost);
    this.#pump();
  }

  /** Whether an answer of so many bytes can be sent now, or has memory to wait in. */
  hasRoomFor(bytes: number): boolean {
    if (bytes <= smallAnswerBytesMax || bytes <= Math.min(this.#sendWindow, this.#host.room)) return true;
    const { answers } = this.#host;
    if (!answers.tryTake(bytes, this.priority)) return false;
    answers.release(bytes);
    return true;
  }

  /**
   * Counts what the stream's handler holds for it, until the stream is over and its handler done.
   *
   * @returns false when there is no room: nothing was counted
   */
  charge(bytes: number): boolean {
    if (!this.#host.calls.tryTake(bytes, this.priority)) return false;
    this.#chargedBytes += bytes;
    return true;
  }

  /** What is counted for what its handler holds. */
  get chargedBytes(): number {
    return this.#chargedBytes;
  }

  /** Ends the stream because there is no memory for it, and nothing was done. Its listener hears that it is closed. */
  refuse(): void {
    this.fail(errorCodes.refusedStream);
  }

  /** Some of what was charged is not held any more. */
  uncharge(bytes: number): void {
    const released = Math.min(bytes, this.#chargedBytes);
    this.#chargedBytes -= released;
    this.#host.calls.release(released);
  }

  /** The answer's end; without trailers it ends all the same. */
  end(trailers: readonly Field[]): void {
    if (this.#over || this.#trailers !== undefined) return;
    this.#trailers = trailers;
    if (this.#waiting.length === 0) this.#finish(trailers);
  }

  /** Ends the stream in both directions; what waits is dropped. */
  reset(code: number): void {
    if (this.#over) return;
    this.#host.sendReset(this.id, code);
    this.#close();
  }

  /** The client may send so many bytes more on this stream, as soon as its connection has room for them. */
  allow(bytes: number): void {
    this.#unsaid += bytes;
    this.allowMore();
  }

  /** Says so to the client, once that is worth a frame. */
  allowMore(): void {
    if (this.#over || this.#remoteEnded) return;
    if (this.#unsaid < this.#host.streamWindowBytes / 2 || !this.#host.requestRoom.allows(this)) return;
    this.#host.sendWindowUpdate(this.id, this.#unsaid);
    this.#receiveWindow += this.#unsaid;
    this.#unsaid = 0;
  }

  /**
   * A handler is at work for this stream. Until `vacate` the stream counts among those that the client may have open,
   * also when it is over by then: whatever ended it, its work goes on.
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

  /** So many bytes of the body are not needed any more. */
  free(bytes: number): void {
    if (this.#over) return;
    this.#held -= bytes;
    this.#host.freed(this, bytes, this.#held === 0);
  }

  // ---- the connection's side ----

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
   * Some of the body, all of which is the listener's to free.
   *
   * @param windowBytes what the frame counts, with its padding
   * @returns what the client did wrong; nothing was taken then
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

  /** @returns what the client did wrong */
  receiveEnd(): number | undefined {
    if (!this.#isDue(0, true)) return errorCodes.protocol;
    this.#remoteEnded = true;
    this.#listener?.halfClosed();
    return undefined;
  }

  /** Counts the body. @returns false when it is not as long as the client said (RFC 9113, 8.1.1) */
  #isDue(bytes: number, end: boolean): boolean {
    if (this.#dueBytes === undefined) return true;
    this.#dueBytes -= bytes;
    return end ? this.#dueBytes === 0 : this.#dueBytes >= 0;
  }

  /** @returns false when that is more than a window can be */
  widen(bytes: number): boolean {
    this.#sendWindow += bytes;
    if (this.#sendWindow > windowBytesMax) return false;
    if (bytes > 0 && this.#waitingBytes > 0) this.#pump();
    return true;
  }

  /** One frame of what waits, so that others get their turn. */
  takeTurn(): void {
    if (this.wantsRoom) this.#sendSome();
    if (this.wantsRoom) this.#host.wait(this);
    this.#settle();
  }

  /** Sends what waits as far as the windows go, behind those that wait for the connection's. */
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
    for (const waiting of this.#waiting) {
      const part = waiting.bytes.subarray(waiting.sent, waiting.sent + bytes - taken);
      parts.push(part);
      waiting.sent += part.length;
      taken += part.length;
      if (waiting.sent < waiting.bytes.length) break;
      whole++;
      if (taken === bytes) break;
    }
    this.#waiting.splice(0, whole);
    const cost = bytes + whole * waitingBytes;
    this.#waitingCost -= cost;
    this.#host.answers.release(cost);
    this.#waitingBytes -= bytes;
    this.#sendWindow -= bytes;
    this.#host.sendParts(this.id, parts, bytes);
  }

  /** There is no memory for what came of it. */
  overload(): void {
    this.#listener?.overloaded();
    // A client that is told so may ask again elsewhere: nothing was done.
    this.reset(errorCodes.refusedStream);
  }

  /** Ends the stream in both directions; its listener hears that it is closed. */
  fail(code: number): void {
    const listener = this.#listener;
    this.reset(code);
    listener?.closed();
  }

  /** The client has ended it, or the connection is gone. */
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
    // The answer does not depend on what may still come of the request.
    if (!this.#remoteEnded) this.#host.sendReset(this.id, errorCodes.none);
    this.#close();
  }

  #close(): void {
    this.#over = true;
    this.#waiting = [];
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
