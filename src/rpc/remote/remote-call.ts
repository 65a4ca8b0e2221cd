import { type Call, onCancelled } from "../../server/index.js";
import type { MessageReader, Port } from "../../threads/index.js";
import type { Answer } from "../grpc/answer.js";
import { asks, tells } from "./kinds.js";
import { RemoteAnswer } from "./remote-answer.js";
import { readRefusal } from "./status-message.js";

/** A call that another thread answers. */
export interface RemoteCall {
  /** Called when the call was posted, with the number by which the other thread knows it. */
  begun(number: number): void;
  /** Takes a message about the call. @returns whether it was the last one */
  told(kind: number, message: MessageReader): boolean;
}

/** Tells the other thread when the call is cancelled, unless it is `over` by then. */
function passCancel(call: Call, port: Port, number: number, over: () => boolean): void {
  onCancelled(call, () => {
    if (!over()) port.post(asks.cancel).number(number);
  });
}

/** A question with one answer: a unary call, a page, or whether a stream would be served. */
export class RemoteQuestion<Result> implements RemoteCall {
  readonly #call: Call | undefined;
  readonly #port: Port;
  readonly #resolve: (result: Result) => void;
  readonly #reject: (error: Error) => void;
  readonly #read: (message: MessageReader) => Result;
  #over = false;

  /**
   * @param call the call that may be cancelled before the answer; undefined when the answer comes at once
   * @param read reads the answer
   */
  constructor(
    call: Call | undefined,
    port: Port,
    resolve: (result: Result) => void,
    reject: (error: Error) => void,
    read: (message: MessageReader) => Result,
  ) {
    this.#call = call;
    this.#port = port;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#read = read;
  }

  begun(number: number): void {
    if (this.#call !== undefined) passCancel(this.#call, this.#port, number, () => this.#over);
  }

  told(kind: number, message: MessageReader): boolean {
    this.#over = true;
    if (kind === tells.refusal) this.#reject(readRefusal(message));
    else this.#resolve(this.#read(message));
    return true;
  }
}

/** A unary call. Its answer may be a long one, whose parts come later. */
export class RemoteUnary implements RemoteCall {
  readonly #call: Call;
  readonly #port: Port;
  readonly #resolve: (answer: Answer) => void;
  readonly #reject: (error: Error) => void;
  #number = 0;
  #answered = false;
  #long: RemoteAnswer | undefined;

  constructor(call: Call, port: Port, resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#call = call;
    this.#port = port;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  begun(number: number): void {
    this.#number = number;
    // A long answer is closed by its reader, which tells the other thread.
    passCancel(this.#call, this.#port, number, () => this.#answered);
  }

  told(kind: number, message: MessageReader): boolean {
    if (this.#long !== undefined) return this.#long.told(kind, message);
    this.#answered = true;
    if (kind === tells.answer) this.#resolve(message.bytes());
    else if (kind === tells.refusal) this.#reject(readRefusal(message));
    else {
      this.#long = new RemoteAnswer(this.#port, this.#number, message.number());
      this.#resolve(this.#long);
      return false;
    }
    return true;
  }
}
