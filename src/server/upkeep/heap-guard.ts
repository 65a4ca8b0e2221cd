import type { Clock, Logger, Timer } from "../../base/index.js";

/** How much of V8's heap is used by what lives long, and where V8 ends the process. Both in bytes. */
export interface HeapUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export interface HeapGuardConfig {
  /** Cheap enough to be called ten times a second. */
  readonly read: () => HeapUse;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Raises the NOSPACE alarm of this member, which every member obeys. */
  readonly raiseAlarm: () => Promise<void>;
}

/** From this share of the limit on nothing is taken that makes the store grow. */
const fullShare = 0.85;
/** In a small heap a larger share must stay free: requests that are under way need as much whatever its size. */
const roomBytesMin = 32 * 1024 * 1024;
/** Most keys that this time brings fit into what is left above `fullShare`. */
const pollMs = 100;
/**
 * Garbage fills the heap as well, and goes with the next collection, which V8 begins at the latest halfway between what
 * lives and the limit. The alarm stays until an operator disarms it, so it is raised for what stays only.
 */
const sustainedMs = 1_000;
/** A member that is still full raises the alarm again after so long, as somebody may have disarmed it. */
const raiseAgainMs = 10_000;

/**
 * Looks at the heap, so that the member refuses to grow before V8 ends the process. The index of all keys lies there,
 * and grows with every member's writes: the alarm stops those that come in elsewhere.
 */
export class HeapGuard {
  readonly #config: HeapGuardConfig;
  #timer: Timer | undefined;
  #full = false;
  /** When the alarm is due; undefined while there is room. */
  #alarmAt: number | undefined;

  constructor(config: HeapGuardConfig) {
    this.#config = config;
  }

  /** Whether there is no room for what makes the store grow, as of the last look. */
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
    logger.warn("the heap is nearly full: nothing is taken that makes the database grow; delete keys and compact", {
      "heap-used-bytes": usedBytes,
      "heap-limit-bytes": limitBytes,
    });
    void raiseAlarm();
  }
}
