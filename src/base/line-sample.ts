import type { Clock } from "./clock.js";

/** The lines of a second that are all logged, as by etcd's logger. */
const wholePerSecond = 100;
/** After that, one of this many lines is logged in the same second. */
const sampledOf = 100;
const secondMs = 1_000;

/**
 * Decides which lines of one kind are logged when there are very many. A disk that stops for a moment makes thousands
 * of requests slow at once. Formatting a line for each of them would hold the event loop far longer than the disk did.
 */
export class LineSample {
  readonly #clock: Clock;
  #secondFrom = Number.NEGATIVE_INFINITY;
  #inSecond = 0;
  #omitted = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Counts one more line.
   *
   * @returns how many lines were omitted since the last one that was logged; undefined when this one is omitted, too
   */
  next(): number | undefined {
    const now = this.#clock.now();
    if (now - this.#secondFrom >= secondMs) {
      this.#secondFrom = now;
      this.#inSecond = 0;
    }
    const at = this.#inSecond++;
    if (at >= wholePerSecond && (at - wholePerSecond) % sampledOf !== sampledOf - 1) {
      this.#omitted++;
      return undefined;
    }
    const omitted = this.#omitted;
    this.#omitted = 0;
    return omitted;
  }
}

/** The field of a log line that says how many lines of its kind were omitted before it; none when it is zero. */
export function omittedField(omitted: number): { readonly "lines-omitted"?: number } {
  return omitted === 0 ? {} : { "lines-omitted": omitted };
}
