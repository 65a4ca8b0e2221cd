import type { AttemptError, LinkStream, StreamListener } from "./transport.js";

/** The side of a stream that makes requests. */
export interface HttpStreamHost {
  readonly life: { readonly signal: AbortSignal; end(): void };
  /** Makes one request; resolves after its last answer. */
  start(message: object, signal: AbortSignal, answer: (message: object) => Promise<void> | void): Promise<void>;
  failure(error: unknown): AttemptError;
}

/**
 * A stream as a series of HTTP requests: each message is a request of its own, made when the one before has been
 * answered. So the answers come in the order of the messages.
 */
export class HttpStream implements LinkStream<object> {
  readonly #host: HttpStreamHost;
  readonly #stop = new AbortController();
  /** Undefined after the end, so that the listener hears nothing more. */
  #listener: StreamListener<never> | undefined;
  #last: Promise<void> = Promise.resolve();
  #finished = false;
  /** Resolves when reading goes on; undefined while it does. */
  #pause: { readonly over: Promise<void>; readonly end: () => void } | undefined;

  constructor(host: HttpStreamHost, listener: StreamListener<never>) {
    this.#host = host;
    this.#listener = listener;
    host.life.signal.addEventListener("abort", () => this.#close(host.failure(undefined)), { once: true });
  }

  send(message: object): void {
    this.#last = this.#last
      .then(async () => {
        if (this.#listener === undefined) return;
        await this.#host.start(
          message,
          AbortSignal.any([this.#host.life.signal, this.#stop.signal]),
          async (answer) => {
            this.#listener?.message(answer as never);
            await this.#pause?.over;
          },
        );
      })
      .catch((error: unknown) => this.#close(this.#host.failure(error)));
  }

  finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    void this.#last.then(() => this.#close(undefined));
  }

  cancel(): void {
    this.#listener = undefined;
    this.#host.life.end();
    this.#stop.abort();
    this.resume();
  }

  pause(): void {
    if (this.#pause !== undefined) return;
    const { promise, resolve } = withResolvers();
    this.#pause = { over: promise, end: resolve };
  }

  resume(): void {
    this.#pause?.end();
    this.#pause = undefined;
  }

  #close(error: AttemptError | undefined): void {
    const listener = this.#listener;
    this.cancel();
    listener?.closed(error);
  }
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((fulfil) => {
    resolve = fulfil;
  });
  return { promise, resolve };
}
