import { assert } from "./assert.js";
import type { Key } from "./ids.js";
import { aboveAllKeys, upperBoundOf } from "./key-range.js";

interface Node<Value> {
  readonly low: Key;
  readonly high: Key;
  value: Value;
  left: Node<Value> | undefined;
  right: Node<Value> | undefined;
  /** Levels of this subtree, from 1; the heights of its two sides differ by at most one (AVL). */
  height: number;
  /** The greatest `high` in this subtree: no interval in it contains a point at or above it. */
  reach: Key;
}

/**
 * Half-open intervals of keys, `[low, high)`, with one value each; a `high` of `openEnd` means no upper bound. Setting,
 * getting and deleting take O(log n); finding the k intervals around a point takes at most O(k log n).
 */
export class IntervalTree<Value> {
  #root: Node<Value> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(low: Key, high: Key): Value | undefined {
    const end = upperBound(high);
    let node = this.#root;
    while (node !== undefined) {
      const side = compare(low, end, node);
      if (side === 0) return node.value;
      node = side < 0 ? node.left : node.right;
    }
    return undefined;
  }

  set(low: Key, high: Key, value: Value): void {
    const end = upperBound(high);
    assert(low < end, "an interval has room for a key");
    this.#root = this.#insert(this.#root, low, end, value);
  }

  /** Deletes an interval. @returns whether it existed */
  delete(low: Key, high: Key): boolean {
    const before = this.#size;
    this.#root = this.#remove(this.#root, low, upperBound(high));
    return this.#size < before;
  }

  /** Calls `visit` with the value of every interval that contains `point`. The tree must not change meanwhile. */
  around(point: Key, visit: (value: Value) => void): void {
    visitAround(this.#root, point, visit);
  }

  /** Whether an interval contains any key from `first` to `last`, which is included. */
  meets(first: Key, last: Key): boolean {
    return meetsAny(this.#root, first, last);
  }

  #insert(node: Node<Value> | undefined, low: Key, high: Key, value: Value): Node<Value> {
    if (node === undefined) {
      this.#size++;
      return { low, high, value, left: undefined, right: undefined, height: 1, reach: high };
    }
    const side = compare(low, high, node);
    if (side === 0) node.value = value;
    else if (side < 0) node.left = this.#insert(node.left, low, high, value);
    else node.right = this.#insert(node.right, low, high, value);
    return balance(node);
  }

  #remove(node: Node<Value> | undefined, low: Key, high: Key): Node<Value> | undefined {
    if (node === undefined) return undefined;
    const side = compare(low, high, node);
    if (side < 0) node.left = this.#remove(node.left, low, high);
    else if (side > 0) node.right = this.#remove(node.right, low, high);
    else {
      this.#size--;
      return join(node.left, node.right);
    }
    return balance(node);
  }
}

function upperBound(high: Key): Key {
  return upperBoundOf(high) ?? aboveAllKeys;
}

function compare<Value>(low: Key, high: Key, node: Node<Value>): number {
  if (low !== node.low) return low < node.low ? -1 : 1;
  if (high !== node.high) return high < node.high ? -1 : 1;
  return 0;
}

function visitAround<Value>(node: Node<Value> | undefined, point: Key, visit: (value: Value) => void): void {
  if (node === undefined || node.reach <= point) return;
  visitAround(node.left, point, visit);
  // All intervals further right begin later still.
  if (node.low > point) return;
  if (point < node.high) visit(node.value);
  visitAround(node.right, point, visit);
}

function meetsAny<Value>(node: Node<Value> | undefined, first: Key, last: Key): boolean {
  if (node === undefined || node.reach <= first) return false;
  if (node.low <= last && first < node.high) return true;
  return meetsAny(node.left, first, last) || (node.low <= last && meetsAny(node.right, first, last));
}

/** Joins two trees; every interval of `left` comes before all of `right`. */
function join<Value>(left: Node<Value> | undefined, right: Node<Value> | undefined): Node<Value> | undefined {
  if (left === undefined || right === undefined) return left ?? right;
  const { first, rest } = takeFirst(right);
  first.left = left;
  first.right = rest;
  return balance(first);
}

function takeFirst<Value>(node: Node<Value>): { first: Node<Value>; rest: Node<Value> | undefined } {
  if (node.left === undefined) return { first: node, rest: node.right };
  const { first, rest } = takeFirst(node.left);
  node.left = rest;
  return { first, rest: balance(node) };
}

/**
 * Balances a node whose sides are balanced already: returns the same intervals under a root whose sides differ by at
 * most one level.
 */
function balance<Value>(node: Node<Value>): Node<Value> {
  const lean = height(node.left) - height(node.right);
  if (lean > 1 && node.left !== undefined) {
    if (height(node.left.left) < height(node.left.right)) node.left = rotateLeft(node.left);
    return rotateRight(node);
  }
  if (lean < -1 && node.right !== undefined) {
    if (height(node.right.right) < height(node.right.left)) node.right = rotateRight(node.right);
    return rotateLeft(node);
  }
  measure(node);
  return node;
}

function rotateLeft<Value>(node: Node<Value>): Node<Value> {
  const top = node.right;
  if (top === undefined) return node;
  node.right = top.left;
  top.left = node;
  measure(node);
  measure(top);
  return top;
}

function rotateRight<Value>(node: Node<Value>): Node<Value> {
  const top = node.left;
  if (top === undefined) return node;
  node.left = top.right;
  top.right = node;
  measure(node);
  measure(top);
  return top;
}

function height<Value>(node: Node<Value> | undefined): number {
  return node === undefined ? 0 : node.height;
}

function measure<Value>(node: Node<Value>): void {
  const { left, right } = node;
  node.height = 1 + Math.max(height(left), height(right));
  node.reach = node.high;
  if (left !== undefined && left.reach > node.reach) node.reach = left.reach;
  if (right !== undefined && right.reach > node.reach) node.reach = right.reach;
}
