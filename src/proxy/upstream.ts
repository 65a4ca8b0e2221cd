import { type Clock, EtcdError, GrpcCode, type MemoryPot, pause, type Random } from "../base/index.js";
import {
  AttemptError,
  type Link,
  type LinkCall,
  type LinkState,
  type LinkStream,
  type RpcMethod,
  type StreamListener,
} from "../client/index.js";
import { CallError } from "../rpc/index.js";
import type { ProxiedCall } from "./proxied-call.js";

/** A method whose messages stay encoded. */
type BytesMethod = RpcMethod<Uint8Array, Uint8Array>;

/** The pause after each round over all members, and for how long calls are tried that were surely not sent. */
const retry = { pauseMs: 25, unsentMsMax: 5_000, attemptsMax: 100 } as const;
/** Answers below this length are not counted while they arrive. */
const uncountedBytes = 64 * 1024;

export interface UpstreamConfig {
  /** One link for each member. The proxy may replace them while it runs. */
  readonly links: () => readonly Link[];
  readonly clock: Clock;
  readonly random: Random;
  /** Counts the bytes of long answers that are arriving. */
  readonly memory: MemoryPot;
}

/** Whether a call may be sent twice, so that it is tried at another member when one fails in the middle. */
export type Repeatable = "repeatable" | "once";

/**
 * The members behind the proxy. Calls go to them in turn, those that are connected first, and their messages pass
 * through as bytes.
 */
export class Upstream {
  readonly #config: UpstreamConfig;
  #turn = 0;

  constructor(config: UpstreamConfig) {
    this.#config = config;
  }

  get clock(): Clock {
    return this.#config.clock;
  }

  /** The number of members. */
  get size(): number {
    return this.#config.links().length;
  }

  /** The pause before a lost stream is opened again for the n-th time in a row. */
  reopenMs(losses: number): number {
    const rounds = Math.floor(losses / Math.max(1, this.size));
    const ms = Math.min(50 * 2 ** Math.min(rounds, 10), 1_000);
    return ms - this.#config.random.int(Math.ceil(ms / 10));
  }

  /**
   * Makes a unary call for a client of the proxy.
   *
   * @throws CallError with a member's status, or Unavailable when none can be reached; EtcdError `canceled` when the
   *   client has gone
   */
  async unary(
    path: string,
    request: Uint8Array,
    call: ProxiedCall,
    repeatable: Repeatable = "once",
  ): Promise<Uint8Array> {
    const method = bytesMethod(path);
    const since = this.#config.clock.now();
    for (let attempt = 1; ; attempt++) {
      if (call.signal.aborted) throw new EtcdError("canceled");
      try {
        return await this.#attempt(method, request, call);
      } catch (error) {
        if (!(error instanceof AttemptError)) throw error;
        if (call.signal.aborted) throw new EtcdError("canceled");
        if (!this.#mayRetry(error, repeatable, attempt, since)) throw new CallError(error.code, error.details);
        if (attempt % this.size === 0) await pause(this.#config.clock, retry.pauseMs, call.signal);
      }
    }
  }

  /** Opens a stream at the next member. */
  stream(
    path: string,
    metadata: LinkCall["metadata"],
    listener: StreamListener<Uint8Array>,
    signal?: AbortSignal,
  ): LinkStream<Uint8Array> {
    return this.#next().stream(bytesMethod(path), { metadata, timeoutMs: Number.POSITIVE_INFINITY, signal }, listener);
  }

  async #attempt(method: BytesMethod, request: Uint8Array, { metadata, signal }: ProxiedCall): Promise<Uint8Array> {
    const { memory } = this.#config;
    let heldBytes = 0;
    const hasRoom = (bytes: number): boolean => {
      if (bytes < uncountedBytes) return true;
      if (!memory.tryTake(bytes)) return false;
      heldBytes += bytes;
      return true;
    };
    try {
      const call = { metadata, timeoutMs: Number.POSITIVE_INFINITY, signal, hasRoom };
      return await this.#next().unary(method, request, call);
    } finally {
      memory.release(heldBytes);
    }
  }

  #mayRetry(error: AttemptError, repeatable: Repeatable, attempt: number, since: number): boolean {
    if (error.notSent) return this.#config.clock.now() - since < retry.unsentMsMax;
    return repeatable === "repeatable" && error.code === GrpcCode.Unavailable && attempt < retry.attemptsMax;
  }

  /** The next member in turn, a connected one if there is any. */
  #next(): Link {
    const links = this.#config.links();
    const start = this.#turn++;
    let best: Link | undefined;
    for (let at = 0; at < links.length; at++) {
      const candidate = links[(start + at) % links.length];
      if (candidate !== undefined && (best === undefined || ranks[candidate.state] < ranks[best.state])) {
        best = candidate;
      }
    }
    if (best === undefined) throw new CallError(GrpcCode.Unavailable, "etcdclient: no available endpoints");
    return best;
  }
}

const ranks: Readonly<Record<LinkState, number>> = { connected: 0, unknown: 1, failed: 2 };

const methods = new Map<string, BytesMethod>();

/** The method of a path, with messages that are not decoded. */
function bytesMethod(path: string): BytesMethod {
  let method = methods.get(path);
  if (method === undefined) {
    const request = { create: () => new Uint8Array(0), encode: (bytes: Uint8Array) => bytes };
    method = { path, request, response: { decode: (bytes) => bytes } };
    methods.set(path, method);
  }
  return method;
}
