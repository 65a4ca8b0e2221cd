import {
  type Clock,
  EtcdError,
  GrpcCode,
  type Logger,
  LoopTurn,
  type MemoryAccount,
  type MemoryPriority,
  type Semaphore,
} from "../../base/index.js";
import { bothOf, type Call } from "../../server/index.js";
import { JsonError, type JsonForms, type MethodSchema } from "../../wire/index.js";
import type { Answer, LongAnswer } from "../grpc/answer.js";
import type { Binding, CallLog, UnaryBinding } from "../grpc/binding.js";
import type { CallCounters, MethodCounters } from "../grpc/call-counters.js";
import type { Admission } from "../grpc/gate.js";
import type { MessageInPieces } from "../grpc/sent-messages.js";
import type { ServerStream } from "../grpc/stream.js";
import type { SlowCalls } from "../services/slow-calls.js";
import { CallError, type CallStatus, statusOf } from "../services/status.js";
import { parseTimeoutMs } from "./grpc-timeout.js";
import type { GatewayPeer } from "./peer.js";
import type { UnfinishedMessages } from "./unfinished-messages.js";

/**
 * How many times longer than its message JSON may be. Base64 adds a third, and an escaped character takes six bytes.
 */
export const jsonBytesFactor = 4;

/** The memory of a JSON value while it arrives, per byte: its buffer grows by doubling. */
export const valueFactor = 2;
/** The memory of an answer, per byte of its message: it is printed as text that is a third longer, then queued. */
const printedFactor = 3;

/** The bytes of JSON that are scanned before other clients get a turn. */
const bytesOfTurn = 64 * 1024;

/** The time in which Node reads a byte of a body that a call has made room for, and joins it with others. */
const msPerReadByte = 0.15 / (64 * 1024);

/** The header that the console's page sends with changes. */
const consoleHeader = "x-etcd-console";

/** The objects and settings that all calls of a gateway share. */
export interface GatewayEnvironment {
  readonly gate: Admission;
  readonly counters: CallCounters;
  readonly logger: Logger;
  readonly slow: SlowCalls;
  readonly clock: Clock;
  readonly forms: JsonForms;
  /** The account of the bytes held for clients. Calls are refused when it is full. */
  readonly memory: MemoryAccount;
  /** Bounds the messages that are arriving. */
  readonly unfinished: UnfinishedMessages;
  /** Bounds the running calls: a call takes a place with its first complete message, until its handler has ended. */
  readonly places: Semaphore;
  /** The maximum length of a received message. */
  readonly receiveBytesMax: number;
  /** Whether to measure the duration of calls. */
  readonly timed: boolean;
}

/** A method of the API with its request and response types. */
export interface Route {
  readonly binding: Binding;
  readonly schema: MethodSchema;
  readonly counters: MethodCounters;
}

/**
 * A call of a method in JSON. It never has the common name of a client certificate: as in etcd, certificates identify
 * no users at the gateway.
 */
export class GatewayCall implements Call, ServerStream<Uint8Array, Uint8Array> {
  readonly #environment: GatewayEnvironment;
  readonly #route: Route;
  readonly #peer: GatewayPeer;
  readonly #cancel = new AbortController();
  #onCancel: (() => void) | undefined;
  readonly #startedAt: number;
  #hasPlace = false;
  /** Whether the first part of a long answer has been sent. */
  #inParts = false;
  #ended = false;

  constructor(environment: GatewayEnvironment, route: Route, peer: GatewayPeer) {
    this.#environment = environment;
    this.#route = route;
    this.#peer = peer;
    this.#startedAt = environment.slow.now();
    route.counters.started++;
    const gone = () => this.#close(GrpcCode.Canceled, new EtcdError("canceled"));
    if (peer.gone.aborted) gone();
    else peer.gone.addEventListener("abort", gone, { once: true });
  }

  get call(): Call {
    return this;
  }

  get cancelled(): boolean {
    return this.#ended;
  }

  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  onCancel(listener: () => void): void {
    if (this.#ended) listener();
    else this.#onCancel = bothOf(this.#onCancel, listener);
  }

  get remote(): string {
    return "No remote client info.";
  }

  /** The gRPC metadata of a call, which clients send in headers named `Grpc-Metadata-...`. */
  metadata(name: string): string | undefined {
    const value = this.#peer.header(`grpc-metadata-${name}`);
    return value ?? (name === "authorization" ? this.#peer.header(name) : undefined);
  }

  get fromConsole(): boolean {
    return this.#peer.header(consoleHeader) !== undefined;
  }

  /** Runs the call. Resolves when it has ended. */
  async run(): Promise<void> {
    const { clock, counters } = this.#environment;
    const { binding } = this.#route;
    counters.client(binding.kind, this.metadata("client-api-version"));
    try {
      const timeoutMs = parseTimeoutMs(this.#peer.header("grpc-timeout"));
      // Node's timers do not wait for less than 1 ms.
      if (timeoutMs !== undefined && timeoutMs < 1) this.#late();
      const deadline = timeoutMs === undefined ? undefined : clock.after(timeoutMs, () => this.#late());
      try {
        if (binding.kind === "unary") await this.#runUnary(binding);
        else await this.#runStream(binding);
      } finally {
        deadline?.cancel();
      }
    } catch (error) {
      if (this.#ended) return;
      // A message that cannot be parsed is refused before the stream begins, so the refusal is not a stream's line.
      const inStream = binding.kind === "stream" && !(error instanceof JsonError);
      this.#refuse(statusOf(error, binding.path, this.#environment.logger), undefined, inStream);
    } finally {
      if (this.#hasPlace) this.#environment.places.leave();
    }
  }

  /** The client's messages. As in etcd, a method with one request gets an empty one when the body is empty. */
  async *read(): AsyncIterable<Uint8Array> {
    if (this.#route.schema.requestStream !== true) {
      const message = await this.#oneMessage();
      if (!this.#ended) yield message;
      return;
    }
    for await (const json of this.#values()) {
      const message = await this.#admit(json);
      if (this.#ended) return;
      yield message;
    }
  }

  write(message: Uint8Array): boolean {
    if (this.#ended) return true;
    return this.#peer.message(this.#print(message));
  }

  writePieces({ pieces }: MessageInPieces): boolean {
    return this.write(Buffer.concat(pieces));
  }

  drained(): Promise<void> {
    return this.#ended ? Promise.resolve() : this.#peer.drained();
  }

  end(): void {
    if (this.#ended) return;
    this.#close(GrpcCode.Ok);
    this.#peer.end();
  }

  /** Ends the call because the server stops. */
  stop(): void {
    const stopped = new EtcdError("stopped");
    if (!this.#ended) this.#refuse({ code: stopped.code, details: stopped.message }, stopped);
  }

  async #runUnary(binding: UnaryBinding): Promise<void> {
    const { gate, slow } = this.#environment;
    const request = await this.#oneMessage();
    if (this.#ended) return;
    await gate.admit(this, binding, request);
    const log: CallLog = { asked: undefined, requestCount: 0, responseCount: 0 };
    let response: Answer | undefined;
    try {
      response = await binding.run(request, this, log);
    } finally {
      slow.ended(binding, { ...log, remote: this.remote }, request.length, response?.length ?? 0, this.#startedAt);
    }
    if (!(response instanceof Uint8Array)) await this.#answerInParts(response);
    else if (!this.#ended) this.#answer(binding, response);
  }

  /** Sends a long answer in parts, as fast as the client takes them. Its text could exceed the length of a string. */
  async #answerInParts(answer: LongAnswer): Promise<void> {
    const peer = this.#peer;
    const printer = this.#environment.forms.printer(this.#route.schema.response, answer.length);
    try {
      this.#count(answer.length);
      for await (const part of answer.parts()) {
        if (this.#ended) break;
        const json = printer.print(part);
        this.#inParts = true;
        if (!peer.part(json)) await peer.drained();
      }
      if (!this.#ended) {
        const rest = printer.end();
        this.#close(GrpcCode.Ok);
        peer.answer(rest);
      }
    } finally {
      answer.close();
    }
  }

  async #runStream(binding: Binding & { readonly kind: "stream" }): Promise<void> {
    await this.#environment.gate.admit(this, binding);
    await binding.run(this);
    this.end();
  }

  async #oneMessage(): Promise<Uint8Array> {
    for await (const json of this.#values()) return this.#admit(json);
    return this.#admit(Buffer.from("{}"));
  }

  /** The JSON values of the request, one after the other. */
  async *#values(): AsyncIterable<Buffer> {
    const { forms, receiveBytesMax, unfinished } = this.#environment;
    // Not a field of the call: a refused call lives as long as its connection, and its bytes count no more.
    const scanner = forms.scanner(receiveBytesMax * jsonBytesFactor);
    let heldBytes = 0;
    try {
      for await (const chunk of inTurns(this.#peer.read(), LoopTurn.of(this.#environment.clock))) {
        scanner.push(chunk);
        for (let json = scanner.next(); json !== undefined; json = scanner.next()) yield json;
        const more = scanner.heldBytes * valueFactor - heldBytes;
        if (more > 0 && !unfinished.tryTake(more, this.#priority)) throw new EtcdError("overloaded");
        if (more < 0) unfinished.release(-more);
        heldBytes += more;
      }
    } finally {
      unfinished.release(heldBytes);
    }
    scanner.end();
    const last = scanner.next();
    if (last !== undefined) yield last;
  }

  /** Decodes a value when there is a place for its call. The result is meaningless if the call has ended meanwhile. */
  async #admit(json: Buffer): Promise<Uint8Array> {
    const { forms, counters, receiveBytesMax, clock } = this.#environment;
    if (!(await this.#enter(json.length))) return new Uint8Array(0);
    // Many bodies may become complete at the same time. They are not all decoded in one turn of the event loop.
    const turn = LoopTurn.of(clock);
    if (turn.over) await turn.pause();
    const message = forms.parse(this.#route.schema.request, json);
    this.#route.counters.received++;
    counters.receivedBytes += message.length;
    // A long value takes about a turn to parse; what it asks for is work of its own.
    if (turn.over) await turn.pause();
    if (message.length <= receiveBytesMax) return message;
    const details = `grpc: received message larger than max (${message.length} vs. ${receiveBytesMax})`;
    throw new CallError(GrpcCode.ResourceExhausted, details);
  }

  /** Waits for a place. @returns false when the call ended first */
  async #enter(bytes: number): Promise<boolean> {
    if (this.#hasPlace) return !this.#ended;
    const { memory, places } = this.#environment;
    const requests = memory.pot("requests");
    if (!requests.tryTake(bytes, this.#priority)) throw new EtcdError("overloaded");
    this.#hasPlace = await places.enter(this);
    requests.release(bytes);
    return this.#hasPlace && !this.#ended;
  }

  get #priority(): MemoryPriority {
    return this.#route.binding.first ? "first" : "ordinary";
  }

  /** Sends an answer and counts its memory until the client has taken it. @throws EtcdError when there is no memory */
  #answer({ reads }: UnaryBinding, message: Uint8Array): void {
    const answers = this.#environment.memory.pot("answers");
    const bytes = message.length * printedFactor;
    if (!answers.tryTake(bytes, this.#priority)) throw new EtcdError(reads ? "overloaded" : "timeout");
    try {
      const json = this.#print(message);
      this.#close(GrpcCode.Ok);
      this.#peer.answer(json);
    } finally {
      void this.#peer.drained().then(() => answers.release(bytes));
    }
  }

  #print(message: Uint8Array): string {
    this.#count(message.length);
    return this.#environment.forms.print(this.#route.schema.response, message);
  }

  #count(messageBytes: number): void {
    this.#route.counters.sent++;
    this.#environment.counters.sentBytes += messageBytes;
  }

  #late(): void {
    if (this.#ended) return;
    const late = new EtcdError("deadlineExceeded");
    this.#refuse({ code: late.code, details: "context deadline exceeded" }, late);
  }

  #refuse(status: CallStatus, reason?: EtcdError, inStream = this.#route.binding.kind === "stream"): void {
    this.#close(status.code, reason);
    // A long answer has begun and fails now. The client must be able to see that it is incomplete.
    if (this.#inParts) this.#peer.cut();
    else this.#peer.refuse(status, inStream);
  }

  #close(code: GrpcCode, reason?: EtcdError): void {
    if (this.#ended) return;
    this.#ended = true;
    const { counters } = this.#route;
    counters.end(code);
    if (this.#environment.timed) counters.took((this.#environment.slow.now() - this.#startedAt) / 1_000);
    this.#onCancel?.();
    this.#cancel.abort(reason ?? new EtcdError("canceled"));
  }
}

/**
 * Reads chunks, and splits them so that each piece is processed in a turn of the event loop that has time for it. A
 * chunk is also read in such a turn, since all that has arrived meanwhile is joined then.
 */
async function* inTurns(chunks: AsyncIterable<Uint8Array>, turn: LoopTurn): AsyncIterable<Uint8Array> {
  const reader = chunks[Symbol.asyncIterator]();
  let bytes = 0;
  try {
    for (;;) {
      if (turn.over) await turn.pause();
      const { done, value: chunk } = await reader.next();
      if (done === true) return;
      turn.charge(chunk.length * msPerReadByte);
      for (let at = 0; at < chunk.length; at += bytesOfTurn) {
        // Bodies of many calls share one turn: each takes little time, but all together may not.
        if (bytes >= bytesOfTurn || turn.over) {
          bytes = 0;
          await turn.pause();
        }
        const piece = chunk.subarray(at, at + bytesOfTurn);
        bytes += piece.length;
        yield piece;
      }
    }
  } finally {
    await reader.return?.();
  }
}
