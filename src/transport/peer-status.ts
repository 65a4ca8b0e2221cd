import type { Clock, Logger, MemberId } from "../base/index.js";
import { idText } from "../cluster/index.js";
import type { PeerCounters } from "./counters.js";

/** Whether a peer is reachable, as its connections report. */
export class PeerStatus {
  readonly #id: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #counters: PeerCounters;
  #since: number | undefined;

  constructor(id: MemberId, clock: Clock, logger: Logger, counters: PeerCounters) {
    this.#id = idText(id);
    this.#clock = clock;
    this.#logger = logger;
    this.#counters = counters;
  }

  /** Time on the clock's `now` since when the peer has been reachable; undefined while it is not. */
  get since(): number | undefined {
    return this.#since;
  }

  activate(): void {
    if (this.#since !== undefined) return;
    this.#since = this.#clock.now();
    this.#counters.active = true;
    this.#logger.info("peer became active", { "peer-id": this.#id });
  }

  /** @param what the operation that failed, as "read stream Message" */
  deactivate(what: string, reason: string): void {
    const fields = { "peer-id": this.#id, failed: what, error: reason };
    if (this.#since === undefined) {
      this.#logger.debug("peer is still inactive", fields);
      return;
    }
    this.#since = undefined;
    this.#counters.active = false;
    this.#counters.disconnects++;
    this.#logger.warn("peer became inactive (message send to peer failed)", fields);
  }

  /** Ends the status without a log line: the peer was removed. */
  end(): void {
    this.#since = undefined;
    this.#counters.active = false;
  }
}
