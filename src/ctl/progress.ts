import { paint } from "./output.js";
import { around } from "./surroundings.js";

const width = 30;

/** A bar on the terminal's error stream; nothing at all where nobody looks. */
export class Progress {
  readonly #what: string;
  readonly #total: number;
  readonly #shown = around.stderr.isTTY === true;
  #done = 0;
  #drawnAt = 0;

  /** @param total of whatever `advance` counts; 0 when nobody knows */
  constructor(what: string, total: number) {
    this.#what = what;
    this.#total = total;
  }

  advance(by: number): void {
    this.#done += by;
    if (!this.#shown || (Date.now() - this.#drawnAt < 100 && this.#done < this.#total)) return;
    this.#drawnAt = Date.now();
    const filled = this.#total === 0 ? 0 : Math.min(width, Math.floor((this.#done / this.#total) * width));
    const bar = paint("green", "█".repeat(filled)) + paint("dim", "░".repeat(width - filled));
    const share = this.#total === 0 ? String(this.#done) : `${Math.floor((this.#done / this.#total) * 100)}%`;
    around.stderr.write(`\r\u001b[K${this.#what} ${bar} ${share}`);
  }

  /** Clears the line for what is printed next. */
  hide(): void {
    if (this.#shown) around.stderr.write("\r\u001b[K");
  }
}
