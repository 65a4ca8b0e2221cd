import type { Context, Span, Tracer } from "@opentelemetry/api";
import { asError, GrpcCode } from "../base/index.js";
import { ClientError } from "./client-error.js";
import { targetOf } from "./endpoint.js";

/** The span of one call, or of one stream. */
export interface CallSpan {
  /** The endpoint that the latest attempt goes to. */
  to(endpoint: string): void;
  /** Entries of gRPC metadata that tell the server which trace the call belongs to. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Ends the span, once. @param error the error that ended the call; undefined for the status OK */
  end(error?: Error): void;
}

/** Makes a span of each call. */
export interface CallTracer {
  /** Runs a call within a span of its own, which covers all attempts. @param path gRPC path of the method */
  call<T>(path: string, run: (span: CallSpan) => Promise<T>): Promise<T>;
  /**
   * Begins the span of a stream.
   *
   * @param ofClient whether the stream serves all of the client, and not the call that opens it: its span then begins a
   *   trace of its own
   */
  stream(path: string, ofClient: boolean): CallSpan;
}

type Api = typeof import("@opentelemetry/api");

let loading: Promise<CallTracer | undefined> | undefined;

/**
 * Loads OpenTelemetry's API, once. Undefined when `@opentelemetry/api` is not installed: it is an optional peer of this
 * package. Spans go to whatever tracer provider the program has registered.
 */
export function loadTracer(): Promise<CallTracer | undefined> {
  loading ??= import("@opentelemetry/api").then(
    (api) => new OpenTelemetryTracer(api),
    () => undefined,
  );
  return loading;
}

/** Spans as OpenTelemetry's conventions for RPC and gRPC ask for. */
class OpenTelemetryTracer implements CallTracer {
  readonly #api: Api;
  readonly #tracer: Tracer;

  constructor(api: Api) {
    this.#api = api;
    this.#tracer = api.trace.getTracer("etcd-ts/client");
  }

  async call<T>(path: string, run: (span: CallSpan) => Promise<T>): Promise<T> {
    const { context } = this.#api;
    const span = this.#begin(path, context.active());
    try {
      const result = await context.with(span.context, () => run(span));
      span.end();
      return result;
    } catch (error) {
      span.end(asError(error));
      throw error;
    }
  }

  stream(path: string, ofClient: boolean): CallSpan {
    return this.#begin(path, ofClient ? this.#api.ROOT_CONTEXT : this.#api.context.active());
  }

  #begin(path: string, parent: Context): ApiSpan {
    const [, service = "", method = ""] = path.split("/");
    const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
    const span = this.#tracer.startSpan(path.slice(1), { kind: this.#api.SpanKind.CLIENT, attributes }, parent);
    return new ApiSpan(this.#api, span, this.#api.trace.setSpan(parent, span));
  }
}

class ApiSpan implements CallSpan {
  readonly #api: Api;
  readonly #span: Span;
  readonly context: Context;
  #ended = false;

  constructor(api: Api, span: Span, context: Context) {
    this.#api = api;
    this.#span = span;
    this.context = context;
  }

  get metadata(): Readonly<Record<string, string>> {
    const carrier: Record<string, string> = {};
    this.#api.propagation.inject(this.context, carrier);
    return carrier;
  }

  to(endpoint: string): void {
    const { place } = targetOf(endpoint);
    if (place === undefined || "path" in place) {
      this.#span.setAttribute("server.address", place?.path ?? endpoint);
      return;
    }
    this.#span.setAttributes({ "server.address": place.host ?? endpoint, "server.port": place.port });
  }

  end(error?: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    const code = error instanceof ClientError ? error.code : undefined;
    this.#span.setAttribute("rpc.grpc.status_code", error === undefined ? GrpcCode.Ok : (code ?? GrpcCode.Unknown));
    // A stream that the program ended has not failed.
    if (error !== undefined && code !== GrpcCode.Canceled) {
      const message = error instanceof ClientError ? error.details : error.message;
      this.#span.setStatus({ code: this.#api.SpanStatusCode.ERROR, message });
    }
    this.#span.end();
  }
}
