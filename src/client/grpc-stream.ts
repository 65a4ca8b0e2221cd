import type { ClientDuplexStream } from "@grpc/grpc-js";
import { asError } from "../base/index.js";
import { attemptError } from "./attempt-error.js";
import type { LinkStream, StreamListener } from "./transport.js";

/** A gRPC stream that takes requests before its connection is open. */
export class GrpcStream<Request, Response> implements LinkStream<Request> {
  readonly #endpoint: string;
  readonly #signal: AbortSignal | undefined;
  /** Undefined after the end, so that the listener hears nothing more. */
  #listener: StreamListener<Response> | undefined;
  #call: ClientDuplexStream<Request, Response> | undefined;
  /** Requests before the stream is open. */
  #early: Request[] = [];
  #finished = false;
  #paused = false;
  readonly #abort = (): void => {
    // Before the stream is open, the wait for the connection hears the signal.
    this.#call?.cancel();
  };

  constructor(
    open: () => Promise<ClientDuplexStream<Request, Response>>,
    endpoint: string,
    signal: AbortSignal | undefined,
    listener: StreamListener<Response>,
  ) {
    this.#endpoint = endpoint;
    this.#signal = signal;
    this.#listener = listener;
    signal?.addEventListener("abort", this.#abort, { once: true });
    open().then(
      (call) => this.#opened(call),
      (error) => this.#close(asError(error)),
    );
  }

  send(request: Request): void {
    if (this.#listener === undefined) return;
    if (this.#call === undefined) this.#early.push(request);
    else this.#call.write(request);
  }

  finish(): void {
    this.#finished = true;
    this.#call?.end();
  }

  cancel(): void {
    this.#forget();
    this.#call?.cancel();
  }

  pause(): void {
    this.#paused = true;
    this.#call?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#call?.resume();
  }

  #opened(call: ClientDuplexStream<Request, Response>): void {
    call.on("error", (error) => this.#close(error));
    if (this.#listener === undefined) {
      call.cancel();
      return;
    }
    this.#call = call;
    call.on("data", (message: Response) => this.#listener?.message(message));
    call.on("end", () => this.#close(undefined));
    if (this.#paused) call.pause();
    for (const request of this.#early.splice(0)) call.write(request);
    if (this.#finished) call.end();
  }

  #close(error: Error | undefined): void {
    const listener = this.#listener;
    this.#forget();
    listener?.closed(error === undefined ? undefined : attemptError(error, this.#endpoint));
  }

  #forget(): void {
    this.#listener = undefined;
    this.#early = [];
    this.#signal?.removeEventListener("abort", this.#abort);
  }
}
