import { type Clock, formatDuration, type Logger } from "../../base/index.js";
import type { LogCounters } from "./log-counters.js";

interface TickGapsConfig {
  readonly clock: Clock;
  readonly tickMs: number;
  readonly logger: Logger;
  readonly counters: LogCounters;
}

const lateText =
  "leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk";

/** Tells of ticks that come so late that a leader's heartbeats do, too. */
export class TickGaps {
  readonly #config: TickGapsConfig;
  #latest: number;

  constructor(config: TickGapsConfig) {
    this.#config = config;
    this.#latest = config.clock.now();
  }

  /** A tick has passed. @param leadsOthers whether this member sends heartbeats; called for a late tick only */
  passed(leadsOthers: () => boolean): void {
    const { clock, counters, logger, tickMs } = this.#config;
    const now = clock.now();
    const exceededMs = now - this.#latest - 2 * tickMs;
    this.#latest = now;
    if (exceededMs <= 0 || !leadsOthers()) return;
    counters.lateHeartbeats++;
    logger.warn(lateText, {
      "heartbeat-interval": formatDuration(tickMs),
      "expected-duration": formatDuration(2 * tickMs),
      "exceeded-duration": formatDuration(exceededMs),
    });
  }
}
