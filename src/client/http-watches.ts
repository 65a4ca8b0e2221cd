import { GrpcCode } from "../base/index.js";
import type { WatchRequest } from "../wire/index.js";
import type { HttpStreamHost } from "./http-stream.js";
import { AttemptError, type LinkStream, type StreamListener } from "./transport.js";
import type { WatchBatch } from "./watch.js";

/** Watch id that the server gives to the only watch of a request. */
const noWatch = -1n;

/**
 * A watch stream as several HTTP requests, one for each watch, since a browser sends no further messages once a request
 * is under way. Watches get ids of this stream, and are confirmed in the order in which they were asked for.
 */
export class HttpWatches implements LinkStream<WatchRequest> {
  readonly #host: HttpStreamHost;
  /** Undefined after the end, so that the listener hears nothing more. */
  #listener: StreamListener<WatchBatch> | undefined;
  readonly #running = new Map<bigint, AbortController>();
  #nextId = 0n;
  /** Resolves when all watches that have been asked for are confirmed. */
  #confirmed: Promise<void> = Promise.resolve();

  constructor(host: HttpStreamHost, listener: StreamListener<never>) {
    this.#host = host;
    this.#listener = listener;
    host.life.signal.addEventListener("abort", () => this.#close(host.failure(undefined)), { once: true });
  }

  /** @throws AttemptError Unimplemented for a progress request, which belongs to a stream */
  send({ requestUnion: union }: WatchRequest): void {
    switch (union?.case) {
      case "createRequest":
        void this.#watch({ requestUnion: union });
        return;
      case "cancelRequest":
        this.#running.get(union.value.watchId)?.abort();
        this.#running.delete(union.value.watchId);
        return;
      default:
        throw new AttemptError(GrpcCode.Unimplemented, "watches over HTTP cannot be asked for progress", "", false);
    }
  }

  /** Watches go on until they are cancelled. */
  finish(): void {}

  cancel(): void {
    this.#listener = undefined;
    this.#host.life.end();
    for (const stop of this.#running.values()) stop.abort();
    this.#running.clear();
  }

  /** Nothing stops the reading of one watch for another: each has a bound of its own. */
  pause(): void {}

  resume(): void {}

  async #watch(request: WatchRequest): Promise<void> {
    const watchId = this.#nextId++;
    const stop = new AbortController();
    this.#running.set(watchId, stop);
    const before = this.#confirmed;
    let confirm: () => void = () => undefined;
    this.#confirmed = new Promise((resolve) => {
      confirm = resolve;
    });
    try {
      await this.#host.start(request, AbortSignal.any([this.#host.life.signal, stop.signal]), async (answer) => {
        await before;
        const batch = answer as WatchBatch;
        // A refused watch has no id.
        if (!stop.signal.aborted || batch.created) {
          this.#listener?.message({ ...batch, watchId: batch.watchId === noWatch ? noWatch : watchId });
        }
        if (batch.created) confirm();
        if (batch.canceled) this.#running.delete(watchId);
      });
      // The server ended a watch that is not over.
      if (this.#running.delete(watchId)) this.#close(undefined);
    } catch (error) {
      if (!stop.signal.aborted) this.#close(this.#host.failure(error));
    } finally {
      confirm();
    }
  }

  #close(error: AttemptError | undefined): void {
    const listener = this.#listener;
    this.cancel();
    listener?.closed(error);
  }
}
