import { errorText, GrpcCode } from "../base/index.js";
import { ClientError } from "./client-error.js";

/** Makes a span of each call. */
export interface CallTracer {
  /** Runs a call, within a span of its own. @param path gRPC path of the method */
  trace<T>(path: string, run: () => Promise<T>): Promise<T>;
}

let loading: Promise<CallTracer | undefined> | undefined;

/**
 * Loads OpenTelemetry's API, once. Undefined when `@opentelemetry/api` is not installed: it is an optional peer of this
 * package. Spans go to whatever tracer provider the program has registered.
 */
export function loadTracer(): Promise<CallTracer | undefined> {
  loading ??= import("@opentelemetry/api").then(
    ({ trace, SpanKind, SpanStatusCode }) => {
      const tracer = trace.getTracer("etcd-ts/client");
      return {
        trace: (path, run) => {
          const [, service = "", method = ""] = path.split("/");
          const attributes = { "rpc.system": "grpc", "rpc.service": service, "rpc.method": method };
          // The span covers all attempts of the call.
          return tracer.startActiveSpan(path.slice(1), { kind: SpanKind.CLIENT, attributes }, async (span) => {
            try {
              const result = await run();
              span.setAttribute("rpc.grpc.status_code", GrpcCode.Ok);
              return result;
            } catch (error) {
              const known = error instanceof ClientError;
              if (known) span.setAttribute("rpc.grpc.status_code", error.code);
              span.setStatus({ code: SpanStatusCode.ERROR, message: known ? error.details : errorText(error) });
              throw error;
            } finally {
              span.end();
            }
          });
        },
      };
    },
    () => undefined,
  );
  return loading;
}
