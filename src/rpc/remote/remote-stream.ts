import type { Call } from "../../server/index.js";
import type { MessageReader, Port } from "../../threads/index.js";
import type { AlikeMessages } from "../grpc/sent-messages.js";
import type { SessionStream, StreamSession } from "../grpc/stream-session.js";
import { asks, reportedBytesMin, requestBytesAhead, tells } from "./kinds.js";
import type { RemoteCall } from "./remote-call.js";
import { readRefusal } from "./status-message.js";
import type { KeptAlike } from "./stream-messages.js";

/** The part of a front end that its streams share. */
export interface RemoteStreams {
  readonly port: Port;
  readonly alike: KeptAlike;
  /** Begins a stream on the other thread. */
  beginStream(method: number, stream: RemoteStream, call: Call): void;
}

/** A call with streams, whose handler runs on another thread. */
export class RemoteStream implements RemoteCall, StreamSession<Uint8Array> {
  readonly #streams: RemoteStreams;
  readonly #stream: SessionStream<Uint8Array, Uint8Array>;
  readonly #method: number;
  #number = 0;
  /** Whether the other thread has ended the call. */
  #over = false;
  /** Whether the stream is closed: the call is over, or its client has broken a rule. */
  #closed = false;
  /** Whether the client's next message waits until the handler has taken earlier ones. */
  #held = false;
  /** Bytes of the client's messages that the handler has not taken yet. */
  #untakenBytes = 0;
  /** Bytes of the handler's messages that the client has taken, and that have not been reported yet. */
  #unreportedBytes = 0;
  /** Bytes of the handler's messages for which the client has no room yet. */
  #unsentBytes = 0;
  #draining = false;

  constructor(streams: RemoteStreams, stream: SessionStream<Uint8Array, Uint8Array>, method: number) {
    this.#streams = streams;
    this.#stream = stream;
    this.#method = method;
  }

  // ---- the client's side ----

  begin(): void {
    this.#streams.beginStream(this.#method, this, this.#stream.call);
  }

  /** Passes on the client's messages, a few of them ahead of the handler. */
  message(request: Uint8Array): void {
    this.#untakenBytes += request.length;
    this.#streams.port.post(asks.message).number(this.#number).bytes(request);
    this.#held = this.#untakenBytes > requestBytesAhead;
    if (!this.#held) this.#stream.next();
  }

  noMoreMessages(): void {
    this.#streams.port.post(asks.halfClosed).number(this.#number);
  }

  failed(error: unknown): void {
    this.cancelled();
    this.#close(error);
  }

  /** The other thread ends every call, also this one. */
  cancelled(): void {
    if (!this.#over) this.#streams.port.post(asks.cancel).number(this.#number);
  }

  // ---- the other thread's side ----

  begun(number: number): void {
    this.#number = number;
    this.#stream.next();
  }

  told(kind: number, message: MessageReader): boolean {
    switch (kind) {
      case tells.message: {
        const bytes = message.bytes();
        this.#written(this.#stream.write(bytes), bytes.length);
        return false;
      }
      case tells.alike:
        this.#writeAlike(this.#streams.alike.read(message));
        return false;
      case tells.keptAlike:
        this.#writeAlike(this.#streams.alike.again(message));
        return false;
      case tells.requestTaken:
        this.#requestTaken(message.number());
        return false;
      case tells.finished:
        this.#stream.end();
        return false;
      case tells.refusal:
        this.#over = true;
        this.#close(readRefusal(message));
        return true;
      default:
        this.#over = true;
        this.#close();
        return true;
    }
  }

  #requestTaken(bytes: number): void {
    this.#untakenBytes -= bytes;
    if (!this.#held || this.#untakenBytes > requestBytesAhead || this.#closed) return;
    this.#held = false;
    this.#stream.next();
  }

  #close(...failure: readonly unknown[]): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream.close(...failure);
  }

  #writeAlike(messages: AlikeMessages): void {
    const stream = this.#stream;
    if (stream.writeAlike !== undefined) this.#written(stream.writeAlike(messages), messages.length);
    else for (const message of messages.each()) this.#written(stream.writePieces(message), message.length);
  }

  #written(hasRoom: boolean, bytes: number): void {
    this.#unsentBytes += bytes;
    if (hasRoom) this.#sent();
    else if (!this.#draining) {
      this.#draining = true;
      void this.#stream.drained().then(() => {
        this.#draining = false;
        this.#sent();
      });
    }
  }

  /** Reports bytes to the handler, not for each message, but before it could wait for the report. */
  #sent(): void {
    this.#unreportedBytes += this.#unsentBytes;
    this.#unsentBytes = 0;
    if (this.#unreportedBytes < reportedBytesMin || this.#over) return;
    this.#streams.port.post(asks.taken).number(this.#number).number(this.#unreportedBytes);
    this.#unreportedBytes = 0;
  }
}
