import type { Call } from "../../server/index.js";
import type { Port } from "../../threads/index.js";
import type { AlikeMessages, MessageInPieces } from "../grpc/sent-messages.js";
import { MessageIterator, type ServerStream } from "../grpc/stream.js";
import { Waiters } from "../grpc/waiters.js";
import { tells, unsentBytesMax } from "./kinds.js";
import type { StateCall } from "./state-call.js";
import type { StreamMessages } from "./stream-messages.js";

/** A stream of a front end, as its handler sees it on the thread that owns the state. */
export class StateStream implements ServerStream<Uint8Array, Uint8Array> {
  readonly #call: StateCall;
  readonly #port: Port;
  readonly #messages: StreamMessages;
  readonly #number: number;
  /** The client's messages that the handler has not taken. The front end bounds them. */
  #requests: Uint8Array[] = [];
  #halfClosed = false;
  /** Ends the handler's wait for a message; undefined while it does not wait. */
  #wanted: ((result: IteratorResult<Uint8Array, undefined>) => void) | undefined;
  /** Bytes of messages that the client has not taken. */
  #unsentBytes = 0;
  readonly #wantRoom = new Waiters();
  #finished = false;

  /**
   * @param messages sends the messages of all streams of the front end
   * @param number the number of the call
   */
  constructor(call: StateCall, port: Port, messages: StreamMessages, number: number) {
    this.#call = call;
    this.#port = port;
    this.#messages = messages;
    this.#number = number;
    call.onCancel(() => this.#cancelled());
  }

  get call(): Call {
    return this.#call;
  }

  read(): AsyncIterable<Uint8Array> {
    return new MessageIterator(this);
  }

  write(message: Uint8Array): boolean {
    if (this.#isOver) return true;
    this.#messages.send(this.#number, message);
    return this.#count(message.length);
  }

  writePieces(message: MessageInPieces): boolean {
    if (this.#isOver) return true;
    this.#messages.sendPieces(this.#number, message);
    return this.#count(message.length);
  }

  writeAlike(messages: AlikeMessages): boolean {
    if (this.#isOver) return true;
    this.#messages.sendAlike(this.#number, messages);
    return this.#count(messages.length);
  }

  drained(): Promise<void> {
    if (this.#isOver || this.#unsentBytes < unsentBytesMax) return Promise.resolve();
    return this.#wantRoom.wait();
  }

  end(): void {
    if (this.#isOver) return;
    this.#finished = true;
    this.#port.post(tells.finished).number(this.#number);
    this.#wantRoom.wake();
  }

  // ---- the front end's side ----

  /** Takes a message of the client. */
  requested(request: Uint8Array): void {
    this.#requests.push(request);
    this.#tellHandler();
  }

  halfClosed(): void {
    this.#halfClosed = true;
    this.#tellHandler();
  }

  /** The client has room for so many bytes again. */
  taken(bytes: number): void {
    this.#unsentBytes -= bytes;
    if (this.#unsentBytes < unsentBytesMax) this.#wantRoom.wake();
  }

  nextMessage(): Promise<IteratorResult<Uint8Array, undefined>> {
    const result = this.#take();
    if (result !== undefined) return Promise.resolve(result);
    return new Promise((resolve) => {
      this.#wanted = resolve;
    });
  }

  /** The next message for the handler; undefined while there is none. */
  #take(): IteratorResult<Uint8Array, undefined> | undefined {
    if (this.#call.cancelled) return { done: true, value: undefined };
    const request = this.#requests.shift();
    if (request === undefined) return this.#halfClosed ? { done: true, value: undefined } : undefined;
    this.#port.post(tells.requestTaken).number(this.#number).number(request.length);
    return { done: false, value: request };
  }

  #tellHandler(): void {
    const wanted = this.#wanted;
    const result = wanted === undefined ? undefined : this.#take();
    if (wanted === undefined || result === undefined) return;
    this.#wanted = undefined;
    wanted(result);
  }

  get #isOver(): boolean {
    return this.#finished || this.#call.cancelled;
  }

  #count(bytes: number): boolean {
    this.#unsentBytes += bytes;
    return this.#unsentBytes < unsentBytesMax;
  }

  #cancelled(): void {
    this.#requests = [];
    this.#tellHandler();
    this.#wantRoom.wake();
  }
}
