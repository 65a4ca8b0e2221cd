import { asError, assert, type ErrorKind, EtcdError } from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { type Codec, decodeReceived, type Method, TooManyParts } from "../../wire/index.js";
import type { Answer } from "./answer.js";
import type { MethodCounters } from "./call-counters.js";
import type { AlikeMessages, MessageInPieces } from "./sent-messages.js";
import { MessageIterator, type ServerStream } from "./stream.js";

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

/** A bound on the parts of a request, so that decoding it does not block other clients for long. */
export interface RequestBound {
  /** The most nested messages, strings, byte strings and numbers of lists in a request. */
  readonly partsMax: number;
  /** The error for a request with more parts, where etcd has an error for it. */
  readonly refusal?: ErrorKind;
}

/** Requests other than transactions have a dozen parts. Work on a part may take far longer than its decoding. */
const ordinaryBound: RequestBound = { partsMax: 1_000 };
/** Decoding this many parts of a transaction takes a few milliseconds. */
const txnPartsMin = 20_000;

/**
 * A bound above every transaction within `--max-txn-ops`: an operation is two messages and a value, a comparison is one
 * and a value, and there may be so many of each in the comparisons and in either branch.
 */
export function txnBound(maxTxnOps: number): RequestBound {
  return { partsMax: Math.max(txnPartsMin, 8 * maxTxnOps), refusal: "tooManyOps" };
}

/** Decodes a request. @throws WireError; EtcdError when it has more parts than `bound` allows */
export function decode<Request>(codec: Codec<Request>, bytes: Uint8Array, bound = ordinaryBound): Request {
  try {
    return decodeReceived(codec, bytes, bound.partsMax);
  } catch (error) {
    if (error instanceof TooManyParts && bound.refusal !== undefined) throw new EtcdError(bound.refusal);
    throw error;
  }
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

/** A stream of messages over a stream of their bytes. */
class DecodedStream<Request, Response> implements ServerStream<Request, Response> {
  readonly #bytes: ServerStream<Uint8Array, Uint8Array>;
  readonly #method: Method<Request, Response>;
  #received: AsyncIterator<Uint8Array> | undefined;

  constructor(bytes: ServerStream<Uint8Array, Uint8Array>, method: Method<Request, Response>) {
    this.#bytes = bytes;
    this.#method = method;
  }

  get call(): Call {
    return this.#bytes.call;
  }

  read(): AsyncIterable<Request> {
    this.#received = this.#bytes.read()[Symbol.asyncIterator]();
    return new MessageIterator(this);
  }

  nextMessage(): Promise<IteratorResult<Request, undefined>> {
    assert(this.#received !== undefined, "messages are taken from an iterator");
    return this.#received.next().then(this.#decoded);
  }

  readonly #decoded = ({ done, value }: IteratorResult<Uint8Array, undefined>): IteratorResult<Request, undefined> =>
    done ? { done, value: undefined } : { done: false, value: decode(this.#method.request, value) };

  write(message: Response): boolean {
    return this.#bytes.write(this.#method.response.encode(message));
  }

  writePieces(message: MessageInPieces): boolean {
    return this.#bytes.writePieces(message);
  }

  writeAlike(messages: AlikeMessages): boolean {
    if (this.#bytes.writeAlike !== undefined) return this.#bytes.writeAlike(messages);
    let hasRoom = true;
    for (const message of messages.each()) hasRoom = this.#bytes.writePieces(message);
    return hasRoom;
  }

  drained(): Promise<void> {
    return this.#bytes.drained();
  }

  end(): void {
    this.#bytes.end();
  }
}
