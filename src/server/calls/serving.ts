import type { Logger } from "../../base/index.js";

/** Whether this member counts as serving, for clients that ask its gRPC health service before they send calls. */
export class Serving {
  readonly #logger: Logger;
  readonly #listeners = new Set<() => void>();
  #pauses = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  get now(): boolean {
    return this.#pauses === 0;
  }

  /** Counts as not serving while `work` runs. Calls are answered all the same. */
  async pause<Result>(reason: string, work: () => Promise<Result>): Promise<Result> {
    this.#count(1, reason);
    try {
      return await work();
    } finally {
      this.#count(-1, reason);
    }
  }

  /** Calls `changed` after each change. @returns unsubscribes */
  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  #count(step: number, reason: string): void {
    const before = this.now;
    this.#pauses += step;
    if (this.now === before) return;
    const message = "grpc service status changed";
    if (this.now) this.#logger.info(message, { service: "", status: "SERVING" });
    else this.#logger.warn(message, { service: "", status: "NOT_SERVING", reason });
    for (const changed of this.#listeners) changed();
  }
}
