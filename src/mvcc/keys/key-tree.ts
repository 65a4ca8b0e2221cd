import { type Arena, assert, type Key, keyFromBytes, keyToBytes } from "../../base/index.js";
import { KeyLeaf, leafKeysMax, leafNamesMax } from "./key-leaf.js";
import { noRow, type Row } from "./key-rows.js";
import { addAlive, Branch, childAt, Leaf, type Node, upperBound } from "./tree-nodes.js";

/** The most children of a branch; a branch with one more is cut. */
const childrenMax = 64;
/** Children of a branch when a tree is filled. There is room for more, or the next keys would cut all branches. */
const childrenFilled = 48;
/** A leaf with fewer keys is joined with a neighbour, if both together fill a leaf at most by half. */
const sparseMax = leafKeysMax / 4;

/** A branch on the path to a key, and the child that the path takes. */
interface Turn {
  readonly branch: Branch;
  readonly place: number;
}

/** A leaf with its keys in place, and the number of those that live. */
export interface FilledLeaf {
  readonly keys: KeyLeaf;
  readonly alive: number;
}

/** A key that a walk has reached. It is valid until the visit ends. */
export class VisitedKey {
  #leaf: KeyLeaf;
  #place = 0;

  constructor(leaf: KeyLeaf) {
    this.#leaf = leaf;
  }

  /** The name, which is made when it is asked for. */
  get key(): Key {
    return this.#leaf.key(this.#place);
  }

  moveTo(leaf: KeyLeaf, place: number): this {
    this.#leaf = leaf;
    this.#place = place;
    return this;
  }
}

/**
 * Keys in byte order, each with the number of its row: a B+tree whose leaves are blocks of an arena. Branches are
 * objects, about one for four thousand keys. Leaves are linked, so reading a range is a walk over leaves. Each node
 * counts the living keys below it, so counting those of a range needs no walk.
 */
export class KeyTree {
  readonly #arena: Arena;
  readonly #isAlive: (row: Row) => boolean;
  #root: Node;

  /** @param isAlive whether the key of a row exists now; `changed` must be called when this changes */
  constructor(arena: Arena, isAlive: (row: Row) => boolean) {
    this.#arena = arena;
    this.#isAlive = isAlive;
    this.#root = new Leaf(new KeyLeaf(arena));
  }

  /** Number of living keys. */
  get alive(): number {
    return this.#root.alive;
  }

  /** The top of the tree, for a cursor. */
  get root(): Node {
    return this.#root;
  }

  /** The row of `key`; `noRow` when the tree does not hold it. */
  get(key: Key): Row {
    const { keys } = this.#leafOf(key);
    const place = keys.find(key);
    return place < 0 ? noRow : keys.row(place);
  }

  /** The row of `key`; when the tree does not hold the key, it is added with the row that `make` returns. */
  getOrInsert(key: Key, make: () => Row): Row {
    let leaf = this.#leafOf(key);
    const place = leaf.keys.find(key);
    if (place >= 0) return leaf.keys.row(place);
    const row = make();
    if (leaf.keys.full) {
      this.#cutAlong(key);
      leaf = this.#leafOf(key);
    }
    leaf.keys.insert(~leaf.keys.find(key), key, row);
    if (this.#isAlive(row)) addAlive(leaf, 1);
    return row;
  }

  /** The key of `row`, which the tree holds, has changed: it lives now, or does so no longer. */
  changed(key: Key, row: Row): void {
    addAlive(this.#leafOf(key), this.#isAlive(row) ? 1 : -1);
  }

  delete(key: Key): void {
    const leaf = this.#leafOf(key);
    const place = leaf.keys.find(key);
    if (place < 0) return;
    if (this.#isAlive(leaf.keys.row(place))) addAlive(leaf, -1);
    leaf.keys.remove(place);
    if (leaf.keys.count === 0) this.#dropLeaf(leaf, key);
    else if (leaf.keys.count < sparseMax && !this.#join(leaf, leaf.next)) this.#join(leaf.previous, leaf);
  }

  /**
   * Visits the keys of `[low, high)` in order until `visit` returns false; `high` undefined has no upper bound.
   * The tree must not change meanwhile.
   */
  walk(low: Key, high: Key | undefined, visit: (row: Row, visited: VisitedKey) => boolean): void {
    let leaf: Leaf | undefined = this.#leafOf(low);
    const visited = new VisitedKey(leaf.keys);
    let place = lowerBoundIn(leaf.keys, low);
    for (; leaf !== undefined; leaf = leaf.next, place = 0) {
      const { keys }: Leaf = leaf;
      // One search decides for all keys of a leaf.
      const end = high === undefined ? keys.count : lowerBoundIn(keys, high);
      for (; place < end; place++) {
        if (!visit(keys.row(place), visited.moveTo(keys, place))) return;
      }
      if (end < keys.count) return;
    }
  }

  /**
   * Visits the leaves from `low` on, each with the place of its first key that is not below `low`, until `visit`
   * returns false. The tree must not change meanwhile.
   */
  walkLeaves(low: Key, visit: (keys: KeyLeaf, from: number) => boolean): void {
    let leaf: Leaf | undefined = this.#leafOf(low);
    for (let from = lowerBoundIn(leaf.keys, low); leaf !== undefined; leaf = leaf.next, from = 0) {
      if (from < leaf.keys.count && !visit(leaf.keys, from)) return;
    }
  }

  /**
   * Visits the leaves with living keys of `[low, high)`, each with the places of its keys in the range. `bury` deletes
   * keys there and returns their number; it must not change the tree.
   *
   * @param full ends the walk when it returns true; asked after each leaf
   * @returns the key at which to continue; undefined at the end
   */
  buryLeaves(
    low: Key,
    high: Key | undefined,
    bury: (keys: KeyLeaf, from: number, end: number) => number,
    full: () => boolean,
  ): Key | undefined {
    let leaf: Leaf | undefined = this.#leafOf(low);
    for (let from = lowerBoundIn(leaf.keys, low); leaf !== undefined; leaf = leaf.next, from = 0) {
      const { keys }: Leaf = leaf;
      const end = high === undefined ? keys.count : lowerBoundIn(keys, high);
      if (leaf.alive > 0 && from < end) addAlive(leaf, -bury(keys, from, end));
      if (end < keys.count) return undefined;
      if (full()) return leaf.next?.keys.key(0);
    }
    return undefined;
  }

  /** Fills the empty tree with leaves in key order. None of them is empty. */
  fill(filled: readonly FilledLeaf[]): void {
    assert(this.#root instanceof Leaf && this.#root.keys.count === 0, "an empty tree is filled");
    let nodes: Node[] = [];
    /** `keys[i]` separates `nodes[i]` from the node before it; `keys[0]` is not used. */
    let keys: Key[] = [];
    let previous: Leaf | undefined;
    for (const { keys: names, alive } of filled) {
      const leaf = new Leaf(names);
      leaf.alive = alive;
      leaf.previous = previous;
      keys.push(
        previous === undefined ? "" : shortestBetween(previous.keys.key(previous.keys.count - 1), names.key(0)),
      );
      if (previous !== undefined) previous.next = leaf;
      nodes.push(leaf);
      previous = leaf;
    }
    while (nodes.length > 1) {
      const above: Node[] = [];
      const keysAbove: Key[] = [];
      for (let at = 0; at < nodes.length; at += childrenFilled) {
        keysAbove.push(keys[at] ?? "");
        above.push(new Branch(keys.slice(at + 1, at + childrenFilled), nodes.slice(at, at + childrenFilled)));
      }
      nodes = above;
      keys = keysAbove;
    }
    this.#root = nodes[0] ?? this.#root;
  }

  /**
   * Number of living keys in `[low, high)`; `high` undefined has no upper bound. Costs about as much as two `get`.
   */
  count(low: Key, high: Key | undefined): number {
    if (high === undefined) return this.#root.alive - this.#aliveBelow(this.#root, low);
    if (high <= low) return 0;
    // Most ranges are short: both bounds lie in the same child for some levels.
    let node = this.#root;
    while (node instanceof Branch) {
      const place = upperBound(node.keys, low);
      if (place !== upperBound(node.keys, high)) break;
      node = childAt(node, place);
    }
    return this.#aliveBelow(node, high) - this.#aliveBelow(node, low);
  }

  #leafOf(key: Key): Leaf {
    let node = this.#root;
    while (node instanceof Branch) node = childAt(node, upperBound(node.keys, key));
    return node;
  }

  #wayTo(key: Key): Turn[] {
    const way: Turn[] = [];
    for (let node = this.#root; node instanceof Branch; ) {
      const place = upperBound(node.keys, key);
      way.push({ branch: node, place });
      node = childAt(node, place);
    }
    return way;
  }

  /** Cuts the full leaf that `key` is about to be added to, and each branch above it that becomes too full. */
  #cutAlong(key: Key): void {
    const way = this.#wayTo(key);
    let left: Node = this.#leafOf(key);
    let cut: { key: Key; right: Node } = this.#cutLeaf(left, key);
    for (let turn = way.pop(); turn !== undefined; turn = way.pop()) {
      const { branch, place } = turn;
      cut.right.parent = branch;
      branch.keys.splice(place, 0, cut.key);
      branch.children.splice(place + 1, 0, cut.right);
      if (branch.children.length <= childrenMax) return;
      left = branch;
      cut = cutBranch(branch);
    }
    this.#root = new Branch([cut.key], [left, cut.right]);
  }

  /** Cuts a leaf. Keys often arrive in ascending order; the left leaf then stays full, since it gets no more keys. */
  #cutLeaf(leaf: Leaf, added: Key): { key: Key; right: Leaf } {
    const { keys } = leaf;
    const right = new Leaf(new KeyLeaf(this.#arena));
    const last = keys.key(keys.count - 1);
    right.previous = leaf;
    right.next = leaf.next;
    if (leaf.next !== undefined) leaf.next.previous = right;
    const ascending = leaf.next === undefined && added > last;
    leaf.next = right;
    if (ascending) return { key: shortestBetween(last, added), right };
    const at = keys.count >>> 1;
    const key = shortestBetween(keys.key(at - 1), keys.key(at));
    right.alive = this.#countAlive(keys, at, keys.count);
    keys.cut(at, right.keys);
    leaf.alive -= right.alive;
    return { key, right };
  }

  /**
   * Moves the keys of a leaf to the one on its left, if both are children of one branch and fill half a leaf at most.
   *
   * @returns whether they were joined
   */
  #join(left: Leaf | undefined, right: Leaf | undefined): boolean {
    const parent = left?.parent;
    if (left === undefined || right === undefined || parent === undefined || right.parent !== parent) return false;
    if (left.keys.count + right.keys.count > leafKeysMax / 2) return false;
    if (left.keys.namesBytes + right.keys.namesBytes > leafNamesMax / 2) return false;
    left.keys.absorb(right.keys);
    left.alive += right.alive;
    unlink(right);
    const place = parent.children.indexOf(right);
    parent.children.splice(place, 1);
    parent.keys.splice(place - 1, 1);
    this.#dropEmptyRoots();
    return true;
  }

  #dropLeaf(leaf: Leaf, key: Key): void {
    const way = this.#wayTo(key);
    leaf.keys.clear();
    if (way.length === 0) return;
    unlink(leaf);
    for (let turn = way.pop(); turn !== undefined; turn = way.pop()) {
      turn.branch.children.splice(turn.place, 1);
      turn.branch.keys.splice(Math.max(turn.place - 1, 0), 1);
      if (turn.branch.children.length > 0) break;
    }
    this.#dropEmptyRoots();
  }

  #dropEmptyRoots(): void {
    while (this.#root instanceof Branch && this.#root.children.length < 2) {
      this.#root = this.#root.children[0] ?? new Leaf(new KeyLeaf(this.#arena));
      this.#root.parent = undefined;
    }
  }

  #countAlive(keys: KeyLeaf, from: number, end: number): number {
    let alive = 0;
    for (let at = from; at < end; at++) if (this.#isAlive(keys.row(at))) alive++;
    return alive;
  }

  /** Number of living keys of `top` that are below `bound`. */
  #aliveBelow(top: Node, bound: Key): number {
    let alive = 0;
    let node = top;
    while (node instanceof Branch) {
      const place = upperBound(node.keys, bound);
      for (let at = 0; at < place; at++) alive += childAt(node, at).alive;
      node = childAt(node, place);
    }
    const place = lowerBoundIn(node.keys, bound);
    return alive + (node.alive === node.keys.count ? place : this.#countAlive(node.keys, 0, place));
  }
}

function cutBranch(branch: Branch): { key: Key; right: Branch } {
  const at = branch.keys.length >>> 1;
  const key = branch.keys[at];
  assert(key !== undefined, "a branch that is cut has keys on both sides");
  const right = new Branch(branch.keys.slice(at + 1), branch.children.slice(at + 1));
  branch.keys = branch.keys.slice(0, at);
  branch.children = branch.children.slice(0, at + 1);
  branch.alive -= right.alive;
  return { key, right };
}

/** Takes a leaf out of the row of leaves. */
function unlink({ previous, next }: Leaf): void {
  if (previous !== undefined) previous.next = next;
  if (next !== undefined) next.previous = previous;
}

/** The shortest key above `left` and not above `right`, which is above `left`. */
function shortestBetween(left: Key, right: Key): Key {
  let shared = 0;
  while (shared < left.length && left.charCodeAt(shared) === right.charCodeAt(shared)) shared++;
  // A slice would keep all of `right` in memory, and comparing it takes longer.
  return keyFromBytes(keyToBytes(right.slice(0, shared + 1)));
}

/** The first place whose key is not below `key`. */
function lowerBoundIn(keys: KeyLeaf, key: Key): number {
  const place = keys.find(key);
  return place < 0 ? ~place : place;
}
