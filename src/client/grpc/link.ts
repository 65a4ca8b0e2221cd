import { assert, type Clock, GrpcCode } from "../../base/index.js";
import type { Field } from "../../http2/index.js";
import { type Target, targetOf } from "../endpoint.js";
import type { ClientOptions } from "../options.js";
import {
  AttemptError,
  type Link,
  type LinkCall,
  type LinkState,
  type LinkStream,
  type RpcMethod,
  type StreamListener,
} from "../transport.js";
import { Call, type MessageLimits } from "./call.js";
import { Channel } from "./channel.js";
import { dial } from "./dial.js";

const defaultDialTimeoutMs = 2_000;
const defaultKeepAliveTimeoutMs = 6_000;
/** The default limits, those of etcd's client. */
const defaultLimits: MessageLimits = { sendBytesMax: 2 * 1024 * 1024, receiveBytesMax: 2 ** 31 - 1 };
const methodField: Field = { name: ":method", value: "POST" };
const commonFields: readonly Field[] = [
  { name: "te", value: "trailers" },
  { name: "content-type", value: "application/grpc" },
  { name: "user-agent", value: "etcd-ts" },
];
/** The longest timeout in milliseconds that `grpc-timeout` can express; a longer one is sent in seconds. */
const timeoutMsMax = 99_999_999;

/** One endpoint that speaks gRPC. */
export class GrpcLink implements Link {
  readonly endpoint: string;
  readonly #clock: Clock;
  readonly #limits: MessageLimits;
  readonly #channel: Channel;
  /** Fields before and behind the path, which all calls share. */
  readonly #scheme: Field;
  readonly #common: readonly Field[];
  readonly #calls = new Set<Pick<Call<unknown, unknown>, "fail">>();

  constructor(endpoint: string, options: ClientOptions, clock: Clock) {
    const target = targetOf(endpoint);
    this.endpoint = endpoint;
    this.#clock = clock;
    this.#limits = {
      sendBytesMax: options.sendBytesMax ?? defaultLimits.sendBytesMax,
      receiveBytesMax: options.receiveBytesMax ?? defaultLimits.receiveBytesMax,
    };
    this.#scheme = { name: ":scheme", value: schemeOf(target, options) };
    this.#common = [{ name: ":authority", value: target.authority }, ...commonFields];
    this.#channel = new Channel({
      endpoint,
      clock,
      dial: (signal) => dial(target, options.tls, signal),
      frequentFields: this.#common,
      dialTimeoutMs: options.dialTimeoutMs ?? defaultDialTimeoutMs,
      keepAliveTimeMs: options.keepAliveTimeMs,
      keepAliveTimeoutMs: options.keepAliveTimeoutMs ?? defaultKeepAliveTimeoutMs,
      keepAliveWithoutCalls: options.keepAliveWithoutCalls ?? false,
    });
  }

  get state(): LinkState {
    return this.#channel.state;
  }

  unary<Request, Response>(method: RpcMethod<Request, Response>, request: Request, call: LinkCall): Promise<Response> {
    return new Promise((resolve, reject) => {
      const answers: Response[] = [];
      const stream = this.stream(method, call, {
        message: (response) => answers.push(response),
        closed: (error) => {
          const [answer] = answers;
          if (error !== undefined) reject(error);
          else if (answer !== undefined && answers.length === 1) resolve(answer);
          else
            reject(
              new AttemptError(GrpcCode.Internal, `${answers.length} answers to one request`, this.endpoint, false),
            );
        },
      });
      stream.send(request);
      stream.finish();
    });
  }

  stream<Request, Response>(
    method: RpcMethod<Request, Response>,
    options: LinkCall,
    listener: StreamListener<Response>,
  ): LinkStream<Request> {
    const channel = this.#channel;
    channel.callBegins();
    const call = new Call(method, this.endpoint, this.#clock, this.#limits, options, listener, () => {
      this.#calls.delete(call);
      channel.callEnds();
    });
    this.#calls.add(call);
    const deadline = this.#clock.now() + options.timeoutMs;
    const { connection } = channel;
    if (connection !== undefined) call.begin(connection, this.#head(method.path, options.metadata, deadline));
    else {
      channel.connected().then(
        (opened) => call.begin(opened, this.#head(method.path, options.metadata, deadline)),
        (error) => {
          assert(error instanceof AttemptError, "a channel fails with the error of an attempt");
          call.fail(error);
        },
      );
    }
    return call;
  }

  close(): void {
    for (const call of this.#calls) {
      call.fail(new AttemptError(GrpcCode.Canceled, "context canceled", this.endpoint, false));
    }
    this.#channel.close();
  }

  #head(path: string, metadata: LinkCall["metadata"], deadline: number): readonly Field[] {
    const fields = [methodField, this.#scheme, { name: ":path", value: path }, ...this.#common];
    if (Number.isFinite(deadline)) {
      fields.push({ name: "grpc-timeout", value: timeoutText(deadline - this.#clock.now()) });
    }
    for (const [name, value] of Object.entries(metadata)) fields.push({ name, value });
    return fields;
  }
}

function schemeOf({ tls }: Target, options: ClientOptions): string {
  return tls === "required" || (tls === "configured" && options.tls !== undefined) ? "https" : "http";
}

function timeoutText(timeoutMs: number): string {
  const ms = Math.max(1, Math.ceil(timeoutMs));
  return ms <= timeoutMsMax ? `${ms}m` : `${Math.min(Math.ceil(ms / 1_000), timeoutMsMax)}S`;
}
