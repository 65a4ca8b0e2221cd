import type { Clock, Logger, Timer } from "../../base/index.js";

/** Bytes that long-lived objects on V8's heap use, garbage included, and the limit at which V8 aborts the process. */
export interface HeapUse {
  readonly usedBytes: number;
  readonly limitBytes: number;
}

export interface HeapGuardConfig {
  /** Measures the heap. It must be cheap enough for ten calls a second. */
  readonly heap: () => HeapUse;
  /** Bytes that keys and leases use outside of the heap, none of them garbage. As cheap. */
  readonly beside: () => number;
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
 * Measures the heap, and what keys and leases use beside it, so that the member refuses writes before V8 aborts the
 * process, or the kernel kills it. Keys grow with the writes of all members, so the alarm makes the other members
 * refuse writes, too.
 *
 * The heap is mostly garbage in a small process, which a collection removes before V8 would abort. So heap and the rest
 * together are full when the objects that the last collection left are too many, or when the heap alone is full.
 */
export class HeapGuard {
  readonly #config: HeapGuardConfig;
  #timer: Timer | undefined;
  #full = false;
  /** Bytes on the heap at the last measurement, and at the last one that found fewer: after a collection. */
  #usedBytes = Number.POSITIVE_INFINITY;
  #liveBytes = 0;
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
    const { clock, heap, beside } = this.#config;
    const { usedBytes, limitBytes } = heap();
    if (usedBytes < this.#usedBytes) this.#liveBytes = usedBytes;
    this.#usedBytes = usedBytes;
    const allBytes = this.#liveBytes + beside();
    const fullBytes = fullShare * limitBytes;
    this.#full = usedBytes >= fullBytes || allBytes >= Math.min(fullBytes, limitBytes - roomBytesMin);
    if (this.#full) this.#mind(Math.max(usedBytes, allBytes), limitBytes);
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
