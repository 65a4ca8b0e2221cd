import type { MessageReader, Port } from "../../threads/index.js";
import type { AlikeMessages } from "../grpc/sent-messages.js";
import type { ServerStream } from "../grpc/stream.js";
import { asks, reportedBytesMin, requestBytesAhead, tells } from "./kinds.js";
import { passCancel, type RemoteCall } from "./remote-call.js";
import { readRefusal } from "./status-message.js";
import type { KeptAlike } from "./stream-messages.js";

/** A call with streams, whose handler runs on another thread. */
export class RemoteStream implements RemoteCall {
  readonly #stream: ServerStream<Uint8Array, Uint8Array>;
  readonly #port: Port;
  readonly #alike: KeptAlike;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #number = 0;
  #over = false;
  /** Bytes of the client's messages that the handler has not taken yet. */
  #untakenBytes = 0;
  #taken: () => void = () => undefined;
  /** Bytes of the handler's messages that the client has taken, and that have not been reported yet. */
  #unreportedBytes = 0;
  /** Bytes of the handler's messages for which the client has no room yet. */
  #unsentBytes = 0;
  #draining = false;

  constructor(
    stream: ServerStream<Uint8Array, Uint8Array>,
    port: Port,
    alike: KeptAlike,
    resolve: () => void,
    reject: (error: unknown) => void,
  ) {
    this.#stream = stream;
    this.#port = port;
    this.#alike = alike;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begun(number: number): void {
    this.#number = number;
    passCancel(this.#stream.call, this.#port, number, () => this.#over);
    this.#passRequests().catch(this.#reject);
  }

  told(kind: number, message: MessageReader): boolean {
    switch (kind) {
      case tells.message: {
        const bytes = message.bytes();
        this.#written(this.#stream.write(bytes), bytes.length);
        return false;
      }
      case tells.alike:
        this.#writeAlike(this.#alike.read(message));
        return false;
      case tells.keptAlike:
        this.#writeAlike(this.#alike.again(message));
        return false;
      case tells.requestTaken:
        this.#untakenBytes -= message.number();
        this.#taken();
        return false;
      case tells.finished:
        this.#stream.end();
        return false;
      case tells.refusal:
        this.#reject(readRefusal(message));
        break;
      default:
        this.#resolve();
    }
    this.#over = true;
    this.#taken();
    return true;
  }

  /** Passes on the client's messages, a few of them ahead of the handler. */
  async #passRequests(): Promise<void> {
    for await (const request of this.#stream.read()) {
      if (this.#over) return;
      this.#untakenBytes += request.length;
      this.#port.post(asks.message).number(this.#number).bytes(request);
      while (this.#untakenBytes > requestBytesAhead && !this.#over) {
        await new Promise<void>((resolve) => {
          this.#taken = resolve;
        });
      }
    }
    if (!this.#over) this.#port.post(asks.halfClosed).number(this.#number);
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
    this.#port.post(asks.taken).number(this.#number).number(this.#unreportedBytes);
    this.#unreportedBytes = 0;
  }
}
