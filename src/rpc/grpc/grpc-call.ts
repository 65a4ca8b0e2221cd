import { EtcdError, GrpcCode, type LoopTurn } from "../../base/index.js";
import { errorCodes, type Http2Stream, type StreamListener } from "../../http2/index.js";
import { bothOf, type Call } from "../../server/index.js";
import type { CallOrigin } from "../services/call-origin.js";
import { type CallStatus, canceled, isTurnedAway, okStatus, statusOf } from "../services/status.js";
import { type Answer, type PartsOutput, sendParts } from "./answer.js";
import type { Binding, CallLog, StreamBinding, UnaryBinding } from "./binding.js";
import type { MethodCounters } from "./call-counters.js";
import type { CallEnvironment } from "./call-environment.js";
import { chargeHandler } from "./call-memory.js";
import { answerHead, fieldOf, refusalOf, trailersOf } from "./grpc-head.js";
import { MessageReader, type ReceivedMessage } from "./grpc-messages.js";
import type { HalfOpenPlace } from "./half-open-calls.js";
import { type AlikeMessages, type MessageInPieces, messagePrefix, sendAlike, writeInPieces } from "./sent-messages.js";
import type { ServerStream } from "./stream.js";
import { type RequestsOwner, StreamRequests } from "./stream-requests.js";
import { ReadMessages, type SessionStream } from "./stream-session.js";
import { type UnaryOutcome, UnaryRun } from "./unary-run.js";
import { Waiters } from "./waiters.js";

/** The unsent bytes beyond which a handler is asked to pause. */
const unsentBytesMax = 64 * 1024;
const nothing = new Uint8Array(0);
/** The memory of a queued message beside its bytes. */
const keptMessageBytes = 256;

type StreamOfBytes = ServerStream<Uint8Array, Uint8Array> & SessionStream<Uint8Array, Uint8Array>;

/** A gRPC call, from its head to its status. */
export class GrpcCall
  implements Call, CallLog, StreamOfBytes, RequestsOwner, UnaryOutcome, PartsOutput, StreamListener
{
  asked: object | undefined;
  requestCount = 0;
  responseCount = 0;
  readonly #stream: Http2Stream;
  readonly #environment: CallEnvironment;
  readonly #binding: Binding;
  readonly #counters: MethodCounters;
  readonly #origin: CallOrigin;
  readonly #reader: MessageReader;
  readonly #startedAt: number;
  readonly #deadline: number | undefined;
  /** The call's place among the calls of which no message has arrived. */
  #halfOpen: HalfOpenPlace | undefined;
  #cancel: AbortController | undefined;
  #onCancel: (() => void) | undefined;
  /** Why the handler has to stop. */
  #aborted: EtcdError | undefined;
  #ended: "no" | "answered" | "cancelled" = "no";
  /** Whether the handler has been started. */
  #begun = false;
  /** The messages for the running handler of a stream. */
  #requests: StreamRequests | undefined;
  /** Whether messages are being cut from received bytes. */
  #feeding = false;
  /** Received bytes by which the client's window has not been extended yet, since the handler has not taken them. */
  #unallowed = 0;
  #held = 0;
  #wantRoom: Waiters | undefined;
  /** Whether the head of the answer has been sent. */
  #answering = false;

  constructor(
    stream: Http2Stream,
    [binding, counters]: readonly [Binding, MethodCounters],
    origin: CallOrigin,
    environment: CallEnvironment,
  ) {
    this.#stream = stream;
    this.#environment = environment;
    this.#binding = binding;
    this.#counters = counters;
    this.#origin = origin;
    this.#reader = new MessageReader(environment.receiveBytesMax, origin.encoding);
    this.#startedAt = environment.slow.now();
    counters.started++;
    this.#deadline = origin.timeoutMs === undefined ? undefined : environment.deadlines.add(this, origin.timeoutMs);
    if (origin.timeoutMs === 0) this.expire();
  }

  /**
   * Called when the head has arrived. The handler starts with the first message, and until then the call takes little
   * more memory than its head. A stream that may not be served is refused at once.
   */
  start(): void {
    if (this.#ended !== "no") return;
    this.#halfOpen = this.#environment.halfOpen.enter(this.#stream);
    if (this.#binding.kind === "unary") return;
    this.#environment.lasting.add(this);
    try {
      this.#environment.gate.admit(this, this.#binding)?.catch((error: unknown) => this.#refuse(error));
    } catch (error) {
      this.#fail(error);
      return;
    }
    // The handler has to tell the client when the leader is lost, even before the client's first message.
    if (this.metadata("hasleader") === "true") this.#beginStream();
  }

  // ---- the handler's side ----

  get call(): Call {
    return this;
  }

  get client(): object {
    return this.#origin.client;
  }

  get cancelled(): boolean {
    return this.#ended !== "no";
  }

  /** Created on first use, since most calls are answered without it. */
  get signal(): AbortSignal {
    if (this.#cancel === undefined) {
      this.#cancel = new AbortController();
      if (this.#aborted !== undefined) this.#cancel.abort(this.#aborted);
    }
    return this.#cancel.signal;
  }

  onCancel(listener: () => void): void {
    if (this.#aborted !== undefined) listener();
    else this.#onCancel = bothOf(this.#onCancel, listener);
  }

  get remote(): string {
    return this.#origin.remote;
  }

  get metadataKind(): object {
    return this.#origin.head.kind;
  }

  metadata(name: string): string | undefined {
    return fieldOf(this.#origin.head, name);
  }

  get commonName(): string | undefined {
    return this.#origin.commonName;
  }

  read(): AsyncIterable<Uint8Array> {
    const messages = new ReadMessages<Uint8Array>(this);
    this.#requests?.enter(messages);
    return messages;
  }

  next(): void {
    this.#requests?.next();
  }

  write(message: Uint8Array): boolean {
    if (this.#ended !== "no") return true;
    this.#send(message.length, message);
    return this.#stream.unsentBytes < unsentBytesMax;
  }

  writePieces(message: MessageInPieces): boolean {
    if (this.#ended !== "no") return true;
    this.#count(message.length);
    writeInPieces(this.#stream, message);
    return this.#stream.unsentBytes < unsentBytesMax;
  }

  writeAlike(messages: AlikeMessages): boolean {
    if (this.#ended !== "no") return true;
    this.#count(messages.length, messages.own.length);
    sendAlike(this.#stream, messages);
    return this.#stream.unsentBytes < unsentBytesMax;
  }

  drained(): Promise<void> {
    if (this.#ended !== "no" || this.#stream.unsentBytes < unsentBytesMax) return Promise.resolve();
    this.#wantRoom ??= new Waiters();
    return this.#wantRoom.wait();
  }

  end(): void {
    this.#finish(okStatus);
  }

  beginAnswer(bytes: number): void {
    this.#send(bytes, nothing);
  }

  writePart(part: Uint8Array): void {
    this.#stream.write(nothing, part);
  }

  /** The handler has ended, or is not needed. */
  close(...failure: readonly unknown[]): void {
    this.#requests?.leave();
    if (failure.length === 0) this.#finish(okStatus);
    else this.#fail(failure[0]);
    this.#stream.vacate();
    this.#environment.lasting.delete(this);
  }

  get turn(): LoopTurn {
    return this.#environment.turn;
  }

  decompressed(message: ReceivedMessage): Promise<Uint8Array> {
    return this.#reader.open(message);
  }

  requestTaken(): void {
    this.#stream.uncharge(keptMessageBytes);
    this.#makeRoom();
  }

  /** Ends an open stream because the server stops. Its handler sees a cancelled call. */
  stop(): void {
    const stopped = new EtcdError("stopped");
    this.#finish({ code: stopped.code, details: stopped.message });
    this.#abort(stopped);
  }

  /** Called when the deadline has passed. */
  expire(): void {
    const unsent = this.#stream.unsentBytes > 0;
    this.#finish({ code: GrpcCode.DeadlineExceeded, details: "context deadline exceeded" });
    // The client no longer wants the bytes that it has not taken by its deadline.
    if (unsent) this.#stream.reset(errorCodes.cancel);
    this.#abort(canceled);
  }

  // ---- the stream's side ----

  data(chunk: Buffer): void {
    this.#held += chunk.length;
    this.#unallowed += chunk.length;
    this.#feeding = true;
    try {
      // A unary call has one request. As in grpc-go, anything after it is ignored.
      const wanted = this.#binding.kind === "stream" || !this.#begun;
      if (this.#ended === "no" && wanted) this.#reader.feed(chunk, (message) => this.#receive(message));
    } catch (error) {
      this.#refuse(error);
    }
    this.#feeding = false;
    this.#makeRoom();
  }

  halfClosed(): void {
    const isUnary = this.#binding.kind === "unary";
    if (isUnary && this.#begun) return;
    if (this.#reader.cut || isUnary) {
      // grpc-go's texts for an incomplete message and for a missing one.
      const details = this.#reader.cut ? "unexpected EOF" : "EOF";
      this.#finish({ code: isUnary ? GrpcCode.Unknown : GrpcCode.Internal, details });
      this.#abort(canceled);
    } else {
      this.#beginStream();
      this.#requests?.end();
    }
  }

  overloaded(): void {
    this.#refuse(new EtcdError("overloaded"));
  }

  drain(): void {
    if (this.#stream.unsentBytes < unsentBytesMax) this.#wantRoom?.wake();
  }

  closed(): void {
    if (this.#ended !== "no") return;
    this.#ended = "cancelled";
    this.#close(GrpcCode.Canceled);
    this.#abort(canceled);
  }

  /** Takes a message. @returns whether further messages are wanted */
  #receive(message: ReceivedMessage): boolean {
    const { counters } = this.#environment;
    this.#leaveHalfOpen();
    this.#counters.received++;
    counters.receivedBytes += message.bytes.length;
    if (this.#binding.kind === "unary") {
      this.#begun = true;
      this.#beginUnary(this.#binding, message);
      return false;
    }
    this.#beginStream();
    if (this.#ended !== "no") return false;
    if (!this.#requests?.pass(message)) this.#keep(message);
    return this.#ended === "no";
  }

  /** Queues a message, and counts more than its bytes, since a queued message of a few bytes takes far more memory. */
  #keep(message: ReceivedMessage): void {
    if (this.#stream.charge(keptMessageBytes)) this.#requests?.push(message);
    else this.overloaded();
  }

  /** Extends the client's window by the bytes of messages that the handler has taken. */
  #makeRoom(): void {
    if (this.#feeding || (this.#requests?.length ?? 0) > 0) return;
    this.#stream.allow(this.#unallowed);
    this.#unallowed = 0;
    if (this.#reader.partial && this.#ended === "no") return;
    // The request of a unary call stays in memory until it is answered, so its bytes are not released before.
    if (this.#begun && this.#binding.kind === "unary" && this.#ended === "no") return;
    this.#stream.free(this.#held);
    this.#held = 0;
  }

  // ---- the course of a call ----

  #beginUnary(binding: UnaryBinding, received: ReceivedMessage): void {
    if (this.#ended !== "no") return;
    const { counters, lasting, slow } = this.#environment;
    counters.client("unary", this.metadata("client-api-version"));
    if (binding.waits) lasting.add(this);
    this.#stream.occupy();
    // The measured time starts with the request, since a client may send it long after the head.
    const startedAt = slow.now();
    const run = new UnaryRun(binding, this, this.#environment, this, startedAt);
    if (!received.compressed) run.begin(received.bytes);
    else {
      this.#reader.open(received).then(
        (message) => run.begin(message),
        (error: unknown) => this.close(error),
      );
    }
  }

  answered(answer: Answer): void {
    if (answer instanceof Uint8Array) {
      if (this.#ended === "no") this.#answer(answer);
      this.close();
    } else {
      sendParts(answer, this, this.#environment.clock).then(
        () => this.close(),
        (error: unknown) => this.close(error),
      );
    }
  }

  /** Sends an answer. @throws EtcdError when the client does not take it and there is no memory to queue it */
  #answer(response: Uint8Array): void {
    // A write that was carried out must not be reported as refused: a timeout leaves the outcome open.
    const reads = this.#binding.kind === "unary" && this.#binding.reads;
    if (!this.#stream.hasRoomFor(response.length)) throw new EtcdError(reads ? "overloaded" : "timeout");
    this.#send(response.length, response);
  }

  /** Resets the stream when the rest of a message cannot be sent, since no status can follow half a message. */
  cut(error: unknown): void {
    const { code } = statusOf(error, this.#binding.path, this.#environment.logger);
    this.#ended = "answered";
    this.#close(code);
    this.#stream.reset(errorCodes.internal);
    this.#abort(canceled);
  }

  #beginStream(): void {
    if (this.#begun || this.#ended !== "no" || this.#binding.kind !== "stream") return;
    if (!chargeHandler(this.#stream, this.#binding)) {
      this.overloaded();
      return;
    }
    this.#begun = true;
    this.#requests = new StreamRequests(this);
    this.#runStream(this.#binding, this.#requests);
  }

  /** Not an async function, which would take several times as much memory while the stream lasts. */
  #runStream(binding: StreamBinding, requests: StreamRequests): void {
    this.#environment.counters.client("stream", this.metadata("client-api-version"));
    this.#stream.occupy();
    try {
      if (binding.open !== undefined) {
        const session = binding.open(this);
        requests.enter(session);
        session.begin();
        return;
      }
      binding.run(this).then(
        () => this.close(),
        (error: unknown) => this.close(error),
      );
    } catch (error) {
      this.close(error);
    }
  }

  /** Sends a message of this length, of which parts may follow. */
  #send(length: number, message: Uint8Array): void {
    this.#count(length);
    this.#stream.write(messagePrefix(length), message);
  }

  #count(messageBytes: number, messages = 1): void {
    if (!this.#answering) this.#stream.respond(answerHead);
    this.#answering = true;
    this.#counters.sent += messages;
    this.#environment.counters.sentBytes += messageBytes;
  }

  #fail(error: unknown): void {
    // A client that has disconnected gets no status, and the error that its departure caused is not logged.
    if (this.#ended === "no") this.#finish(statusOf(error, this.#binding.path, this.#environment.logger));
  }

  /** Ends a call whose handler may be running already. */
  #refuse(error: unknown): void {
    this.#fail(error);
    this.#abort(canceled);
  }

  #finish(status: CallStatus): void {
    if (this.#ended !== "no") return;
    this.#ended = "answered";
    this.#close(status.code);
    if (isTurnedAway(status)) this.#stream.blame();
    this.#stream.end(this.#answering ? trailersOf(status) : refusalOf(status));
  }

  #abort(reason: EtcdError): void {
    if (this.#aborted === undefined) {
      this.#aborted = reason;
      this.#onCancel?.();
    }
    this.#cancel?.abort(reason);
    this.#stream.uncharge((this.#requests?.cancel() ?? 0) * keptMessageBytes);
  }

  #close(code: GrpcCode): void {
    this.#leaveHalfOpen();
    if (!this.#begun) this.#environment.lasting.delete(this);
    this.#counters.end(code);
    if (this.#environment.timed) this.#counters.took((this.#environment.slow.now() - this.#startedAt) / 1_000);
    if (this.#deadline !== undefined) this.#environment.deadlines.remove(this, this.#deadline);
    this.#wantRoom?.wake();
  }

  #leaveHalfOpen(): void {
    if (this.#halfOpen !== undefined) this.#environment.halfOpen.leave(this.#halfOpen);
    this.#halfOpen = undefined;
  }
}
