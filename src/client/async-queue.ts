/**
 * A queue of items that one side pushes and the other awaits, in order. After `end`, the reader still gets the
 * remaining items.
 */
export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #items: T[] = [];
  readonly #readers: ((result: Promise<IteratorResult<T, undefined>>) => void)[] = [];
  readonly #taken: () => void;
  #end: { readonly error: unknown } | undefined;

  /** @param taken called for every item that the reader takes */
  constructor(taken: () => void = () => undefined) {
    this.#taken = taken;
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#end !== undefined) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#items.push(item);
    else this.#deliver(item, reader);
  }

  /** Ends the queue; the reader gets the error, if there is one, after the last item. */
  end(error?: unknown): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    for (const reader of this.#readers.splice(0)) reader(this.#final());
  }

  next(): Promise<IteratorResult<T, undefined>> {
    const item = this.#items.shift();
    return new Promise((resolve) => {
      if (item !== undefined) this.#deliver(item, resolve);
      else if (this.#end !== undefined) resolve(this.#final());
      else this.#readers.push(resolve);
    });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #deliver(item: T, reader: (result: Promise<IteratorResult<T, undefined>>) => void): void {
    reader(Promise.resolve({ done: false, value: item }));
    this.#taken();
  }

  #final(): Promise<IteratorResult<T, undefined>> {
    const error = this.#end?.error;
    if (error === undefined) return Promise.resolve({ done: true, value: undefined });
    // The error is thrown once; a reader that continues after it finds the end.
    this.#end = { error: undefined };
    return Promise.reject(error);
  }
}
