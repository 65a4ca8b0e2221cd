/** Beyond so many, the oldest are given the benefit of the doubt. */
const rememberedMax = 1_000;

/**
 * Streams that this side ended before their client did: what the client had sent by then may still come. Frames on any
 * other stream that is over break the protocol.
 */
export class CutStreams {
  readonly #ids = new Set<number>();
  #forgottenUpTo = 0;

  add(id: number): void {
    this.#ids.add(id);
    if (this.#ids.size <= rememberedMax) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      this.#forgottenUpTo = Math.max(this.#forgottenUpTo, oldest);
      return;
    }
  }

  /** The client has ended it as well. */
  delete(id: number): void {
    this.#ids.delete(id);
  }

  has(id: number): boolean {
    return id <= this.#forgottenUpTo || this.#ids.has(id);
  }
}
