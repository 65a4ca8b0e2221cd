import { type Clock, formatDuration, type Logger } from "../../base/index.js";
import { requestText } from "../../server/index.js";
import type { CallLog, UnaryBinding } from "../grpc/binding.js";

/** A call that is over, as far as the log tells of it. */
export interface EndedCall extends CallLog {
  readonly requestBytes: number;
  /** 0 when it was refused. */
  readonly responseBytes: number;
  /** Where its client is, if that is known. */
  readonly remote: string;
}

/** Says which calls took long to answer. Calls that may wait for others are not meant. */
export class SlowCalls {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #warnMs: number;

  constructor(clock: Clock, logger: Logger, warnMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#warnMs = warnMs;
  }

  /** When a call begins. */
  now(): number {
    return this.#clock.now();
  }

  /** A call is over. Nothing is decoded for the log: who answered has counted. */
  ended({ path, waits }: UnaryBinding, call: EndedCall, startedAt: number): void {
    const tookMs = this.#clock.now() - startedAt;
    if (tookMs <= this.#warnMs || waits) return;
    const { asked, requestCount, responseCount, requestBytes, responseBytes, remote } = call;
    // etcd says -1 of requests that it does not describe.
    const known = asked !== undefined;
    this.#logger.warn("request stats", {
      "start time": new Date(this.#clock.wallTime() - tookMs).toISOString(),
      "time spent": formatDuration(tookMs),
      remote,
      "response type": path,
      "request count": known ? requestCount : -1,
      "request size": known ? requestBytes : -1,
      "response count": known ? responseCount : -1,
      "response size": known ? responseBytes : -1,
      "request content": known ? requestText(asked) : "",
    });
  }
}
