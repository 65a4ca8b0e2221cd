import type { AttemptError } from "../client/index.js";
import type { MessageInPieces, ServerStream } from "../rpc/index.js";
import type { DirectCall } from "./direct-call.js";

/** The bytes that a client has not taken beyond which the handler is asked to pause, as on a connection. */
const unsentBytesMax = 64 * 1024;

/** Receives the answers of a stream, in later turns of the event loop than they were written in. */
export interface DirectListener {
  message(bytes: Uint8Array): void;
  closed(error: AttemptError | undefined): void;
}

/** A stream between a client and a handler in one process. */
export class DirectStream implements ServerStream<Uint8Array, Uint8Array> {
  readonly call: DirectCall;
  readonly #listener: DirectListener;
  /** The client's messages that wait for the handler. */
  #requests: Uint8Array[] = [];
  #finished = false;
  #wanted: (() => void) | undefined;
  /** The handler's messages that wait for the client. */
  #answers: Uint8Array[] = [];
  #unsentBytes = 0;
  #wantsRoom: (() => void)[] = [];
  #paused = false;
  #scheduled = false;
  #state: "open" | "ended" | "closed" = "open";
  #error: AttemptError | undefined;

  constructor(call: DirectCall, listener: DirectListener) {
    this.call = call;
    this.#listener = listener;
    if (call.failure !== undefined) this.#end(call.failure);
    else call.onEnd = (error) => this.#end(error);
  }

  // ---- the handler's side ----

  async *read(): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const next = this.#requests.shift();
      if (next !== undefined) yield next;
      else if (this.#finished || this.#state !== "open") return;
      else {
        await new Promise<void>((resolve) => {
          this.#wanted = resolve;
        });
      }
    }
  }

  write(message: Uint8Array): boolean {
    if (this.#state !== "open") return true;
    this.#answers.push(message);
    this.#unsentBytes += message.length;
    this.#deliverLater();
    return this.#unsentBytes < unsentBytesMax;
  }

  writePieces({ pieces }: MessageInPieces): boolean {
    return this.write(Buffer.concat(pieces));
  }

  drained(): Promise<void> {
    if (this.#state !== "open" || this.#unsentBytes < unsentBytesMax) return Promise.resolve();
    return new Promise((resolve) => void this.#wantsRoom.push(resolve));
  }

  end(): void {
    this.call.over();
    this.#end(undefined);
  }

  // ---- the client's side ----

  give(request: Uint8Array): void {
    if (this.#state !== "open" || this.#finished) return;
    this.#requests.push(request);
    this.#wake();
  }

  finish(): void {
    this.#finished = true;
    this.#wake();
  }

  /** Ends the stream; the listener is not called any more. */
  cancel(): void {
    this.#state = "closed";
    this.#answers = [];
    this.call.over();
    this.#release();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#deliverLater();
  }

  #end(error: AttemptError | undefined): void {
    if (this.#state !== "open") return;
    this.#state = "ended";
    this.#error = error;
    this.#release();
    this.#deliverLater();
  }

  /** Lets a waiting handler go on: it sees that the stream is over. */
  #release(): void {
    this.#requests = [];
    this.#wake();
    for (const resume of this.#wantsRoom.splice(0)) resume();
  }

  #wake(): void {
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.();
  }

  #deliverLater(): void {
    if (this.#scheduled || this.#paused || this.#state === "closed") return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const answers = this.#answers;
    this.#answers = [];
    let at = 0;
    while (at < answers.length && !this.#paused && this.#state !== "closed") {
      const answer = answers[at++];
      if (answer === undefined) break;
      this.#unsentBytes -= answer.length;
      this.#listener.message(answer);
    }
    // A listener may have paused, and the handler may have written more meanwhile.
    this.#answers = [...answers.slice(at), ...this.#answers];
    if (this.#unsentBytes < unsentBytesMax) for (const resume of this.#wantsRoom.splice(0)) resume();
    if (this.#answers.length > 0) {
      this.#deliverLater();
      return;
    }
    if (this.#state !== "ended") return;
    this.#state = "closed";
    this.#listener.closed(this.#error);
  }
}
