/** What one side pushes and the other awaits, in order; it ends for the reader once what was pushed is read. */
export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #items: T[] = [];
  readonly #readers: ((result: Promise<IteratorResult<T, undefined>>) => void)[] = [];
  readonly #taken: () => void;
  #end: { readonly error: unknown } | undefined;

  /** @param taken hears of every item that the reader took */
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

  /** Nothing comes any more; with an error, the reader hears of it after the last item. */
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
    // Told once: a reader that goes on after the error finds the end.
    this.#end = { error: undefined };
    return Promise.reject(error);
  }
}
