import { type Clock, EtcdError, GrpcCode, type Logger } from "../base/index.js";
import type { StreamListener } from "../client/index.js";
import { AttemptError, type Link, type LinkCall, type LinkStream, type RpcMethod } from "../client/index.js";
import { type Admission, type Binding, type CallCounters, statusOf, typeOf, wholeOf } from "../rpc/index.js";
import { DirectCall } from "./direct-call.js";
import { DirectStream } from "./direct-stream.js";

export interface DirectCallsConfig {
  readonly bindings: readonly Binding[];
  readonly gate: Admission;
  readonly counters: CallCounters;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The name of the member, for errors. */
  readonly name: string;
}

/**
 * The way from clients in this process to a member: its handlers are called without a connection. Messages are encoded,
 * so that neither side can change what the other one keeps.
 */
export class DirectCalls {
  readonly #config: DirectCallsConfig;
  readonly #bindings: ReadonlyMap<string, Binding>;
  /** The calls under way. */
  readonly #open = new Set<{ end(error: AttemptError): void }>();
  #stopped = false;

  constructor(config: DirectCallsConfig) {
    this.#config = config;
    this.#bindings = new Map(config.bindings.map((binding) => [binding.path, binding]));
  }

  /**
   * A link of one client.
   *
   * @param owner whether its calls are those of the program itself, which may do everything
   */
  link(owner = false): Link {
    const { name } = this.#config;
    const own = new Set<DirectCall>();
    let closed = false;
    const endpoint = `direct:${name}`;
    const origin = { client: {}, endpoint, owner };
    const open = (call: LinkCall): DirectCall => {
      const opened = new DirectCall(call, origin, this.#config.clock, (over) => {
        own.delete(over);
        this.#open.delete(over);
      });
      if (opened.cancelled) return opened;
      own.add(opened);
      this.#open.add(opened);
      if (closed) opened.end(new AttemptError(GrpcCode.Canceled, "the client is closed", endpoint, true));
      else if (this.#stopped) opened.end(stopped(endpoint));
      return opened;
    };
    return {
      endpoint,
      state: "connected",
      unary: (method, request, call) => this.#unary(method, request, open(call)),
      stream: (method, call, listener) => this.#stream(method, open(call), listener),
      close: () => {
        closed = true;
        for (const call of [...own])
          call.end(new AttemptError(GrpcCode.Canceled, "the client is closed", endpoint, false));
      },
    };
  }

  /** Ends all calls under way, and refuses further ones. */
  stop(): void {
    this.#stopped = true;
    for (const call of [...this.#open]) call.end(stopped(`direct:${this.#config.name}`));
  }

  async #unary<Request, Response>(
    { path, request, response }: RpcMethod<Request, Response>,
    message: Request,
    call: DirectCall,
  ): Promise<Response> {
    const { gate, counters } = this.#config;
    if (call.failure !== undefined) throw call.failure;
    const binding = this.#bindings.get(path);
    if (binding?.kind !== "unary") throw call.over(unknownMethod(path, call.endpoint));
    const count = counters.method(path, typeOf(binding));
    count.started++;
    count.received++;
    try {
      const bytes = request.encode(message);
      await gate.admit(call, binding, bytes);
      const answer = await call.orEnd(binding.run(bytes, call).then(wholeOf));
      count.sent++;
      count.end(GrpcCode.Ok);
      call.over();
      return response.decode(answer);
    } catch (error) {
      const failure = this.#failure(error, path, call.endpoint);
      count.end(failure.code as GrpcCode);
      throw call.over(failure);
    }
  }

  #stream<Request, Response>(
    { path, request, response }: RpcMethod<Request, Response>,
    call: DirectCall,
    listener: StreamListener<Response>,
  ): LinkStream<Request> {
    const { gate, counters } = this.#config;
    const binding = this.#bindings.get(path);
    const count = binding && counters.method(path, typeOf(binding));
    if (count !== undefined) count.started++;
    const stream = new DirectStream(call, {
      message: (bytes) => {
        if (count !== undefined) count.sent++;
        listener.message(response.decode(bytes));
      },
      closed: (error) => {
        count?.end((error?.code ?? GrpcCode.Ok) as GrpcCode);
        listener.closed(error);
      },
    });
    const run = async (): Promise<void> => {
      if (binding?.kind !== "stream") throw unknownMethod(path, call.endpoint);
      await gate.admit(call, binding);
      await binding.run(stream);
    };
    run().then(
      () => stream.end(),
      (error: unknown) => call.end(this.#failure(error, path, call.endpoint)),
    );
    return {
      send: (message) => {
        if (count !== undefined) count.received++;
        stream.give(request.encode(message));
      },
      finish: () => stream.finish(),
      cancel: () => stream.cancel(),
      pause: () => stream.pause(),
      resume: () => stream.resume(),
    };
  }

  #failure(error: unknown, path: string, endpoint: string): AttemptError {
    if (error instanceof AttemptError) return error;
    const { code, details } = statusOf(error, path, this.#config.logger);
    return new AttemptError(code, details, endpoint, false);
  }
}

function stopped(endpoint: string): AttemptError {
  const { code, message } = new EtcdError("stopped");
  return new AttemptError(code, message, endpoint, false);
}

function unknownMethod(path: string, endpoint: string): AttemptError {
  return new AttemptError(GrpcCode.Unimplemented, `unknown method ${path}`, endpoint, false);
}
