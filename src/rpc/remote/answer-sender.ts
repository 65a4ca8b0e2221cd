import type { LoopTurn } from "../../base/index.js";
import type { Port } from "../../threads/index.js";
import type { LongAnswer } from "../grpc/answer.js";
import { answerBytesAhead, tells } from "./kinds.js";
import type { StateCall } from "./state-call.js";

/** Sends a long answer to a front end in parts, some of them ahead of the client. */
export class AnswerSender {
  readonly #call: StateCall;
  readonly #port: Port;
  readonly #number: number;
  readonly #turn: LoopTurn;
  /** Bytes that were sent, and that the client has not taken, as far as is known. */
  #untakenBytes = 0;
  #taken: () => void = () => undefined;

  /** @param number the number of the call */
  constructor(call: StateCall, port: Port, number: number, turn: LoopTurn) {
    this.#call = call;
    this.#port = port;
    this.#number = number;
    this.#turn = turn;
    call.onCancel(() => this.#taken());
  }

  /** Sends the parts, until the call is cancelled. @throws the error that keeps the rest from being read */
  async send(answer: LongAnswer): Promise<void> {
    try {
      this.#port.post(tells.long).number(this.#number).number(answer.length);
      for await (const part of answer.parts()) {
        if (this.#call.cancelled) return;
        this.#port.post(tells.part).number(this.#number).bytes(part);
        this.#untakenBytes += part.length;
        while (this.#untakenBytes >= answerBytesAhead && !this.#call.cancelled) await this.#nextTaken();
        if (this.#turn.over) await this.#turn.pause(this.#call.client, "long");
      }
    } finally {
      answer.close();
    }
  }

  /** The client has taken so many bytes. */
  bytesTaken(bytes: number): void {
    this.#untakenBytes -= bytes;
    this.#taken();
  }

  #nextTaken(): Promise<void> {
    return new Promise((resolve) => {
      this.#taken = resolve;
    });
  }
}
