import { asError } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import type { Method } from "../../wire/index.js";
import type { Answer } from "./answer.js";
import type { MethodCounters } from "./call-counters.js";
import { decode, type RequestBound } from "./decoded-requests.js";
import { DecodedSession, DecodedStream } from "./decoded-streams.js";
import type { ServerStream } from "./stream.js";
import { type OpenSession, runSession } from "./stream-session.js";

/** A method of the API as the transport sees it: bytes in, bytes out. */
export type Binding = UnaryBinding | StreamBinding;

export interface UnaryBinding {
  readonly kind: "unary";
  readonly path: string;
  /** Whether the method only reads. Such a call may be refused even after it was carried out. */
  readonly reads?: boolean;
  /** Whether the method may use the memory that is reserved for leases, elections and health checks. */
  readonly first?: boolean;
  /** Whether a call may wait for a long time. When the server stops, such a call is ended like a stream. */
  readonly waits?: boolean;
  /** @param log receives the request and the size of the answer, for methods whose slow calls are logged */
  run(request: Uint8Array, call: Call, log?: CallLog): Promise<Answer>;
}

/** The facts of a call that the log of slow calls shows. */
export interface CallLog {
  /** The request; undefined when it could not be decoded, or when such requests are not logged. */
  asked: object | undefined;
  /** The number of operations in the request, and of keys in the answer, counted as etcd does. */
  requestCount: number;
  responseCount: number;
}

export interface StreamBinding {
  readonly kind: "stream";
  readonly path: string;
  /** As for a unary method. */
  readonly first?: boolean;
  /** Whether the client sends a single request, so that only the answers are a stream. */
  readonly oneRequest?: boolean;
  run(stream: ServerStream<Uint8Array, Uint8Array>): Promise<void>;
  /** Does the same as `run`, with less memory for a stream that waits. Absent for methods with few streams. */
  readonly open?: OpenSession<Uint8Array, Uint8Array>;
  /** The bytes of memory of a handler, if they are not those that `run` or `open` usually takes. */
  readonly memoryBytes?: number;
}

/** The same binding with another way to run its streams. */
export function runningBy(
  { kind, path, first = false, oneRequest = false }: StreamBinding,
  run: StreamBinding["run"],
): StreamBinding {
  return { kind, path, first, oneRequest, run };
}

/** The same binding, allowed to use the memory that is reserved for leases, elections and health checks. */
export function goingFirst<Kind extends Binding>(binding: Kind): Kind {
  return { ...binding, first: true };
}

/** The name of a binding's kind in metrics. */
export function typeOf(binding: Binding): MethodCounters["type"] {
  if (binding.kind === "unary") return "unary";
  return binding.oneRequest ? "server_stream" : "bidi_stream";
}

/** Handles a method with one request and one answer. A handler may return a promise, and refuses by throwing. */
export type UnaryHandler<Request, Response> = (request: Request, call: Call) => Response | Promise<Response>;

export function unary<Request, Response>(
  method: Method<Request, Response>,
  handle: UnaryHandler<Request, Response>,
): UnaryBinding {
  const { path, request, response } = method;
  return {
    kind: "unary",
    path,
    run: async (bytes, call) => response.encode(await handle(decode(request, bytes), call)),
  };
}

/** Encodes an answer, in parts when it is long, and notes its size for the log. */
export type AnswerEncoder<Request, Answered> = (
  request: Request,
  answer: Answered,
  log: CallLog | undefined,
) => Answer | Promise<Answer>;

/**
 * Like `unary`, for a method whose slow calls are logged together with their request.
 *
 * @param requestCount the number of operations to log for a refused request
 */
export function logged<Request extends object, Response, Answered>(
  { path, request }: Method<Request, Response>,
  handle: (request: Request, call: Call) => Answered | Promise<Answered>,
  requestCount: (request: Request) => number,
  encode: AnswerEncoder<Request, Answered>,
  bound?: RequestBound,
): UnaryBinding {
  return {
    kind: "unary",
    path,
    // Not an async function: most calls take this way, and its promise would cost each of them several hundred bytes.
    run: (bytes, call, log) => {
      try {
        const message = decode(request, bytes, bound);
        if (log !== undefined) {
          log.asked = message;
          log.requestCount = requestCount(message);
        }
        return Promise.resolve(handle(message, call)).then((answer) => encode(message, answer, log));
      } catch (error) {
        return Promise.reject(asError(error));
      }
    },
  };
}

/** Like `unary`, for a method whose answer may take very long, such as the acquisition of a lock. */
export function waiting<Request, Response>(
  method: Method<Request, Response>,
  handle: UnaryHandler<Request, Response>,
): UnaryBinding {
  return { ...unary(method, handle), waits: true };
}

/** Handles a method with streams of requests or answers. The call ends when the handler returns. */
export type StreamHandler<Request, Response> = (stream: ServerStream<Request, Response>) => Promise<void>;

export function streaming<Request, Response>(
  method: Method<Request, Response>,
  handle: StreamHandler<Request, Response>,
): StreamBinding {
  return {
    kind: "stream",
    path: method.path,
    oneRequest: !method.requestStream,
    run: (bytes) => handle(new DecodedStream(bytes, method)),
  };
}

/** Like `streaming`, for a method of which very many streams may only wait. */
export function session<Request, Response>(
  method: Method<Request, Response>,
  open: OpenSession<Request, Response>,
): StreamBinding {
  return {
    kind: "stream",
    path: method.path,
    oneRequest: !method.requestStream,
    ...byMessages((bytes) => new DecodedSession(bytes, method, open)),
  };
}

/** The two ways to run a session: on a stream that calls it, and on one that is read. */
export function byMessages(
  open: OpenSession<Uint8Array, Uint8Array>,
): Required<Pick<StreamBinding, "open">> & Pick<StreamBinding, "run"> {
  return { open, run: (stream) => runSession(stream, open) };
}
