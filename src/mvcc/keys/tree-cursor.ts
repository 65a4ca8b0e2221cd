import type { Key } from "../../base/index.js";
import { noRow, type Row } from "./key-rows.js";
import type { KeyTree } from "./key-tree.js";
import { addAlive, Branch, childAt, type Leaf, type Node } from "./tree-nodes.js";

/**
 * Finds and adds keys that come in order. It goes on from the leaf of the key before, instead of from the top of the
 * tree, and reads names as bytes. The tree must not be changed by anybody else meanwhile.
 */
export class TreeCursor {
  readonly #tree: KeyTree;
  /** The leaf of the key before; undefined when the way to it may have changed. */
  #leaf: Leaf | undefined;
  /** Place in the leaf before which all keys are below the one to come. */
  #place = 0;
  /** Place of the leaf among the children of its branch. */
  #child = 0;
  /** Keys of this branch are below; undefined has no upper bound. */
  #high: Key | undefined;

  constructor(tree: KeyTree) {
    this.#tree = tree;
  }

  /**
   * The row of the name in the bytes `[from, to)` of `names`, which is not below the one before; `noRow` when the tree
   * does not hold it.
   */
  find(names: Uint8Array, from: number, to: number): Row {
    const leaf = this.#moveTo(names, from, to);
    const place = leaf.keys.findIn(names, from, to, this.#place);
    this.#place = place < 0 ? ~place : place;
    return place < 0 ? noRow : leaf.keys.row(place);
  }

  /**
   * Adds a key that `find` has just not found.
   *
   * @param alive whether the key exists now
   */
  insert(key: Key, row: Row, alive: boolean): void {
    const leaf = this.#leaf;
    if (leaf === undefined || leaf.keys.full) {
      this.#tree.getOrInsert(key, () => row);
      this.#leaf = undefined;
      return;
    }
    leaf.keys.insert(this.#place, key, row);
    if (alive) addAlive(leaf, 1);
  }

  /** The key that `find` has just found lives now, or does so no longer. */
  changed(alive: boolean): void {
    if (this.#leaf !== undefined) addAlive(this.#leaf, alive ? 1 : -1);
  }

  #moveTo(names: Uint8Array, from: number, to: number): Leaf {
    const leaf = this.#leaf;
    if (leaf === undefined || (this.#high !== undefined && !isBelow(names, from, to, this.#high))) {
      return this.#descend(names, from, to);
    }
    const { parent } = leaf;
    if (parent === undefined) return leaf;
    const { keys } = parent;
    let child = this.#child;
    // The leaf is mostly the same one, or one of the next.
    while (child < keys.length && !isBelow(names, from, to, keys[child] ?? "")) child++;
    if (child === this.#child) return leaf;
    return this.#enter(childAt(parent, child) as Leaf, child);
  }

  #descend(names: Uint8Array, from: number, to: number): Leaf {
    let node: Node = this.#tree.root;
    let child = 0;
    this.#high = undefined;
    while (node instanceof Branch) {
      const { keys }: Branch = node;
      let high = keys.length;
      for (child = 0; child < high; ) {
        const middle = (child + high) >>> 1;
        if (isBelow(names, from, to, keys[middle] ?? "")) high = middle;
        else child = middle + 1;
      }
      const next = childAt(node, child);
      if (next instanceof Branch) this.#high = keys[child] ?? this.#high;
      node = next;
    }
    return this.#enter(node, child);
  }

  #enter(leaf: Leaf, child: number): Leaf {
    this.#leaf = leaf;
    this.#child = child;
    this.#place = 0;
    return leaf;
  }
}

/** Whether the name in the bytes `[from, to)` is below `key`. */
function isBelow(names: Uint8Array, from: number, to: number, key: Key): boolean {
  const shared = Math.min(to - from, key.length);
  for (let at = 0; at < shared; at++) {
    const order = (names[from + at] ?? 0) - key.charCodeAt(at);
    if (order !== 0) return order < 0;
  }
  return to - from < key.length;
}
