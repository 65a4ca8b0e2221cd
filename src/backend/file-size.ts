import type { Clock, Logger } from "../base/index.js";
import type { LevelStore } from "./level-store.js";

/** How old an answer may be. */
const maxAgeMs = 1000;

/** Bytes of a store's files: the last known figure at once; the next one is asked for when it has aged. */
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
        this.#logger.warn("cannot read the size of the backend's files", {
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
