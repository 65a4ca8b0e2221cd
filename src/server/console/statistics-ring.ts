/** The history of some numbers, one row of values for each step of time. Its memory is taken once. */
export class StatisticsRing {
  readonly #rows: number;
  readonly #columns: number;
  readonly #values: Float64Array;
  /** The number of rows ever added. */
  #added = 0;

  /** @param rows the number of steps that are kept */
  constructor(rows: number, columns: number) {
    this.#rows = rows;
    this.#columns = columns;
    this.#values = new Float64Array(rows * columns);
  }

  /** The number of steps that are there. */
  get length(): number {
    return Math.min(this.#added, this.#rows);
  }

  /** Adds a step, which takes the place of the oldest one when the ring is full. */
  add(row: readonly number[]): void {
    this.#values.set(row, (this.#added % this.#rows) * this.#columns);
    this.#added++;
  }

  /** The last `count` values of a column, or as many as there are, the oldest first. */
  last(column: number, count: number): number[] {
    const wanted = Math.min(count, this.length);
    const first = this.#added - wanted;
    return Array.from({ length: wanted }, (_, at) => {
      return this.#values[((first + at) % this.#rows) * this.#columns + column] ?? 0;
    });
  }
}
