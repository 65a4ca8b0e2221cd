import type { Clock, Logger } from "../base/index.js";
import type { LevelStore } from "./level-store.js";

/** The oldest that a figure may get before it is read again. */
const maxAgeMs = 1000;

/**
 * Size of a store's files in bytes. `bytes` answers at once with the last known figure, and starts reading the next
 * when that one is too old.
 */
export class FileSize {
  readonly #store: LevelStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #bytes: number;
  #askedAt: number;

  constructor(store: LevelStore, clock: Clock, logger: Logger, bytes: number) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#bytes = bytes;
    this.#askedAt = clock.now();
  }

  bytes(): number {
    if (this.#clock.now() - this.#askedAt >= maxAgeMs) {
      this.refresh().catch((error: unknown) => {
        this.#logger.warn("cannot read the size of the database files", {
          dir: this.#store.dir,
          error: String(error),
        });
      });
    }
    return this.#bytes;
  }

  async refresh(): Promise<void> {
    this.#askedAt = this.#clock.now();
    this.#bytes = await this.#store.fileBytes();
  }
}
