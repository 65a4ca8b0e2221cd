import { type Clock, formatDuration, LineSample, type Logger, omittedField } from "../../base/index.js";
import { requestText } from "../../server/index.js";
import type { CallLog, UnaryBinding } from "../grpc/binding.js";

/** The facts of a finished call that are logged. */
export interface EndedCall extends CallLog {
  /** The client's address; empty if it is unknown. */
  readonly remote: string;
}

/**
 * Logs unary calls that took long, or a sample of very many of them. Calls that may wait for other clients, such as
 * locks, are left out.
 */
export class SlowCalls {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #warnMs: number;
  readonly #lines: LineSample;

  constructor(clock: Clock, logger: Logger, warnMs: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#warnMs = warnMs;
    this.#lines = new LineSample(clock);
  }

  /** The time of a call's beginning, to pass to `ended`. */
  now(): number {
    return this.#clock.now();
  }

  /** Whether a call that began then has taken so long that `ended` logs it: most calls need not say what they were. */
  isSlow(startedAt: number): boolean {
    return this.#clock.now() - startedAt > this.#warnMs;
  }

  /**
   * Logs a finished call if it took long. The handler has counted keys already, so nothing is decoded here.
   *
   * @param responseBytes 0 for a refused call
   */
  ended(
    { path, waits }: UnaryBinding,
    call: EndedCall,
    requestBytes: number,
    responseBytes: number,
    startedAt: number,
  ): void {
    const tookMs = this.#clock.now() - startedAt;
    if (tookMs <= this.#warnMs || waits) return;
    const omitted = this.#lines.next();
    if (omitted === undefined) return;
    const { asked, requestCount, responseCount, remote } = call;
    // etcd logs -1 for requests that it does not describe.
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
      ...omittedField(omitted),
    });
  }
}
