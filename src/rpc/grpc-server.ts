import { getPackedSettings } from "node:http2";
import type { Duplex } from "node:stream";
import { type ConnectionInjector, logVerbosity, Server, ServerCredentials, setLogVerbosity } from "@grpc/grpc-js";
import type { Clock, Logger } from "../base/index.js";
import type { Binding } from "./binding.js";
import type { CallCounters, MethodCounters } from "./call-counters.js";
import type { Gate } from "./gate.js";
import { type CallEnvironment, GrpcCall } from "./grpc-call.js";

/** grpc-js words the refusal of a long message otherwise, so it takes a little more and lets us refuse. */
const overlengthBytes = 8 * 1024 * 1024;
const unlimitedStreams = 2 ** 32 - 1;

export interface GrpcServerConfig {
  readonly bindings: readonly Binding[];
  readonly gate: Gate;
  readonly counters: CallCounters;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Longest message that is taken. */
  readonly receiveBytesMax: number;
  /** Most calls that one connection may have open. */
  readonly maxConcurrentStreams: number;
  /** How often a connection is asked for a sign of life, 0 for never, and how long that may take. */
  readonly keepaliveIntervalMs: number;
  readonly keepaliveTimeoutMs: number;
  /** Whether to measure how long calls take. */
  readonly timed: boolean;
}

/** The type of HTTP/2's SETTINGS frame. */
const settingsFrame = 4;

/** gRPC over connections that somebody else has accepted. The only place, with `GrpcCall`, that knows grpc-js. */
export class GrpcServer {
  readonly #server: Server;
  readonly #injector: ConnectionInjector;
  readonly #clock: Clock;
  readonly #streams = new Set<GrpcCall>();
  /** The settings of the connections it takes, as a frame: for a client that waits for them before it is taken. */
  readonly settings: Buffer;

  constructor(config: GrpcServerConfig) {
    this.#clock = config.clock;
    // It would write to the console, past the log; what a client does wrong is told to the client.
    setLogVerbosity(logVerbosity.NONE);
    const environment: CallEnvironment = { ...config, streams: this.#streams };
    const isLimited = config.maxConcurrentStreams < unlimitedStreams;
    const packed = getPackedSettings(isLimited ? { maxConcurrentStreams: config.maxConcurrentStreams } : {});
    this.settings = Buffer.concat([Buffer.from([0, 0, packed.length, settingsFrame, 0, 0, 0, 0, 0]), packed]);
    const calls = new Map<string, readonly [Binding, MethodCounters]>();
    this.#server = new Server({
      "grpc.enable_channelz": 0,
      "grpc.max_receive_message_length": config.receiveBytesMax + overlengthBytes,
      "grpc.max_send_message_length": -1,
      "grpc.keepalive_time_ms": config.keepaliveIntervalMs,
      "grpc.keepalive_timeout_ms": config.keepaliveTimeoutMs,
      ...(isLimited && { "grpc.max_concurrent_streams": config.maxConcurrentStreams }),
      interceptors: [
        (method, call) => {
          const found = calls.get(method.path);
          if (found === undefined) throw new Error(`no binding for ${method.path}`);
          return new GrpcCall(call, found[0], found[1], environment);
        },
      ],
    });
    for (const binding of config.bindings) {
      calls.set(binding.path, [binding, config.counters.method(binding.path, typeOf(binding))]);
      // The interceptor takes every call before grpc-js gets to this handler.
      this.#server.register(binding.path, () => undefined, asBuffer, asIs, "unary");
    }
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Serves a connection whose client speaks HTTP/2; what was read of it already has been put back. */
  take(connection: Duplex): void {
    this.#injector.injectConnection(connection);
  }

  /** Ends open streams, lets other calls finish for so long, then drops what is left. */
  stop(graceMs: number): Promise<void> {
    for (const stream of this.#streams) stream.stop();
    return new Promise((resolve) => {
      const timer = this.#clock.after(graceMs, () => this.#server.forceShutdown());
      this.#server.tryShutdown(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

function typeOf(binding: Binding): MethodCounters["type"] {
  if (binding.kind === "unary") return "unary";
  return binding.oneRequest ? "server_stream" : "bidi_stream";
}

function asIs(bytes: Buffer): Uint8Array {
  return bytes;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
