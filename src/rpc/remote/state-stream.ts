import type { Port } from "../../threads/index.js";
import type { StreamBinding } from "../grpc/binding.js";
import type { AlikeMessages, MessageInPieces } from "../grpc/sent-messages.js";
import type { ServerStream } from "../grpc/stream.js";
import { ReadMessages, type SessionStream, type StreamSession } from "../grpc/stream-session.js";
import { Waiters } from "../grpc/waiters.js";
import { tells, unsentBytesMax } from "./kinds.js";
import type { StateCall } from "./state-call.js";
import type { StreamMessages } from "./stream-messages.js";

/** The part of a front end's calls that its streams share. */
export interface StateStreams {
  readonly port: Port;
  /** Sends the messages of all streams of the front end. */
  readonly messages: StreamMessages;
  /** The handler of a stream has ended. @param failure the error of one that has failed; absent after a success */
  streamEnded(stream: StateStream, ...failure: readonly unknown[]): void;
}

/** A stream of a front end, as its handler sees it on the thread that owns the state. */
export class StateStream implements ServerStream<Uint8Array, Uint8Array>, SessionStream<Uint8Array, Uint8Array> {
  readonly call: StateCall;
  readonly binding: StreamBinding;
  /** The number of the call. */
  readonly number: number;
  readonly #streams: StateStreams;
  #session: StreamSession<Uint8Array> | undefined;
  /** The client's messages that the handler has not taken. The front end bounds them. */
  #requests: Uint8Array[] | undefined;
  #halfClosed = false;
  /** Whether the handler waits for a message. */
  #asked = false;
  #delivering = false;
  /** Bytes of messages that the client has not taken. */
  #unsentBytes = 0;
  #wantRoom: Waiters | undefined;
  #finished = false;

  constructor(streams: StateStreams, call: StateCall, binding: StreamBinding, number: number) {
    this.#streams = streams;
    this.call = call;
    this.binding = binding;
    this.number = number;
  }

  /** Starts the handler. It ends with a call of `streamEnded`. */
  run(): void {
    const { open } = this.binding;
    try {
      if (open !== undefined) {
        this.#session = open(this);
        this.#session.begin();
        if (this.call.cancelled) this.#session?.cancelled();
        return;
      }
      this.binding.run(this).then(
        () => this.close(),
        (error: unknown) => this.close(error),
      );
    } catch (error) {
      this.close(error);
    }
  }

  // ---- the handler's side ----

  read(): AsyncIterable<Uint8Array> {
    const messages = new ReadMessages<Uint8Array>(this);
    this.#session = messages;
    return messages;
  }

  next(): void {
    this.#asked = true;
    this.#deliver();
  }

  close(...failure: readonly unknown[]): void {
    this.#session = undefined;
    this.#streams.streamEnded(this, ...failure);
  }

  write(message: Uint8Array): boolean {
    if (this.#isOver) return true;
    this.#streams.messages.send(this.number, message);
    return this.#count(message.length);
  }

  writePieces(message: MessageInPieces): boolean {
    if (this.#isOver) return true;
    this.#streams.messages.sendPieces(this.number, message);
    return this.#count(message.length);
  }

  writeAlike(messages: AlikeMessages): boolean {
    if (this.#isOver) return true;
    this.#streams.messages.sendAlike(this.number, messages);
    return this.#count(messages.length);
  }

  drained(): Promise<void> {
    if (this.#isOver || this.#unsentBytes < unsentBytesMax) return Promise.resolve();
    this.#wantRoom ??= new Waiters();
    return this.#wantRoom.wait();
  }

  end(): void {
    if (this.#isOver) return;
    this.#finished = true;
    this.#streams.port.post(tells.finished).number(this.number);
    this.#wantRoom?.wake();
  }

  // ---- the front end's side ----

  /** Takes a message of the client. */
  requested(request: Uint8Array): void {
    if (this.call.cancelled) return;
    this.#requests ??= [];
    this.#requests.push(request);
    this.#deliver();
  }

  halfClosed(): void {
    this.#halfClosed = true;
    this.#deliver();
  }

  /** Nobody waits for the handler's messages any more. */
  cancel(): void {
    if (this.call.cancelled) return;
    this.call.cancel();
    this.#requests = undefined;
    this.#wantRoom?.wake();
    this.#session?.cancelled();
  }

  /** The client has room for so many bytes again. */
  taken(bytes: number): void {
    this.#unsentBytes -= bytes;
    if (this.#unsentBytes < unsentBytesMax) this.#wantRoom?.wake();
  }

  /** Passes on what the handler has asked for. A loop, since the handler may ask again while it is called. */
  #deliver(): void {
    if (this.#delivering) return;
    this.#delivering = true;
    try {
      while (this.#asked && !this.call.cancelled) {
        const request = this.#take();
        if (request === undefined) break;
        this.#asked = false;
        this.#session?.message(request);
      }
      if (!this.#asked || (!this.#halfClosed && !this.call.cancelled)) return;
      this.#asked = false;
      this.#session?.noMoreMessages();
    } finally {
      this.#delivering = false;
    }
  }

  #take(): Uint8Array | undefined {
    const request = this.#requests?.shift();
    if (request === undefined) return undefined;
    if (this.#requests?.length === 0) this.#requests = undefined;
    this.#streams.port.post(tells.requestTaken).number(this.number).number(request.length);
    return request;
  }

  get #isOver(): boolean {
    return this.#finished || this.call.cancelled;
  }

  #count(bytes: number): boolean {
    this.#unsentBytes += bytes;
    return this.#unsentBytes < unsentBytesMax;
  }
}
