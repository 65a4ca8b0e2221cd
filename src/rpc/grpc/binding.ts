import { type ErrorKind, EtcdError } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { type Codec, decodeReceived, type Method, TooManyParts } from "../../wire/index.js";
import type { Answer } from "./answer.js";
import type { MethodCounters } from "./call-counters.js";
import type { ServerStream } from "./stream.js";

/** A method of the API as the transport sees it: bytes in, bytes out. */
export type Binding = UnaryBinding | StreamBinding;

export interface UnaryBinding {
  readonly kind: "unary";
  readonly path: string;
  /** Nothing is changed by it: a call may be refused also when it was carried out. */
  readonly reads?: boolean;
  /** Leases, elections, health: it may use the memory that is kept for those. */
  readonly first?: boolean;
  /** It may take as long as it likes: when the server stops, the call is ended as a stream would be. */
  readonly waits?: boolean;
  /** @param log where a method whose slow calls are logged leaves what it was asked and how much it answered */
  run(request: Uint8Array, call: Call, log?: CallLog): Promise<Answer>;
}

/** What a method says of one call for the log. */
export interface CallLog {
  /** The request; undefined when it could not be read, or the log says nothing of such requests. */
  asked: object | undefined;
  /** How many operations it asked for, and how many keys it was answered with, as etcd counts them. */
  requestCount: number;
  responseCount: number;
}

export interface StreamBinding {
  readonly kind: "stream";
  readonly path: string;
  /** As of a unary method. */
  readonly first?: boolean;
  /** The client sends one request; only the answers are a stream. */
  readonly oneRequest?: boolean;
  run(stream: ServerStream<Uint8Array, Uint8Array>): Promise<void>;
}

/** As it is, but served from the memory that is kept for leases, elections and health. */
export function goingFirst<Kind extends Binding>(binding: Kind): Kind {
  return { ...binding, first: true };
}

/** What metrics call its kind. */
export function typeOf(binding: Binding): MethodCounters["type"] {
  if (binding.kind === "unary") return "unary";
  return binding.oneRequest ? "server_stream" : "bidi_stream";
}

/** How much a request may be made of before the work of reading it would keep others waiting. */
export interface RequestBound {
  /** Most messages and texts in it. */
  readonly partsMax: number;
  /** What a request of more is refused with, where etcd has a word for it. */
  readonly refusal?: ErrorKind;
}

/** A few milliseconds' worth; requests that are no transactions have a dozen at most. */
const ordinaryBound: RequestBound = { partsMax: 20_000 };

/** A transaction within `--max-txn-ops` is below this: an operation is two messages, a comparison one. */
export function txnBound(maxTxnOps: number): RequestBound {
  return { partsMax: Math.max(ordinaryBound.partsMax, 8 * maxTxnOps), refusal: "tooManyOps" };
}

/** A request's message. @throws WireError; EtcdError when it is made of more parts than `bound` allows */
export function decode<Request>(codec: Codec<Request>, bytes: Uint8Array, bound = ordinaryBound): Request {
  try {
    return decodeReceived(codec, bytes, bound.partsMax);
  } catch (error) {
    if (error instanceof TooManyParts && bound.refusal !== undefined) throw new EtcdError(bound.refusal);
    throw error;
  }
}

/** One request, one answer. A handler may answer at once or later, and refuses by throwing. */
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

/** Encodes an answer, in parts when it is long, and counts it for the log. */
export type AnswerEncoder<Request, Answered> = (request: Request, answer: Answered, log: CallLog | undefined) => Answer;

/**
 * As `unary`, for a method whose slow calls are logged with what they asked for.
 *
 * @param requestCount what the log says of a request that is refused
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
    run: async (bytes, call, log) => {
      const message = decode(request, bytes, bound);
      if (log !== undefined) {
        log.asked = message;
        log.requestCount = requestCount(message);
      }
      return encode(message, await handle(message, call), log);
    },
  };
}

/** As `unary`, for what may be answered in an hour. */
export function waiting<Request, Response>(
  method: Method<Request, Response>,
  handle: UnaryHandler<Request, Response>,
): UnaryBinding {
  return { ...unary(method, handle), waits: true };
}

/** Requests and answers as they come; the call ends when the handler returns. */
export type StreamHandler<Request, Response> = (stream: ServerStream<Request, Response>) => Promise<void>;

export function streaming<Request, Response>(
  method: Method<Request, Response>,
  handle: StreamHandler<Request, Response>,
): StreamBinding {
  const { path, request, response } = method;
  return {
    kind: "stream",
    path,
    oneRequest: !method.requestStream,
    run: (bytes) =>
      handle({
        call: bytes.call,
        async *read() {
          for await (const message of bytes.read()) yield decode(request, message);
        },
        write: (message) => bytes.write(response.encode(message)),
        writePieces: (message) => bytes.writePieces(message),
        drained: () => bytes.drained(),
        end: () => bytes.end(),
      }),
  };
}
