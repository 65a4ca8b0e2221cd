import type { Duplex } from "node:stream";
import {
  type Clock,
  canonicalAddress,
  EtcdError,
  errorStack,
  GrpcCode,
  type Logger,
  LoopTurn,
  type MemoryAccount,
  type Timer,
} from "../../base/index.js";
import {
  type ConnectionMemory,
  type FieldList,
  Http2Connection,
  type Http2Stream,
  PingRounds,
  RefusalPace,
  type StreamAcceptor,
  type StreamListener,
} from "../../http2/index.js";
import type { CallOrigin } from "../services/call-origin.js";
import type { SlowCalls } from "../services/slow-calls.js";
import { type Binding, typeOf } from "./binding.js";
import type { CallCounters, MethodCounters } from "./call-counters.js";
import type { CallEnvironment, LastingCall } from "./call-environment.js";
import { type CallHead, CallHeads } from "./call-heads.js";
import { callBytes } from "./call-memory.js";
import { Deadlines } from "./deadlines.js";
import type { Admission } from "./gate.js";
import { GrpcCall } from "./grpc-call.js";
import { frequentFields, metadataBytesMax, oddTimeout, quoted, refusalOf, timeoutMs, utf8Of } from "./grpc-head.js";
import { acceptedEncodings, isAcceptedEncoding } from "./grpc-messages.js";
import { HalfOpenCalls } from "./half-open-calls.js";

/** The memory of a connection beside its streams: HPACK tables, and the objects that read and write. */
const connectionBytes = 8 * 1024;
/** How long a client may take to send the HTTP/2 preface. */
const openingMsMax = 60_000;
/** How long a client may take to close its side of a connection that the server has ended. */
const lingerMsMax = 1_000;
/** The least and the greatest interval in ms between two checks of all connections. */
const roundMs = { least: 10, most: 5_000 };

const overloaded = new EtcdError("overloaded");
const overloadedFields = refusalOf({ code: overloaded.code, details: overloaded.message });

export interface GrpcServerConfig {
  readonly bindings: readonly Binding[];
  readonly gate: Admission;
  readonly counters: CallCounters;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly slow: SlowCalls;
  /** The account of the bytes held for clients. Calls are refused when it is full. */
  readonly memory: MemoryAccount;
  /** The maximum length of a received message. */
  readonly receiveBytesMax: number;
  /** The maximum number of open calls on a connection. */
  readonly maxConcurrentStreams: number;
  /** The silence after which a connection is pinged, 0 for never, and how long the answer may take. */
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  /** The least time between two pings of a client. */
  readonly keepaliveMsMin: number;
  /** Whether to measure the duration of calls. */
  readonly timed: boolean;
}

interface Served {
  readonly connection: Http2Connection;
  readonly since: number;
  /** The time of the last received data, and of the ping sent after it. */
  heardAt: number;
  askedAt: number | undefined;
  /** The time at which the connection was first seen to have ended. */
  endedAt: number | undefined;
}

/** Serves gRPC on connections that a `SharedPort` has accepted. */
export class GrpcServer {
  readonly #config: GrpcServerConfig;
  readonly #environment: CallEnvironment;
  readonly #methods = new Map<string, readonly [Binding, MethodCounters]>();
  readonly #services: ReadonlySet<string>;
  readonly #served = new Set<Served>();
  readonly #lasting = new Set<LastingCall>();
  readonly #deadlines: Deadlines;
  readonly #memory: ConnectionMemory;
  readonly #pingRounds: PingRounds;
  readonly #refusalPace: RefusalPace;
  #round: Timer | undefined;
  #stopped = false;
  #emptied: (() => void) | undefined;

  constructor(config: GrpcServerConfig) {
    this.#config = config;
    this.#deadlines = new Deadlines(config.clock);
    this.#pingRounds = new PingRounds((delayMs, run) => config.clock.after(delayMs, run));
    this.#refusalPace = new RefusalPace(config.clock);
    const { memory } = config;
    this.#memory = { calls: memory.pot("calls"), requests: memory.pot("requests"), answers: memory.pot("answers") };
    const lasting = {
      add: (call: LastingCall) => this.#lasting.add(call),
      delete: (call: LastingCall) => {
        this.#lasting.delete(call);
        this.#checkEmptied();
      },
    };
    const turn = LoopTurn.of(config.clock);
    const halfOpen = new HalfOpenCalls(memory, turn);
    this.#environment = { ...config, deadlines: this.#deadlines, lasting, halfOpen, turn };
    for (const binding of config.bindings) {
      this.#methods.set(binding.path, [binding, config.counters.method(binding.path, typeOf(binding))]);
    }
    this.#services = new Set([...this.#methods.keys()].map((path) => path.slice(1, path.lastIndexOf("/"))));
  }

  /**
   * Serves a connection whose client speaks HTTP/2.
   *
   * @param begun the bytes that have been read from the connection
   * @param commonName the common name in the client's verified certificate, which applies to all calls of the
   * connection
   * @param others accepts requests whose content type is not gRPC's; without it they are refused
   */
  take(socket: Duplex, begun: Buffer, commonName?: string, others?: StreamAcceptor): void {
    if (this.#stopped || socket.destroyed) {
      socket.destroy();
      return;
    }
    const connections = this.#config.memory.pot("connections");
    if (!connections.tryTake(connectionBytes, "first")) {
      socket.destroy();
      return;
    }
    const now = this.#config.clock.now();
    const http2 = {
      memory: this.#memory,
      turn: this.#environment.turn,
      maxConcurrentStreams: this.#config.maxConcurrentStreams,
      fieldBytesMax: metadataBytesMax,
      frequentFields,
      pingIntervalMsMin: this.#config.keepaliveMsMin,
      pingRounds: this.#pingRounds,
      refusalPace: this.#refusalPace,
      onFault: (error: unknown) => this.#fault(error),
    };
    const origin = { commonName, client: socket, remote: remoteOf(socket) };
    const heads = new CallHeads();
    const accept = (stream: Http2Stream, list: FieldList): StreamListener | undefined => {
      const head = heads.of(list);
      return others !== undefined && !head.forGrpc ? others(stream, list) : this.#accept(stream, list, head, origin);
    };
    let served: Served | undefined;
    const closed = () => {
      connections.release(connectionBytes);
      if (served !== undefined) this.#forget(served);
    };
    const connection = new Http2Connection(socket, begun, http2, accept, closed);
    served = { connection, since: now, heardAt: now, askedAt: undefined, endedAt: undefined };
    socket.on("data", () => this.#heard(served));
    this.#served.add(served);
    this.#startRounds();
  }

  /**
   * Ends open streams, waits up to `graceMs` for other calls and for the handlers of ended streams to clean up, then
   * drops the rest.
   */
  async stop(graceMs: number): Promise<void> {
    this.#stopped = true;
    this.#round?.cancel();
    for (const call of [...this.#lasting]) call.stop();
    for (const { connection } of [...this.#served]) connection.leave();
    if (this.#served.size > 0 || this.#lasting.size > 0) {
      const emptied = new Promise<void>((resolve) => {
        this.#emptied = resolve;
      });
      const timer = this.#config.clock.after(graceMs, () => {
        for (const { connection } of [...this.#served]) connection.destroy();
        this.#emptied?.();
      });
      await emptied;
      timer.cancel();
    }
    this.#deadlines.stop();
  }

  #accept(
    stream: Http2Stream,
    list: FieldList,
    head: CallHead,
    origin: Pick<CallOrigin, "commonName" | "client" | "remote">,
  ): GrpcCall | undefined {
    const { path, encoding } = head;
    const method = this.#methods.get(path);
    const timeout = list.fields[head.timeoutAt]?.value;
    const ms = timeout === undefined ? undefined : timeoutMs(timeout);
    if (head.oddType !== undefined) stream.end(head.oddType);
    else if (timeout !== undefined && ms === undefined) stream.end(oddTimeout(timeout));
    else if (head.oddMethod !== undefined) stream.end(head.oddMethod);
    else if (list.tooLong) {
      const details = `metadata is longer than ${metadataBytesMax} bytes`;
      stream.end(refusalOf({ code: GrpcCode.ResourceExhausted, details }));
    } else if (method === undefined) {
      stream.end(refusalOf({ code: GrpcCode.Unimplemented, details: this.#unknown(path) }));
    } else if (!isAcceptedEncoding(encoding)) {
      const details = `grpc: Decompressor is not installed for grpc-encoding ${quoted(encoding)}`;
      const accepted = { name: "grpc-accept-encoding", value: acceptedEncodings };
      stream.end([...refusalOf({ code: GrpcCode.Unimplemented, details }), accepted]);
    } else if (!this.#charge(stream, head.bytes, method[0].first)) {
      stream.end(overloadedFields);
    } else {
      const { client, remote } = origin;
      const commonName = head.proxied ? undefined : origin.commonName;
      // Written out: an object made by spreading another one takes more memory, and there may be very many calls.
      const whole = { head: list, encoding, timeoutMs: ms, commonName, client, remote };
      const call = new GrpcCall(stream, method, whole, this.#environment);
      call.start();
      return call;
    }
    return undefined;
  }

  #charge(stream: Http2Stream, headBytes: number, first = false): boolean {
    if (first) stream.priority = "first";
    return stream.charge(callBytes + headBytes);
  }

  /** The text for an unknown method, the same as grpc-go's. */
  #unknown(path: string): string {
    const at = path.lastIndexOf("/");
    if (!path.startsWith("/") || at === 0) return `malformed method name: ${quoted(path)}`;
    const service = path.slice(1, at);
    if (!this.#services.has(service)) return `unknown service ${utf8Of(service)}`;
    return `unknown method ${utf8Of(path.slice(at + 1))} for service ${service}`;
  }

  #fault(error: unknown): void {
    this.#config.logger.error("unexpected error on a connection; closed it", {
      error: errorStack(error),
    });
  }

  #heard(served: Served | undefined): void {
    if (served === undefined) return;
    served.heardAt = this.#config.clock.now();
    served.askedAt = undefined;
  }

  #forget(served: Served): void {
    this.#served.delete(served);
    this.#checkEmptied();
  }

  #checkEmptied(): void {
    if (this.#served.size === 0 && this.#lasting.size === 0) this.#emptied?.();
  }

  /** Starts the timer that checks all connections, since there may be too many for one timer each. */
  #startRounds(): void {
    const { clock, keepaliveIntervalMs, keepaliveTimeoutMs } = this.#config;
    const interval = keepaliveIntervalMs > 0 ? keepaliveIntervalMs : roundMs.most;
    const wanted = Math.min(interval, keepaliveTimeoutMs) / 4;
    const afterMs = Math.min(Math.max(wanted, roundMs.least), roundMs.most);
    this.#round ??= clock.after(afterMs, () => {
      this.#round = undefined;
      const now = clock.now();
      for (const served of [...this.#served]) this.#look(served, now);
      if (this.#served.size > 0) this.#startRounds();
    });
  }

  #look(served: Served, now: number): void {
    const { keepaliveIntervalMs, keepaliveTimeoutMs } = this.#config;
    const { connection, since, heardAt, askedAt } = served;
    if (connection.ended) {
      served.endedAt ??= now;
      if (now - served.endedAt > lingerMsMax) connection.destroy();
    } else if (!connection.begun) {
      if (now - since > openingMsMax) connection.destroy();
    } else if (askedAt !== undefined) {
      if (now - askedAt > keepaliveTimeoutMs) connection.destroy();
    } else if (keepaliveIntervalMs > 0 && now - heardAt >= keepaliveIntervalMs) {
      served.askedAt = now;
      connection.ping();
    }
  }
}

function remoteOf(socket: Duplex): string {
  if (!("remoteAddress" in socket) || !("remotePort" in socket)) return "";
  const { remoteAddress, remotePort } = socket;
  return typeof remoteAddress !== "string" ? "" : `${canonicalAddress(remoteAddress)}:${remotePort}`;
}
