import { assert } from "../base/index.js";

/** An item of a queue. The queue owns both fields; other code only reads them. */
export interface Queued {
  /** Due time in milliseconds, on the clock of the queue's owner. */
  due: number;
  /** Place of the item in the queue's heap. */
  slot: number;
}

/**
 * A binary heap of items by due time, the earliest first. Every item knows its place, so it can be moved or removed in
 * O(log n), and the heap never holds stale items.
 */
export class ExpiryQueue<T extends Queued> {
  #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  first(): T | undefined {
    return this.#heap[0];
  }

  /** Adds the item, or moves it when the queue holds it already. */
  set(item: T, due: number): void {
    const held = this.#holds(item);
    const later = held && due > item.due;
    item.due = due;
    if (!held) this.#heap.push(item);
    const slot = held ? item.slot : this.#heap.length - 1;
    if (later) this.#sink(item, slot);
    else this.#rise(item, slot);
  }

  /** Removes the item; does nothing when the queue does not hold it. */
  remove(item: T): void {
    if (!this.#holds(item)) return;
    const slot = item.slot;
    const last = this.#heap.pop();
    assert(last !== undefined, "a heap that holds an item has a last one");
    item.slot = -1;
    if (last === item) return;
    if (last.due < item.due) this.#rise(last, slot);
    else this.#sink(last, slot);
  }

  clear(): void {
    this.#heap = [];
  }

  #holds(item: T): boolean {
    return this.#heap[item.slot] === item;
  }

  #at(slot: number): T {
    const item = this.#heap[slot];
    assert(item !== undefined, "a slot lies inside of the heap");
    return item;
  }

  #place(item: T, slot: number): void {
    this.#heap[slot] = item;
    item.slot = slot;
  }

  #rise(item: T, from: number): void {
    let slot = from;
    while (slot > 0) {
      const parentSlot = (slot - 1) >> 1;
      const parent = this.#at(parentSlot);
      if (parent.due <= item.due) break;
      this.#place(parent, slot);
      slot = parentSlot;
    }
    this.#place(item, slot);
  }

  #sink(item: T, from: number): void {
    const end = this.#heap.length;
    let slot = from;
    for (let childSlot = 2 * slot + 1; childSlot < end; childSlot = 2 * slot + 1) {
      let child = this.#at(childSlot);
      const right = this.#heap[childSlot + 1];
      if (right !== undefined && right.due < child.due) {
        child = right;
        childSlot += 1;
      }
      if (item.due <= child.due) break;
      this.#place(child, slot);
      slot = childSlot;
    }
    this.#place(item, slot);
  }
}
