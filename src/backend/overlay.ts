import type { StoredKey } from "./buckets.js";
import { type Change, compareKeys, type Layer, type OrderedKeys } from "./layer.js";

/** Position in the changes of one layer. */
interface Cursor {
  readonly layer: Layer;
  /** Place of the layer in order of age; newer layers have larger numbers. */
  readonly age: number;
  readonly order: OrderedKeys;
  at: number;
  head: StoredKey;
}

/** The changes of some sealed layers within `[low, high)`, in key order; only the last change of each key. */
export class Overlay {
  readonly #high: StoredKey;
  /** Sorted by head; among equal heads the newest layer comes first. */
  readonly #cursors: Cursor[] = [];

  constructor(layers: readonly Layer[], low: StoredKey, high: StoredKey) {
    this.#high = high;
    for (const [age, layer] of layers.entries()) {
      const order = layer.order();
      this.#place({ layer, age, order, at: lowerBound(order, low), head: "" });
    }
  }

  /** The key of the next change; undefined when there is none. */
  get head(): StoredKey | undefined {
    return this.#cursors[0]?.head;
  }

  /** Takes the next change. */
  take(): Change | undefined {
    const first = this.#cursors[0];
    if (first === undefined) return undefined;
    const { head } = first;
    const change = first.layer.get(head);
    // Older layers may have a change of the same key, which the newest one hides.
    for (let cursor = this.#cursors[0]; cursor?.head === head; cursor = this.#cursors[0]) this.#advance(cursor);
    return change;
  }

  #advance(cursor: Cursor): void {
    this.#cursors.shift();
    cursor.at++;
    this.#place(cursor);
  }

  #place(cursor: Cursor): void {
    const head = cursor.order.at(cursor.at);
    if (head === undefined || head >= this.#high) return;
    cursor.head = head;
    // Layers seldom overlap, so the cursor mostly goes back to the front.
    let at = 0;
    for (let other = this.#cursors[at]; other !== undefined && isBefore(other, cursor); other = this.#cursors[++at]);
    this.#cursors.splice(at, 0, cursor);
  }
}

function isBefore(one: Cursor, other: Cursor): boolean {
  const order = compareKeys(one.head, other.head);
  return order < 0 || (order === 0 && one.age > other.age);
}

function lowerBound(order: OrderedKeys, key: StoredKey): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = order.at(middle);
    if (at !== undefined && at < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
