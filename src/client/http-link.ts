import { asError, GrpcCode } from "../base/index.js";
import { services } from "../wire/index.js";
import type { HttpGateway } from "./http-gateway.js";
import { HttpStream } from "./http-stream.js";
import { HttpWatches } from "./http-watches.js";
import {
  AttemptError,
  type Link,
  type LinkCall,
  type LinkState,
  type LinkStream,
  type RpcMethod,
  type StreamListener,
} from "./transport.js";

const watchPath = services["etcdserverpb.Watch"].Watch.path;

/** One endpoint of a JSON gateway. */
export class HttpLink implements Link {
  readonly endpoint: string;
  state: LinkState = "unknown";
  readonly #gateway: Promise<HttpGateway>;
  readonly #closed = new AbortController();

  constructor(endpoint: string, gateway: Promise<HttpGateway>) {
    this.endpoint = endpoint.replace(/\/+$/, "");
    this.#gateway = gateway;
  }

  async unary<Request, Response>(
    method: RpcMethod<Request, Response>,
    request: Request,
    call: LinkCall,
  ): Promise<Response> {
    const life = lifeOf(call, this.#closed.signal);
    try {
      const gateway = await this.#gateway;
      const post = { ...this.#target(gateway, method, call), message: request as object, signal: life.signal };
      const response = await gateway.unary(post);
      this.state = "connected";
      return response as Response;
    } catch (error) {
      throw this.#failure(error, life.signal);
    } finally {
      life.end();
    }
  }

  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    call: LinkCall,
    listener: StreamListener<Response>,
  ): LinkStream<Request> {
    const life = lifeOf(call, this.#closed.signal);
    const start = async (message: object, signal: AbortSignal, answer: (message: object) => Promise<void> | void) => {
      const gateway = await this.#gateway;
      await gateway.lines({ ...this.#target(gateway, method, call), message, signal }, answer);
    };
    const host = {
      life,
      start,
      failure: (error: unknown) => this.#failure(error, life.signal),
    };
    const known = listener as StreamListener<never>;
    const stream = method.path === watchPath ? new HttpWatches(host, known) : new HttpStream(host, known);
    return stream as LinkStream<Request>;
  }

  close(): void {
    this.#closed.abort(new AttemptError(GrpcCode.Canceled, "context canceled", this.endpoint, false));
  }

  #target(gateway: HttpGateway, method: Pick<RpcMethod<never, never>, "path">, { metadata }: LinkCall) {
    const { token, ...others } = metadata;
    const headers: Record<string, string> = token === undefined ? {} : { authorization: token };
    for (const [name, value] of Object.entries(others)) headers[`grpc-metadata-${name}`] = value;
    return { url: this.endpoint, method: gateway.method(method), headers };
  }

  #failure(error: unknown, signal: AbortSignal): AttemptError {
    if (signal.aborted && signal.reason instanceof AttemptError) return signal.reason;
    const failure =
      error instanceof AttemptError
        ? error
        : new AttemptError(GrpcCode.Unknown, asError(error).message, this.endpoint, false);
    if (failure.code === GrpcCode.Unavailable) this.state = "failed";
    return failure;
  }
}

/** The time in which a call may run. */
export interface Life {
  readonly signal: AbortSignal;
  /** Ends the call; its timer must not keep the program running. */
  end(): void;
}

function lifeOf({ timeoutMs, signal }: LinkCall, closed: AbortSignal): Life {
  const controller = new AbortController();
  const canceled = (): void => controller.abort(new AttemptError(GrpcCode.Canceled, "context canceled", "", false));
  const tooLate = (): void =>
    controller.abort(new AttemptError(GrpcCode.DeadlineExceeded, "context deadline exceeded", "", false));
  const timer = Number.isFinite(timeoutMs) ? setTimeout(tooLate, timeoutMs) : undefined;
  const sources = [signal, closed].filter((source) => source !== undefined);
  for (const source of sources) {
    if (source.aborted) canceled();
    source.addEventListener("abort", canceled, { once: true });
  }
  const end = (): void => {
    clearTimeout(timer);
    for (const source of sources) source.removeEventListener("abort", canceled);
  };
  return { signal: controller.signal, end };
}
