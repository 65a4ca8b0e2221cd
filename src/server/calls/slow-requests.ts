import { type ApplyResult, LongRange, LongTxn } from "../../apply/index.js";
import { type Clock, formatDuration, type Logger, type Random } from "../../base/index.js";
import type { InternalRaftRequest, RangeRequest, RangeResponse, TxnRequest, TxnResponse } from "../../wire/index.js";
import type { ServerCounters } from "../counters.js";
import { requestText } from "./request-text.js";

/** A request that takes longer has the steps of its way logged, as in etcd whatever the settings are. */
const traceMs = 100;

export interface SlowRequestsConfig {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly counters: ServerCounters;
  readonly warningApplyDurationMs: number;
}

/** What a request was up to until that time of the clock. */
export type Step = readonly [what: string, endedAt: number];

/** Says which requests took long, and at what. A stored value, a password or a token is never said. */
export class SlowRequests {
  readonly #config: SlowRequestsConfig;

  constructor(config: SlowRequestsConfig) {
    this.#config = config;
  }

  /** An entry was applied. */
  applied(request: InternalRaftRequest, result: ApplyResult, tookMs: number): void {
    if (tookMs > this.#config.warningApplyDurationMs) {
      this.#warn("", request, countOf(result.response?.value), tookMs, result.error);
    }
  }

  /** A range was read, or could not be. */
  range(request: RangeRequest, answer: RangeResponse | LongRange | undefined, startedAt: number): void {
    const tookMs = this.#config.clock.now() - startedAt;
    if (tookMs <= this.#config.warningApplyDurationMs) return;
    const text = answer && `range_response_count:${pairsOf(answer)} size:${sizeOf(answer)}`;
    this.#warn("read-only range ", request, text, tookMs);
  }

  /** A transaction that only reads was carried out, or could not be. */
  readOnlyTxn(request: TxnRequest, answer: TxnResponse | LongTxn | undefined, startedAt: number): void {
    const tookMs = this.#config.clock.now() - startedAt;
    if (tookMs <= this.#config.warningApplyDurationMs) return;
    const text = answer instanceof LongTxn ? countOfRanges(answer.ranges) : countOf(answer);
    this.#warn("read-only txn ", request, text, tookMs);
  }

  /** Whether a request that began then is worth a `trace`. */
  isLong(startedAt: number): boolean {
    return this.#config.clock.now() - startedAt > traceMs;
  }

  /** @param detail of the request, and of what came of it */
  trace(operation: string, detail: object, startedAt: number, steps: readonly Step[]): void {
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
    });
  }

  #warn(prefix: string, request: object, response: string | undefined, tookMs: number, error?: Error): void {
    const { counters, logger, warningApplyDurationMs } = this.#config;
    counters.slowApplies++;
    logger.warn("apply request took too long", {
      took: formatDuration(tookMs),
      "expected-duration": formatDuration(warningApplyDurationMs),
      prefix,
      request: requestText(request),
      response: response ?? "",
      ...(error && { error }),
    });
  }
}

/** How many pairs there are in each part of an answer, and how long they are together. */
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

/** Bytes of its pairs. */
function sizeOf(range: RangeResponse | LongRange): number {
  if (range instanceof LongRange) return range.pairBytes;
  return range.kvs.reduce(
    (sum, kv) => sum + (kv instanceof Uint8Array ? kv.length : kv.key.length + kv.value.length),
    0,
  );
}
