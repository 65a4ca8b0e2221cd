import { type ApplyResult, LongRange, LongTxn } from "../../apply/index.js";
import { type Clock, formatDuration, LineSample, type Logger, omittedField, type Random } from "../../base/index.js";
import type { InternalRaftRequest, RangeRequest, RangeResponse, TxnRequest, TxnResponse } from "../../wire/index.js";
import type { ServerCounters } from "../counters.js";
import { requestText } from "./request-text.js";

/** The duration in ms from which the steps of a request are logged. As in etcd, no setting changes it. */
const traceMs = 100;

export interface SlowRequestsConfig {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly warningApplyDurationMs: number;
}

/** A step of a request, and the time of the clock at which it ended. */
export type Step = readonly [what: string, endedAt: number];

/**
 * Logs slow requests and the steps that took long, or a sample of very many of them. It never logs stored values,
 * passwords or tokens.
 */
export class SlowRequests {
  readonly #config: SlowRequestsConfig;
  readonly #traces: LineSample;
  readonly #warnings: LineSample;

  constructor(config: SlowRequestsConfig) {
    this.#config = config;
    this.#traces = new LineSample(config.clock);
    this.#warnings = new LineSample(config.clock);
  }

  /** Logs an applied entry if that took long. */
  applied(request: InternalRaftRequest, result: ApplyResult, tookMs: number): void {
    if (tookMs <= this.#config.warningApplyDurationMs) return;
    this.#warn("", request, () => countOf(result.response?.value), tookMs, result.error);
  }

  /** Counts the duration of a range, and logs it if it took long. @param answer undefined when the range failed */
  range(request: RangeRequest, answer: RangeResponse | LongRange | undefined, startedAt: number): void {
    const tookMs = this.#config.clock.now() - startedAt;
    this.#config.counters.countRange(answer !== undefined, tookMs / 1_000);
    if (tookMs <= this.#config.warningApplyDurationMs) return;
    const text = () => answer && `range_response_count:${pairsOf(answer)} size:${sizeOf(answer)}`;
    this.#warn("read-only range ", request, text, tookMs);
  }

  /** Logs a read-only transaction if it took long. @param answer undefined when it failed */
  readOnlyTxn(request: TxnRequest, answer: TxnResponse | LongTxn | undefined, startedAt: number): void {
    const tookMs = this.#config.clock.now() - startedAt;
    if (tookMs <= this.#config.warningApplyDurationMs) return;
    const text = () => (answer instanceof LongTxn ? countOfRanges(answer.ranges) : countOf(answer));
    this.#warn("read-only txn ", request, text, tookMs);
  }

  /** Whether a request that began at `startedAt` took long enough to be traced. */
  isLong(startedAt: number): boolean {
    return this.#config.clock.now() - startedAt > traceMs;
  }

  /** Logs the steps of a request. @param detail facts of the request and its result */
  trace(operation: string, detail: object, startedAt: number, steps: readonly Step[]): void {
    const omitted = this.#traces.next();
    if (omitted === undefined) return;
    const { clock, logger, random } = this.#config;
    const endedAt = clock.now();
    const end = clock.wallTime();
    const name = `trace[${random.int(2 ** 31)}]`;
    const fields = Object.entries(detail).map(([field, value]) => requestText({ [field]: value }));
    let before = startedAt;
    const lines: string[] = [];
    for (const [what, at] of steps) {
      const ms = at - before;
      before = at;
      if (ms > traceMs / (steps.length + 1)) lines.push(`${name} '${what}'  (duration: ${formatDuration(ms)})`);
    }
    logger.info(`${name} ${operation}`, {
      detail: `{${fields.filter((text) => text !== "").join("; ")}; }`,
      duration: formatDuration(endedAt - startedAt),
      start: new Date(end - (endedAt - startedAt)).toISOString(),
      end: new Date(end).toISOString(),
      steps: lines,
      step_count: lines.length,
      ...omittedField(omitted),
    });
  }

  #warn(prefix: string, request: object, response: () => string | undefined, tookMs: number, error?: Error): void {
    const { counters, logger, warningApplyDurationMs } = this.#config;
    counters.slowApplies++;
    const omitted = this.#warnings.next();
    if (omitted === undefined) return;
    logger.warn("apply request took too long", {
      took: formatDuration(tookMs),
      "expected-duration": formatDuration(warningApplyDurationMs),
      prefix,
      request: requestText(request),
      response: response() ?? "",
      ...(error && { error }),
      ...omittedField(omitted),
    });
  }
}

/** The number of key-value pairs in each part of an answer, and their total size. */
function countOf(response: object | undefined): string {
  if (response === undefined) return "";
  if ("kvs" in response) return `size:${sizeOf(response as RangeResponse)}`;
  if (!("responses" in response)) return "";
  const ranges = (response as TxnResponse).responses.flatMap((part) =>
    part.response?.case === "responseRange" ? [part.response.value] : [],
  );
  return countOfRanges(ranges);
}

function countOfRanges(ranges: readonly (RangeResponse | LongRange)[]): string {
  const counts = ranges.map((range) => `range_response_count:${pairsOf(range)}`);
  return `responses:<${counts.join(" ")}> size:${ranges.reduce((sum, range) => sum + sizeOf(range), 0)}`;
}

function pairsOf(range: RangeResponse | LongRange): number {
  return range instanceof LongRange ? range.pairCount : range.kvs.length;
}

/** The size of a range's pairs in bytes. */
function sizeOf(range: RangeResponse | LongRange): number {
  if (range instanceof LongRange) return range.pairBytes;
  return range.kvs.reduce(
    (sum, kv) => sum + (kv instanceof Uint8Array ? kv.length : kv.key.length + kv.value.length),
    0,
  );
}
