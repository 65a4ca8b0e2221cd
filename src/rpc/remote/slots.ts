import { assert } from "../../base/index.js";

/** Numbers its entries, so that another thread can name them. A number is used again after its entry is gone. */
export class Slots<Entry> {
  readonly #entries: (Entry | undefined)[] = [];
  readonly #free: number[] = [];

  /** @returns the number of the entry */
  add(entry: Entry): number {
    const number = this.#free.pop() ?? this.#entries.length;
    this.#entries[number] = entry;
    return number;
  }

  get(number: number): Entry {
    const entry = this.#entries[number];
    assert(entry !== undefined, "a thread names only calls that are open");
    return entry;
  }

  remove(number: number): void {
    this.#entries[number] = undefined;
    this.#free.push(number);
  }
}
