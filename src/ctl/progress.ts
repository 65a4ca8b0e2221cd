import { paint } from "./output.js";
import { around } from "./surroundings.js";

const widthMax = 30;
/** Room for the share, and for the cursor behind it: a bar that goes on in the next row could not be cleared. */
const besides = 8;
const pauseMs = 100;

/** A bar on the terminal's error stream; nothing at all where nobody looks. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #width: number;
  #done = 0;
  /** When the bar may be drawn next. */
  #dueAt: number;
  #drawn = false;

  /**
   * @param total of whatever `advance` counts; 0 when nobody knows
   * @param patienceMs when the bar is drawn first: work that prints lines of its own and is done by then has none
   */
  constructor(what: string, total: number, patienceMs = 0) {
    this.#what = what;
    this.#total = total;
    this.#dueAt = Date.now() + patienceMs;
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

  /** Clears the line for what is printed next. */
  hide(): void {
    if (!this.#drawn) return;
    this.#drawn = false;
    around.stderr.write("\r\u001b[K");
  }
}
