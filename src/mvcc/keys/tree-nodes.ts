import { assert, type Key } from "../../base/index.js";
import type { KeyLeaf } from "./key-leaf.js";

/** A leaf with what the tree knows of it. */
export class Leaf {
  readonly keys: KeyLeaf;
  /** Number of living keys. */
  alive = 0;
  parent: Branch | undefined = undefined;
  previous: Leaf | undefined = undefined;
  next: Leaf | undefined = undefined;

  constructor(keys: KeyLeaf) {
    this.keys = keys;
  }
}

/** `keys[i]` separates two children: keys in `children[i]` are smaller, those in `children[i + 1]` equal or larger. */
export class Branch {
  keys: Key[];
  children: Node[];
  /** Number of living keys in all leaves below. */
  alive = 0;
  parent: Branch | undefined = undefined;

  constructor(keys: Key[], children: Node[]) {
    this.keys = keys;
    this.children = children;
    for (const child of children) {
      child.parent = this;
      this.alive += child.alive;
    }
  }
}

export type Node = Leaf | Branch;

/** Adds to the counts of a leaf and of all branches above it. */
export function addAlive(leaf: Leaf, change: number): void {
  for (let node: Node | undefined = leaf; node !== undefined; node = node.parent) node.alive += change;
}

export function childAt(branch: Branch, place: number): Node {
  const child = branch.children[place];
  assert(child !== undefined, "a branch has one child more than keys");
  return child;
}

/** The first place whose key is above `key`. */
export function upperBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
