import type { Clock, Logger, Timer } from "../../base/index.js";

/**
 * The bytes that long-lived objects on V8's heap and the index of all keys beside it use, and the limit for both, at
 * which V8 aborts the process if all of them are on the heap.
 */
export interface HeapUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export interface HeapGuardConfig {
  /** Measures heap and index. It must be cheap enough for ten calls a second. */
  readonly read: () => HeapUse;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Raises this member's NOSPACE alarm, which makes all members refuse writes. */
  readonly raiseAlarm: () => Promise<void>;
}

/** The share of the limit from which on requests that make the store grow are refused. */
const fullShare = 0.85;
/** The bytes that must stay free even in a small heap, because requests under way need them. */
const roomBytesMin = 32 * 1024 * 1024;
/** The interval of measurements. The keys written in this time fit into the room above `fullShare`. */
const pollMs = 100;
/**
 * How long the heap must be full before the alarm is raised. Garbage fills the heap as well, until the next collection.
 * The alarm stays until an operator disarms it, so it must not be raised for garbage.
 */
const sustainedMs = 1_000;
/** A member that is still full raises the alarm again after this time, since an operator may have disarmed it. */
const raiseAgainMs = 10_000;

/**
 * Measures the heap and the index of all keys, so that the member refuses writes before V8 aborts the process, or the
 * kernel kills it. The index grows with the writes of all members, so the alarm makes the other members refuse writes,
 * too.
 */
export class HeapGuard {
  readonly #config: HeapGuardConfig;
  #timer: Timer | undefined;
  #full = false;
  /** The time at which the alarm is due; undefined while there is room. */
  #alarmAt: number | undefined;

  constructor(config: HeapGuardConfig) {
    this.#config = config;
  }

  /** Whether requests that make the store grow have to be refused, by the last measurement. */
  get full(): boolean {
    return this.#full;
  }

  start(): void {
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { clock, read } = this.#config;
    const { usedBytes, limitBytes } = read();
    this.#full = usedBytes >= Math.min(fullShare * limitBytes, limitBytes - roomBytesMin);
    if (this.#full) this.#mind(usedBytes, limitBytes);
    else this.#alarmAt = undefined;
    this.#timer = clock.after(pollMs, () => this.#look());
  }

  #mind(usedBytes: number, limitBytes: number): void {
    const { clock, logger, raiseAlarm } = this.#config;
    const now = clock.now();
    this.#alarmAt ??= now + sustainedMs;
    if (now < this.#alarmAt) return;
    this.#alarmAt = now + raiseAgainMs;
    logger.warn("heap is nearly full: refusing writes that add data; delete keys and compact", {
      "heap-used-bytes": usedBytes,
      "heap-limit-bytes": limitBytes,
    });
    void raiseAlarm();
  }
}
