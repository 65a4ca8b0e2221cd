import { type Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface } from "@grpc/grpc-js";
import { EtcdError, GrpcCode, type Logger } from "../base/index.js";
import type { Call } from "../server/index.js";
import type { Binding } from "./binding.js";
import type { CallCounters, MethodCounters } from "./call-counters.js";
import type { Gate } from "./gate.js";
import { CallError, type CallStatus, okStatus, statusOf } from "./status.js";
import type { ServerStream } from "./stream.js";

/** What is waiting for a client before its handler is asked to stop. */
const unsentBytesMax = 64 * 1024;

/** What all calls of a server share. */
export interface CallEnvironment {
  readonly gate: Gate;
  readonly counters: CallCounters;
  readonly logger: Logger;
  /** Longest message that is taken. */
  readonly receiveBytesMax: number;
  /** Whether to measure how long calls take. */
  readonly timed: boolean;
  /** Streams that are open, and calls that may wait for long: whoever stops the server ends them. */
  readonly streams: Set<GrpcCall>;
}

/**
 * One call of grpc-js, from its first byte to its status. It stands where grpc-js would put its interceptors and takes
 * the call over entirely: the streams that grpc-js builds around every call, unary ones too, cost more than the rest.
 */
export class GrpcCall extends ServerInterceptingCall implements Call, ServerStream<Uint8Array, Uint8Array> {
  readonly #transport: ServerInterceptingCallInterface;
  readonly #environment: CallEnvironment;
  readonly #binding: Binding;
  readonly #counters: MethodCounters;
  readonly #startedAt: number;
  #metadata: Metadata | undefined;
  #cancel: AbortController | undefined;
  #ended: "no" | "answered" | "cancelled" = "no";
  #requests: RequestQueue | undefined;
  #unsentBytes = 0;
  #wantsRoom: (() => void)[] = [];

  constructor(
    transport: ServerInterceptingCallInterface,
    binding: Binding,
    counters: MethodCounters,
    environment: CallEnvironment,
  ) {
    super(transport);
    this.#transport = transport;
    this.#environment = environment;
    this.#binding = binding;
    this.#counters = counters;
    this.#startedAt = environment.timed ? performance.now() : 0;
    counters.started++;
  }

  /** Called by grpc-js with a listener of its own, which is never told anything. */
  override start(): void {
    const unary = this.#binding.kind === "unary";
    this.#transport.start({
      onReceiveMetadata: (metadata) => {
        this.#metadata = metadata;
        if (unary) this.#transport.startRead();
        else void this.#runStream();
      },
      onReceiveMessage: (message: Uint8Array) => {
        if (!this.#admit(message)) return;
        if (unary) void this.#runUnary(message);
        else this.#requests?.push(message);
      },
      onReceiveHalfClose: () => {
        if (unary) this.#finish({ code: GrpcCode.Internal, details: "grpc: request without a message" });
        else this.#requests?.end();
      },
      onCancel: () => this.#gone(),
    });
  }

  get call(): Call {
    return this;
  }

  get cancelled(): boolean {
    return this.#ended !== "no";
  }

  /** Made when it is asked for: most calls are answered without anybody waiting on it. */
  get signal(): AbortSignal {
    if (this.#cancel === undefined) {
      this.#cancel = new AbortController();
      if (this.#ended === "cancelled") this.#cancel.abort(new EtcdError("canceled"));
    }
    return this.#cancel.signal;
  }

  metadata(name: string): string | undefined {
    const value = this.#metadata?.get(name)[0];
    return value === undefined ? undefined : String(value);
  }

  read(): AsyncIterable<Uint8Array> {
    this.#requests = new RequestQueue(() => this.#transport.startRead(), this.#ended !== "no");
    return this.#requests;
  }

  write(message: Uint8Array): boolean {
    if (this.#ended !== "no") return true;
    const { length } = message;
    this.#unsentBytes += length;
    this.#count(length);
    this.#transport.sendMessage(message, () => {
      this.#unsentBytes -= length;
      if (this.#unsentBytes < unsentBytesMax) this.#giveRoom();
    });
    return this.#unsentBytes < unsentBytesMax;
  }

  drained(): Promise<void> {
    if (this.#ended !== "no" || this.#unsentBytes < unsentBytesMax) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wantsRoom.push(resolve);
    });
  }

  end(): void {
    this.#finish(okStatus);
  }

  /** Ends an open stream because the server stops; its handler sees a cancelled call. */
  stop(): void {
    const stopped = new EtcdError("stopped");
    this.#finish({ code: stopped.code, details: stopped.message });
    this.#abort(stopped);
  }

  async #runUnary(message: Uint8Array): Promise<void> {
    const { gate, counters, streams } = this.#environment;
    if (this.#binding.kind !== "unary") return;
    counters.client("unary", this.metadata("client-api-version"));
    if (this.#binding.waits) streams.add(this);
    try {
      gate.admit(this, this.#binding, message);
      const response = await this.#binding.run(message, this);
      if (this.#ended !== "no") return;
      this.#count(response.length);
      // The status follows at once instead of when the message is gone: both leave in one write.
      this.#transport.sendMessage(response, () => undefined);
      this.#finish(okStatus);
    } catch (error) {
      this.#fail(error);
    } finally {
      if (this.#binding.waits) streams.delete(this);
    }
  }

  async #runStream(): Promise<void> {
    const { gate, counters, streams } = this.#environment;
    if (this.#binding.kind !== "stream") return;
    counters.client("stream", this.metadata("client-api-version"));
    streams.add(this);
    try {
      gate.admit(this, this.#binding);
      await this.#binding.run(this);
      this.#finish(okStatus);
    } catch (error) {
      this.#fail(error);
    } finally {
      streams.delete(this);
    }
  }

  /** Refuses, in grpc-go's words, a message that is too long. */
  #admit(message: Uint8Array): boolean {
    const { counters, receiveBytesMax } = this.#environment;
    this.#counters.received++;
    counters.receivedBytes += message.length;
    if (message.length <= receiveBytesMax) return true;
    const details = `grpc: received message larger than max (${message.length} vs. ${receiveBytesMax})`;
    this.#fail(new CallError(GrpcCode.ResourceExhausted, details));
    this.#abort(new EtcdError("canceled"));
    return false;
  }

  #count(sentBytes: number): void {
    this.#counters.sent++;
    this.#environment.counters.sentBytes += sentBytes;
  }

  #fail(error: unknown): void {
    // Whoever is gone need not be told, and what their going away broke is not worth a line.
    if (this.#ended === "no") this.#finish(statusOf(error, this.#binding.path, this.#environment.logger));
  }

  #finish(status: CallStatus): void {
    if (this.#ended !== "no") return;
    this.#ended = "answered";
    this.#close(status.code);
    this.#transport.sendStatus({ code: status.code, details: status.details, metadata: null });
  }

  /** Also called when the call is over in any other way; then there is nobody left to tell. */
  #gone(): void {
    if (this.#ended !== "no") return;
    this.#ended = "cancelled";
    this.#close(GrpcCode.Canceled);
    this.#abort(new EtcdError("canceled"));
  }

  #abort(reason: EtcdError): void {
    this.#cancel?.abort(reason);
    this.#requests?.end();
  }

  #close(code: GrpcCode): void {
    this.#counters.end(code);
    if (this.#environment.timed) this.#counters.took((performance.now() - this.#startedAt) / 1_000);
    this.#giveRoom();
  }

  #giveRoom(): void {
    const waiting = this.#wantsRoom;
    this.#wantsRoom = [];
    for (const resume of waiting) resume();
  }
}

/** The requests of a stream, taken from the connection one at a time as they are asked for. */
class RequestQueue implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array> {
  readonly #pull: () => void;
  #waiting: ((result: IteratorResult<Uint8Array>) => void) | undefined;
  #over: boolean;

  constructor(pull: () => void, over: boolean) {
    this.#pull = pull;
    this.#over = over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => {
      this.#waiting = resolve;
      this.#pull();
    });
  }

  push(message: Uint8Array): void {
    const resolve = this.#waiting;
    this.#waiting = undefined;
    resolve?.({ done: false, value: message });
  }

  end(): void {
    this.#over = true;
    const resolve = this.#waiting;
    this.#waiting = undefined;
    resolve?.({ done: true, value: undefined });
  }
}
