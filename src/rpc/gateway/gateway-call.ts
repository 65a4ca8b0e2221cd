import {
  type Clock,
  EtcdError,
  GrpcCode,
  type Logger,
  LoopTurn,
  type MemoryAccount,
  type MemoryPriority,
} from "../../base/index.js";
import type { Call } from "../../server/index.js";
import { JsonError, type JsonForms, type JsonScanner, type MethodSchema } from "../../wire/index.js";
import type { Answer, LongAnswer } from "../grpc/answer.js";
import type { Binding, CallLog, UnaryBinding } from "../grpc/binding.js";
import type { CallCounters, MethodCounters } from "../grpc/call-counters.js";
import type { Gate } from "../grpc/gate.js";
import type { MessageInPieces, ServerStream } from "../grpc/stream.js";
import type { SlowCalls } from "../services/slow-calls.js";
import { CallError, type CallStatus, statusOf } from "../services/status.js";
import { parseTimeoutMs } from "./grpc-timeout.js";
import type { GatewayPeer } from "./peer.js";
import type { Turnstile } from "./turnstile.js";

/** JSON may be so much longer than the message it spells: bytes take a third more, an escaped character six times. */
export const jsonBytesFactor = 4;

/** What a value takes while it comes: its buffer grows by doubling. */
const valueFactor = 2;
/** What an answer takes for each of its bytes: it is printed in text that is a third longer, then sent. */
const printedFactor = 3;

/** How much JSON is looked at before others get their turn. */
const bytesOfTurn = 64 * 1024;

/** What all calls of a gateway share. */
export interface GatewayEnvironment {
  readonly gate: Gate;
  readonly counters: CallCounters;
  readonly logger: Logger;
  readonly slow: SlowCalls;
  readonly clock: Clock;
  readonly forms: JsonForms;
  /** What clients make this process hold is counted there, and refused when there is no room. */
  readonly memory: MemoryAccount;
  /** A call has a place from its first whole message on, until its handler is done. */
  readonly places: Turnstile;
  /** Longest message that is taken. */
  readonly receiveBytesMax: number;
  /** Whether to measure how long calls take. */
  readonly timed: boolean;
}

/** A method that the gateway serves. */
export interface Route {
  readonly binding: Binding;
  readonly schema: MethodSchema;
  readonly counters: MethodCounters;
}

/**
 * One call of a method in JSON. A certificate of its connection counts for nothing, as with etcd, whose gateway asks on
 * behalf of everybody: so it never tells a common name.
 */
export class GatewayCall implements Call, ServerStream<Uint8Array, Uint8Array> {
  readonly #environment: GatewayEnvironment;
  readonly #route: Route;
  readonly #peer: GatewayPeer;
  readonly #scanner: JsonScanner;
  readonly #cancel = new AbortController();
  readonly #startedAt: number;
  #hasPlace = false;
  /** The beginning of an answer in parts is out. */
  #inParts = false;
  #ended = false;

  constructor(environment: GatewayEnvironment, route: Route, peer: GatewayPeer) {
    this.#environment = environment;
    this.#route = route;
    this.#peer = peer;
    this.#scanner = environment.forms.scanner(environment.receiveBytesMax * jsonBytesFactor);
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

  /** A client says what it would have sent with a gRPC call in headers called `Grpc-Metadata-...`. */
  metadata(name: string): string | undefined {
    const value = this.#peer.header(`grpc-metadata-${name}`);
    return value ?? (name === "authorization" ? this.#peer.header(name) : undefined);
  }

  /** Resolves when the call is over. */
  async run(): Promise<void> {
    const { clock, counters } = this.#environment;
    const { binding } = this.#route;
    counters.client(binding.kind, this.metadata("client-api-version"));
    try {
      const timeoutMs = parseTimeoutMs(this.#peer.header("grpc-timeout"));
      // No timer is as quick.
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
      // A message that cannot be parsed never reached the stream, so the refusal is not part of the stream either.
      const inStream = binding.kind === "stream" && !(error instanceof JsonError);
      this.#refuse(statusOf(error, binding.path, this.#environment.logger), undefined, inStream);
    } finally {
      if (this.#hasPlace) this.#environment.places.leave();
    }
  }

  /** The client's messages. A method that takes one alone gets one, empty if need be, as etcd has it. */
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
    gate.admit(this, binding, request);
    const log: CallLog = { asked: undefined, requestCount: 0, responseCount: 0 };
    let response: Answer | undefined;
    try {
      response = await binding.run(request, this, log);
    } finally {
      const bytes = { requestBytes: request.length, responseBytes: response?.length ?? 0 };
      slow.ended(binding, { ...log, ...bytes, remote: "No remote client info." }, this.#startedAt);
    }
    if (!(response instanceof Uint8Array)) await this.#answerInParts(response);
    else if (!this.#ended) this.#answer(binding, response);
  }

  /** Answers as fast as the client takes it: no text could hold a long answer, and no client should make us try. */
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
    this.#environment.gate.admit(this, binding);
    await binding.run(this);
    this.end();
  }

  async #oneMessage(): Promise<Uint8Array> {
    for await (const json of this.#values()) return this.#admit(json);
    return this.#admit(Buffer.from("{}"));
  }

  /** The JSON values that the client sends, one after the other. */
  async *#values(): AsyncIterable<Buffer> {
    const scanner = this.#scanner;
    const requests = this.#environment.memory.pot("requests");
    let heldBytes = 0;
    try {
      for await (const chunk of inTurns(this.#peer.read(), LoopTurn.of(this.#environment.clock))) {
        scanner.push(chunk);
        for (let json = scanner.next(); json !== undefined; json = scanner.next()) yield json;
        const more = scanner.heldBytes * valueFactor - heldBytes;
        if (more > 0 && !requests.tryTake(more, this.#priority)) throw new EtcdError("overloaded");
        if (more < 0) requests.release(-more);
        heldBytes += more;
      }
    } finally {
      requests.release(heldBytes);
    }
    scanner.end();
    const last = scanner.next();
    if (last !== undefined) yield last;
  }

  /** The message that a value spells, once there is a place for its call; nothing of worth when the call has ended. */
  async #admit(json: Buffer): Promise<Uint8Array> {
    const { forms, counters, receiveBytesMax, clock } = this.#environment;
    if (!(await this.#enter(json.length))) return new Uint8Array(0);
    // Bodies that are whole at the same time are not read in one turn.
    const turn = LoopTurn.of(clock);
    if (turn.over) await turn.pause();
    const message = forms.parse(this.#route.schema.request, json);
    this.#route.counters.received++;
    counters.receivedBytes += message.length;
    if (message.length <= receiveBytesMax) return message;
    const details = `grpc: received message larger than max (${message.length} vs. ${receiveBytesMax})`;
    throw new CallError(GrpcCode.ResourceExhausted, details);
  }

  /** @returns false when the call ended first */
  async #enter(bytes: number): Promise<boolean> {
    if (this.#hasPlace) return !this.#ended;
    const { memory, places } = this.#environment;
    const requests = memory.pot("requests");
    if (!requests.tryTake(bytes, this.#priority)) throw new EtcdError("overloaded");
    this.#hasPlace = await places.enter(this.#cancel.signal);
    requests.release(bytes);
    return this.#hasPlace && !this.#ended;
  }

  get #priority(): MemoryPriority {
    return this.#route.binding.first ? "first" : "ordinary";
  }

  /** Counts an answer until the client has taken it. @throws EtcdError when there is no memory for it to wait in */
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
    // An answer whose beginning is out cannot be taken back, but must not look whole.
    if (this.#inParts) this.#peer.cut();
    else this.#peer.refuse(status, inStream);
  }

  #close(code: GrpcCode, reason?: EtcdError): void {
    if (this.#ended) return;
    this.#ended = true;
    const { counters } = this.#route;
    counters.end(code);
    if (this.#environment.timed) counters.took((this.#environment.slow.now() - this.#startedAt) / 1_000);
    this.#cancel.abort(reason ?? new EtcdError("canceled"));
  }
}

/** The same bytes in pieces, each in a turn of the event loop that has time for it, however much came at once. */
async function* inTurns(chunks: AsyncIterable<Uint8Array>, turn: LoopTurn): AsyncIterable<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += bytesOfTurn) {
      // Many bodies that come together share the turn: each is short work, all of them are not.
      if (bytes >= bytesOfTurn || turn.over) {
        bytes = 0;
        await turn.pause();
      }
      const piece = chunk.subarray(at, at + bytesOfTurn);
      bytes += piece.length;
      yield piece;
    }
  }
}
