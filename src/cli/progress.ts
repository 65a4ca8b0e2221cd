import { paint } from "./output.js";
import { around } from "./surroundings.js";

const widthMax = 30;
/** Columns for the percentage and the cursor. A bar that wrapped to the next row could not be cleared. */
const besides = 8;
const pauseMs = 100;

/** A progress bar on standard error. It draws nothing when that is no terminal. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #width: number;
  #done = 0;
  /** The time at which the bar may be drawn next. */
  #dueAt: number;
  #drawn = false;

  /**
   * @param total the total of what `advance` counts; 0 when it is unknown
   * @param delayMs the time before the bar is drawn first, so that short work shows no bar
   */
  constructor(what: string, total: number, delayMs = 0) {
    this.#what = what;
    this.#total = total;
    this.#dueAt = Date.now() + delayMs;
    const { isTTY, columns = 0 } = around.stderr;
    this.#width = isTTY === true ? Math.min(widthMax, (columns || 80) - what.length - besides) : 0;
  }

  advance(by: number): void {
    this.#done += by;
    const now = Date.now();
    const done = this.#drawn && this.#done >= this.#total;
    if (this.#width <= 0 || (now < this.#dueAt && !done)) return;
    this.#dueAt = now + pauseMs;
    this.#drawn = true;
    const width = this.#width;
    const filled = this.#total === 0 ? 0 : Math.min(width, Math.floor((this.#done / this.#total) * width));
    const bar = paint("green", "█".repeat(filled)) + paint("dim", "░".repeat(width - filled));
    const share = this.#total === 0 ? String(this.#done) : `${Math.floor((this.#done / this.#total) * 100)}%`;
    around.stderr.write(`\r\u001b[K${this.#what} ${bar} ${share}`);
  }

  /** Clears the bar's line, so that other output can be printed. */
  hide(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    around.stderr.write("\r\u001b[K");
  }
}
