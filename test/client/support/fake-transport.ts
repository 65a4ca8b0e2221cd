import { GrpcCode } from "../../../src/base/index.js";
import {
  AttemptError,
  type Link,
  type LinkCall,
  type LinkState,
  type LinkStream,
  type RpcMethod,
  type StreamListener,
  type Transport,
} from "../../../src/client/index.js";

/** Answers unary calls of one path; a thrown error ends the attempt. */
type Answerer = (request: never, call: LinkCall) => unknown;

/** A transport whose server is the test: it sees each attempt and each stream, and answers or breaks them. */
export class FakeTransport implements Transport {
  readonly links: readonly FakeLink[];
  /** All streams so far, in the order in which they were opened. */
  readonly streams: FakeStream[] = [];
  /** Paths of all unary attempts so far. */
  readonly attempts: string[] = [];
  readonly #answerers = new Map<string, Answerer>();
  /** The error with which every new stream ends at once, as when nothing listens. */
  refusing: AttemptError | undefined;

  constructor(endpoints: readonly string[] = ["fake:1"]) {
    this.links = endpoints.map((endpoint) => new FakeLink(endpoint, this));
  }

  /** Sets the answer to unary calls of a method, such as `KV/Range`. */
  on(method: string, answer: (request: never, call: LinkCall) => unknown): void {
    this.#answerers.set(`/etcdserverpb.${method}`, answer);
  }

  answer(path: string, request: unknown, call: LinkCall): unknown {
    this.attempts.push(path);
    const answerer = this.#answerers.get(path);
    if (answerer === undefined) throw nobody();
    return answerer(request as never, call);
  }

  /** The stream that was opened last. */
  get stream(): FakeStream {
    const stream = this.streams.at(-1);
    if (stream === undefined) throw new Error("no stream was opened");
    return stream;
  }

  /** The streams that neither side has ended. */
  get open(): FakeStream[] {
    return this.streams.filter(({ state }) => state === "open");
  }
}

class FakeLink implements Link {
  readonly endpoint: string;
  readonly state: LinkState = "unknown";
  readonly #transport: FakeTransport;

  constructor(endpoint: string, transport: FakeTransport) {
    this.endpoint = endpoint;
    this.#transport = transport;
  }

  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    call: LinkCall,
  ): Promise<Response> {
    return (await this.#transport.answer(method.path, request, call)) as Response;
  }

  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: LinkCall,
    listener: StreamListener<Response>,
  ): LinkStream<Request> {
    const stream = new FakeStream(method.path, call, listener as StreamListener<unknown>);
    this.#transport.streams.push(stream);
    const { refusing } = this.#transport;
    if (refusing !== undefined) queueMicrotask(() => stream.lose(refusing));
    return stream;
  }

  close(): void {
    for (const stream of this.#transport.open) stream.cancel();
  }
}

/** One stream, from the side of the server. */
class FakeStream implements LinkStream<unknown> {
  readonly path: string;
  readonly call: LinkCall;
  /** Everything that the client has sent. */
  readonly sent: unknown[] = [];
  state: "open" | "lost" | "cancelled" = "open";
  readonly #listener: StreamListener<unknown>;

  constructor(path: string, call: LinkCall, listener: StreamListener<unknown>) {
    this.path = path;
    this.call = call;
    this.#listener = listener;
    call.signal?.addEventListener("abort", () => this.lose(new AttemptError(GrpcCode.Canceled, "aborted", "", false)));
  }

  /** Sends a message to the client. */
  answer(message: unknown): void {
    if (this.state === "open") this.#listener.message(message);
  }

  /** Breaks the stream. */
  lose(error: AttemptError = nobody()): void {
    if (this.state !== "open") return;
    this.state = "lost";
    this.#listener.closed(error);
  }

  /** Ends the stream with the status OK. */
  end(): void {
    if (this.state !== "open") return;
    this.state = "lost";
    this.#listener.closed(undefined);
  }

  send(request: unknown): void {
    if (this.state === "open") this.sent.push(request);
  }

  finish(): void {}

  cancel(): void {
    if (this.state === "open") this.state = "cancelled";
  }

  pause(): void {}

  resume(): void {}
}

/** The error of an attempt at a port where nothing listens. */
export function nobody(): AttemptError {
  return new AttemptError(GrpcCode.Unavailable, "No connection established", "fake:1", true);
}

/** Lets everything run that promises have scheduled. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
