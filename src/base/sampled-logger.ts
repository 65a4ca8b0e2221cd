import type { Clock } from "./clock.js";
import { LineSample, omittedField } from "./line-sample.js";
import type { LogFields, Logger } from "./logger.js";

/**
 * A log for lines that strangers can cause: all lines of a second with the same message are written up to a hundred,
 * then each hundredth. A flood of refused requests is visible in the log, and does not fill it.
 */
export class SampledLogger implements Logger {
  readonly #logger: Logger;
  readonly #clock: Clock;
  /** The sample of each message. Messages are fixed texts, so there are few. */
  readonly #samples = new Map<string, LineSample>();

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger;
    this.#clock = clock;
  }

  get linesLost(): number {
    return this.#logger.linesLost ?? 0;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  #log(level: "debug" | "info" | "warn" | "error", message: string, fields: LogFields | undefined): void {
    let sample = this.#samples.get(message);
    if (sample === undefined) {
      sample = new LineSample(this.#clock);
      this.#samples.set(message, sample);
    }
    const omitted = sample.next();
    if (omitted !== undefined) this.#logger[level](message, { ...fields, ...omittedField(omitted) });
  }
}
