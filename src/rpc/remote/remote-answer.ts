import type { MessageReader, Port } from "../../threads/index.js";
import type { LongAnswer } from "../grpc/answer.js";
import { asks, reportedBytesMin, tells } from "./kinds.js";
import { readRefusal } from "./status-message.js";

/** A long answer whose parts come from another thread, some of them ahead of the client. */
export class RemoteAnswer implements LongAnswer {
  readonly length: number;
  readonly #port: Port;
  readonly #number: number;
  #parts: Uint8Array[] = [];
  /** Why no further part will come: all have come, or reading has failed. */
  #over: "no" | "complete" | Error = "no";
  #closed = false;
  /** Bytes that the client has taken, and that have not been reported yet. */
  #unreportedBytes = 0;
  #arrived: () => void = () => undefined;

  /** @param number the number of the call */
  constructor(port: Port, number: number, length: number) {
    this.#port = port;
    this.#number = number;
    this.length = length;
  }

  async *parts(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const part = this.#parts.shift();
      if (part !== undefined) {
        yield part;
        this.#taken(part.length);
      } else if (this.#over === "complete" || this.#closed) return;
      else if (this.#over !== "no") throw this.#over;
      else {
        await new Promise<void>((resolve) => {
          this.#arrived = resolve;
        });
      }
    }
  }

  /** Reports bytes, not for each part, but before the sender could wait for the report. */
  #taken(bytes: number): void {
    this.#unreportedBytes += bytes;
    if (this.#unreportedBytes < reportedBytesMin || this.#over !== "no" || this.#closed) return;
    this.#port.post(asks.answerTaken).number(this.#number).number(this.#unreportedBytes);
    this.#unreportedBytes = 0;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts = [];
    this.#arrived();
    if (this.#over === "no") this.#port.post(asks.cancel).number(this.#number);
  }

  /** Takes a message about the answer. @returns whether it was the last one */
  told(kind: number, message: MessageReader): boolean {
    if (kind === tells.part) {
      const part = message.bytes();
      if (!this.#closed) this.#parts.push(part);
    } else this.#over = kind === tells.ended ? "complete" : readRefusal(message);
    this.#arrived();
    return this.#over !== "no";
  }
}
