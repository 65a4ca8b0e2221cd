import { type Clock, EtcdError, errorText, GrpcCode, type Timer } from "../../base/index.js";
import type {
  AnswerListener,
  ClientConnection,
  ClientStream,
  Field,
  FieldList,
  StreamFailure,
} from "../../http2/index.js";
import { AttemptError, type LinkCall, type LinkStream, type RpcMethod, type StreamListener } from "../transport.js";
import { MessageReader, messagePrefix } from "./message-reader.js";
import { brokenStatus, type CallStatus, foreignStatus, statusOf } from "./status.js";

/** The most bytes of messages. */
export interface MessageLimits {
  readonly sendBytesMax: number;
  readonly receiveBytesMax: number;
}

/** One call, of any kind. It takes requests before there is a connection, and keeps them until then. */
export class Call<Request, Response> implements LinkStream<Request>, AnswerListener {
  readonly #method: RpcMethod<Request, Response>;
  readonly #endpoint: string;
  readonly #onEnd: () => void;
  /** Undefined after the end, so that the listener hears nothing more. */
  #listener: StreamListener<Response> | undefined;
  #stream: ClientStream | undefined;
  /** Requests before there is a connection. */
  #early: Uint8Array[] = [];
  #finished = false;
  readonly #limits: MessageLimits;
  readonly #hasRoom: (bytes: number) => boolean;
  readonly #reader = new MessageReader((bytes) => this.#accepts(bytes));
  #status: CallStatus | undefined;
  #paused = false;
  /** Chunks that arrived while the call was paused, and then its end. */
  #held: (Buffer | (() => void))[] = [];
  #timer: Timer | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #abort = (): void => this.#stop(GrpcCode.Canceled, "context canceled");

  /** @param onEnd called once, when the call is over */
  constructor(
    method: RpcMethod<Request, Response>,
    endpoint: string,
    clock: Clock,
    limits: MessageLimits,
    { timeoutMs, signal, hasRoom = () => true }: LinkCall,
    listener: StreamListener<Response>,
    onEnd: () => void,
  ) {
    this.#method = method;
    this.#endpoint = endpoint;
    this.#listener = listener;
    this.#onEnd = onEnd;
    this.#limits = limits;
    this.#hasRoom = hasRoom;
    this.#signal = signal;
    if (signal?.aborted === true) queueMicrotask(this.#abort);
    else signal?.addEventListener("abort", this.#abort, { once: true });
    if (Number.isFinite(timeoutMs)) {
      const expire = (): void => this.#stop(GrpcCode.DeadlineExceeded, "context deadline exceeded");
      this.#timer = clock.after(Math.max(0, timeoutMs), expire);
    }
  }

  /** Sends the call over a connection. */
  begin(connection: ClientConnection, fields: readonly Field[]): void {
    if (this.#listener === undefined) return;
    this.#stream = connection.request(fields, this);
    for (const bytes of this.#early.splice(0)) this.#write(bytes);
    if (this.#finished) this.#stream.end();
  }

  send(request: Request): void {
    if (this.#listener === undefined || this.#finished) return;
    const bytes = this.#method.request.encode(request);
    const { sendBytesMax } = this.#limits;
    if (bytes.length > sendBytesMax) {
      const details = `trying to send message larger than max (${bytes.length} vs. ${sendBytesMax})`;
      queueMicrotask(() => this.#stop(GrpcCode.ResourceExhausted, details));
    } else if (this.#stream === undefined) this.#early.push(bytes);
    else this.#write(bytes);
  }

  finish(): void {
    this.#finished = true;
    this.#stream?.end();
  }

  cancel(): void {
    if (this.#listener === undefined) return;
    this.#forget();
    this.#stream?.cancel();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    while (!this.#paused) {
      const next = this.#held.shift();
      if (next === undefined) return;
      if (typeof next === "function") next();
      else this.#feed(next);
    }
  }

  /** Ends the call with this error, unless it is over. */
  fail(error: AttemptError): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#forget();
    listener.closed(error);
  }

  // ---- the answer ----

  head(list: FieldList): void {
    // An answer without messages may have its status in the head.
    this.#status = foreignStatus(list) ?? statusOf(list);
  }

  data(chunk: Buffer): void {
    if (this.#paused || this.#held.length > 0) this.#held.push(chunk);
    else this.#feed(chunk);
  }

  ended(trailers: FieldList | undefined): void {
    this.#inTurn(() => this.#settle(this.#statusAt(trailers)));
  }

  failed(failure: StreamFailure): void {
    this.#inTurn(() => this.#settle(this.#status ?? brokenStatus(failure)));
  }

  /** Ends the call from this side. */
  #stop(code: GrpcCode, details: string): void {
    this.#stream?.cancel();
    this.fail(new AttemptError(code, details, this.#endpoint, false));
  }

  #write(bytes: Uint8Array): void {
    this.#stream?.write(messagePrefix(bytes.length), bytes);
  }

  #feed(chunk: Buffer): void {
    if (this.#listener === undefined) return;
    const fault = this.#reader.feed(chunk, (message) => this.#receive(message));
    // A message that was not accepted has ended the call already.
    if (fault === "compressed") {
      this.#stop(GrpcCode.Internal, "grpc: compressed flag set with identity or empty encoding");
    }
    this.#stream?.allow(chunk.length);
  }

  /** Ends the call if a message of this length is not to be received. */
  #accepts(bytes: number): boolean {
    const { receiveBytesMax } = this.#limits;
    if (bytes > receiveBytesMax) {
      const details = `grpc: received message larger than max (${bytes} vs. ${receiveBytesMax})`;
      this.#stop(GrpcCode.ResourceExhausted, details);
      return false;
    }
    if (this.#hasRoom(bytes)) return true;
    const { code, message } = new EtcdError("overloaded");
    this.#stop(code, message);
    return false;
  }

  #receive(bytes: Buffer): void {
    if (this.#listener === undefined) return;
    if (bytes.length > this.#limits.receiveBytesMax && !this.#accepts(bytes.length)) return;
    let message: Response;
    try {
      message = this.#method.response.decode(bytes);
    } catch (error) {
      this.#stop(GrpcCode.Internal, `grpc: failed to unmarshal the received message: ${errorText(error)}`);
      return;
    }
    this.#listener.message(message);
  }

  /** Does something at the end, after everything that is held. */
  #inTurn(act: () => void): void {
    if (this.#held.length > 0 || this.#paused) this.#held.push(act);
    else act();
  }

  #statusAt(trailers: FieldList | undefined): CallStatus {
    const status = this.#status ?? (trailers === undefined ? undefined : statusOf(trailers));
    if (status === undefined) {
      const details = "server closed the stream without sending a status";
      return { code: trailers === undefined ? GrpcCode.Internal : GrpcCode.Unknown, details, notSent: false };
    }
    if (status.code === GrpcCode.Ok && this.#reader.partial) {
      return { code: GrpcCode.Internal, details: "unexpected EOF", notSent: false };
    }
    return status;
  }

  #settle({ code, details, notSent }: CallStatus): void {
    if (code !== GrpcCode.Ok) {
      this.fail(new AttemptError(code, details, this.#endpoint, notSent));
      return;
    }
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#forget();
    listener.closed(undefined);
  }

  #forget(): void {
    this.#listener = undefined;
    this.#early = [];
    this.#held = [];
    this.#timer?.cancel();
    this.#signal?.removeEventListener("abort", this.#abort);
    this.#onEnd();
  }
}
