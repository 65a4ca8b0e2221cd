/** Takes the bytes of a stream in the lengths that its reader wants. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Uint8Array = new Uint8Array(0);

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next `length` bytes. @throws Error when the stream ends before */
  async take(length: number): Promise<Buffer> {
    const taken = Buffer.allocUnsafe(length);
    let at = 0;
    for await (const part of this.parts(length)) {
      taken.set(part, at);
      at += part.length;
    }
    return taken;
  }

  /** The next `length` bytes, in the parts in which they come. @throws Error as `take` */
  async *parts(length: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = length; left > 0; ) {
      if (this.#chunk.length === 0) await this.#next();
      const part = this.#chunk.subarray(0, left);
      this.#chunk = this.#chunk.subarray(part.length);
      left -= part.length;
      yield part;
    }
  }

  /** Ends the stream, whose rest is not needed. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  /** Whether the stream has ended. */
  async ended(): Promise<boolean> {
    while (this.#chunk.length === 0) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return true;
      this.#chunk = value;
    }
    return false;
  }

  async #next(): Promise<void> {
    if (await this.ended()) throw new Error("the snapshot ends early");
  }
}
