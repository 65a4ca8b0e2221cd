import { AsyncQueue } from "./async-queue.js";
import type { Caller } from "./caller.js";
import type { CallOptions } from "./options.js";
import type { LinkStream, RpcMethod, StreamListener } from "./transport.js";

/** The answers to one request, on a stream of its own. The server is slowed down while they are not read. */
export class Answers<Response> implements AsyncIterable<Response> {
  readonly #queue: AsyncQueue<Response>;
  readonly #stream: LinkStream<unknown>;

  private constructor(queue: AsyncQueue<Response>, stream: LinkStream<unknown>) {
    this.#queue = queue;
    this.#stream = stream;
  }

  /** Sends the request. The time limit of the call is that of the whole stream. @throws ClientError */
  static async open<Request, Response>(
    caller: Caller,
    method: RpcMethod<Request, Response>,
    fields: Partial<Request>,
    call: CallOptions,
  ): Promise<Answers<Response>> {
    const queue = new AsyncQueue<Response>(() => stream.resume());
    const listener: StreamListener<Response> = {
      message: (answer) => void (queue.push(answer) && stream.pause()),
      closed: (error) => queue.end(error),
    };
    const stream: LinkStream<Request> = await caller.stream(method, call, listener, false);
    stream.send(method.request.create(fields));
    stream.finish();
    return new Answers(queue, stream);
  }

  /** @throws ClientError when the stream has failed */
  next(): Promise<IteratorResult<Response, undefined>> {
    return this.#queue.next();
  }

  /** Ends the stream, in whatever state it is. */
  cancel(): void {
    this.#stream.cancel();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Response, void> {
    try {
      yield* this.#queue;
    } finally {
      this.cancel();
    }
  }
}
