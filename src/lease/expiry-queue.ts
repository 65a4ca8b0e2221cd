import { assert, type FlatRows } from "../base/index.js";

/**
 * A binary heap of rows by due time, the earliest first. Each row keeps its due time and its place in the heap, so it
 * can be moved or removed in O(log n), and the heap never holds stale rows.
 */
export class ExpiryQueue {
  readonly #rows: FlatRows;
  readonly #dueAt: number;
  readonly #placeAt: number;
  #heap: number[] = [];

  /**
   * @param dueAt field of eight bytes for the due time in milliseconds, on the clock of the queue's owner
   * @param placeAt field for the row's place in the heap, counted from 1; 0 while the queue does not hold the row
   */
  constructor(rows: FlatRows, dueAt: number, placeAt: number) {
    this.#rows = rows;
    this.#dueAt = dueAt;
    this.#placeAt = placeAt;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** The row that is due first; 0 when the queue is empty. */
  first(): number {
    return this.#heap[0] ?? 0;
  }

  due(row: number): number {
    return this.#rows.double(row, this.#dueAt);
  }

  /** Adds the row, or moves it when the queue holds it already. */
  set(row: number, due: number): void {
    const place = this.#rows.word(row, this.#placeAt);
    const later = place > 0 && due > this.due(row);
    this.#rows.setDouble(row, this.#dueAt, due);
    if (place === 0) this.#heap.push(row);
    const slot = place > 0 ? place - 1 : this.#heap.length - 1;
    if (later) this.#sink(row, slot);
    else this.#rise(row, slot);
  }

  /** Removes the row; does nothing when the queue does not hold it. */
  remove(row: number): void {
    const place = this.#rows.word(row, this.#placeAt);
    if (place === 0) return;
    const last = this.#heap.pop();
    assert(last !== undefined, "a heap that holds a row has a last one");
    this.#rows.setWord(row, this.#placeAt, 0);
    if (last === row) return;
    if (this.due(last) < this.due(row)) this.#rise(last, place - 1);
    else this.#sink(last, place - 1);
  }

  clear(): void {
    for (const row of this.#heap) this.#rows.setWord(row, this.#placeAt, 0);
    this.#heap = [];
  }

  #at(slot: number): number {
    const row = this.#heap[slot];
    assert(row !== undefined, "a slot lies inside of the heap");
    return row;
  }

  #place(row: number, slot: number): void {
    this.#heap[slot] = row;
    this.#rows.setWord(row, this.#placeAt, slot + 1);
  }

  #rise(row: number, from: number): void {
    const due = this.due(row);
    let slot = from;
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1;
      const parent = this.#at(parentSlot);
      if (this.due(parent) <= due) break;
      this.#place(parent, slot);
      slot = parentSlot;
    }
    this.#place(row, slot);
  }

  #sink(row: number, from: number): void {
    const due = this.due(row);
    const end = this.#heap.length;
    let slot = from;
    for (let childSlot = 2 * slot + 1; childSlot < end; childSlot = 2 * slot + 1) {
      let child = this.#at(childSlot);
      const right = this.#heap[childSlot + 1];
      if (right !== undefined && this.due(right) < this.due(child)) {
        child = right;
        childSlot += 1;
      }
      if (due <= this.due(child)) break;
      this.#place(child, slot);
      slot = childSlot;
    }
    this.#place(row, slot);
  }
}
