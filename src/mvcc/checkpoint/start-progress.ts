import type { Backend } from "../../backend/index.js";
import type { Clock, Logger } from "../../base/index.js";

/** Time between two lines. */
const lineMs = 2_000;

/** Tells the log, and so a person at the terminal, how far the index is while a start makes it. */
export class StartProgress {
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** Number of changes that are stored. */
  readonly #rows: number;
  #toldAt: number;

  private constructor(clock: Clock, logger: Logger, rows: number) {
    this.#clock = clock;
    this.#logger = logger;
    this.#rows = rows;
    this.#toldAt = clock.now();
  }

  static async of(backend: Pick<Backend, "view">, clock: Clock, logger: Logger): Promise<StartProgress> {
    const view = backend.view();
    const { rows } = view.sizeOf("key");
    await view.close();
    return new StartProgress(clock, logger, rows);
  }

  /**
   * Called often. Logs a line when the last one is two seconds old.
   *
   * @param message what is being read
   * @param done number of changes that the index has
   */
  at(message: string, done: number): void {
    const now = this.#clock.now();
    if (now - this.#toldAt < lineMs) return;
    this.#toldAt = now;
    const percent = Math.min(100, Math.floor((100 * done) / Math.max(this.#rows, 1)));
    this.#logger.info(message, { percent, "changes-read": done, changes: this.#rows });
  }
}
