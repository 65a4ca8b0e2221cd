/**
 * A queue of items that one side pushes and the other awaits, in order. After `end`, the reader still gets the
 * remaining items.
 */
export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #items: T[] = [];
  readonly #readers: ((result: Promise<IteratorResult<T, undefined>>) => void)[] = [];
  readonly #taken: (item: T) => void;
  #end: { readonly error: unknown } | undefined;

  /** @param taken called for every item that the reader takes out of the queue */
  constructor(taken: (item: T) => void = () => undefined) {
    this.#taken = taken;
  }

  /** Number of items that wait for a reader. */
  get length(): number {
    return this.#items.length;
  }

  /** @returns whether the item was queued, since no reader waited for it and the queue has not ended */
  push(item: T): boolean {
    if (this.#end !== undefined) return false;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#items.push(item);
    else reader(Promise.resolve({ done: false, value: item }));
    return reader === undefined;
  }

  /** Ends the queue; the reader gets the error, if there is one, after the last item. */
  end(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const reader of this.#readers.splice(0)) reader(this.#final());
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#taken(item);
      return Promise.resolve({ done: false, value: item });
    }
    if (this.#end !== undefined) return this.#final();
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #final(): Promise<IteratorResult<T, undefined>> {
    const error = this.#end?.error;
    if (error === undefined) return Promise.resolve({ done: true, value: undefined });
    // The error is thrown once; a reader that continues after it finds the end.
    this.#end = { error: undefined };
    return Promise.reject(error);
  }
}
