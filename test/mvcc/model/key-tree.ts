import { assert, type Key } from "../../../src/base/index.js";

/** The most entries of a node; a node with one more is split. */
const nodeSize = 64;

/** A value of the tree. The tree counts those that are alive: `changed` must be called when one changes. */
export interface TreeValue {
  readonly alive: boolean;
}

class Leaf<V> {
  keys: Key[];
  values: V[];
  /** Number of living values. */
  alive: number;
  parent: Branch<V> | undefined = undefined;
  previous: Leaf<V> | undefined = undefined;
  next: Leaf<V> | undefined = undefined;

  constructor(keys: Key[], values: V[], alive: number) {
    this.keys = keys;
    this.values = values;
    this.alive = alive;
  }
}

/**
 * `keys[i]` separates two children: keys in `children[i]` are smaller, keys in `children[i + 1]` are equal or larger.
 */
class Branch<V> {
  keys: Key[];
  children: Node<V>[];
  /** Number of living values in all leaves below. */
  alive = 0;
  parent: Branch<V> | undefined = undefined;

  constructor(keys: Key[], children: Node<V>[]) {
    this.keys = keys;
    this.children = children;
    for (const child of children) {
      child.parent = this;
      this.alive += child.alive;
    }
  }
}

type Node<V> = Leaf<V> | Branch<V>;

/** A branch on the path to a key, and the child that the path takes. */
interface Turn<V> {
  readonly branch: Branch<V>;
  readonly place: number;
}

/** The model of the index's `KeyTree`: a B+tree whose keys and values are objects. */
export class KeyTree<V extends TreeValue> {
  #root: Node<V> = new Leaf<V>([], [], 0);

  /** Number of living values. */
  get alive(): number {
    return this.#root.alive;
  }

  get(key: Key): V | undefined {
    const leaf = this.#leafOf(key);
    const place = lowerBound(leaf.keys, key);
    return leaf.keys[place] === key ? leaf.values[place] : undefined;
  }

  /** The value at `key`; when there is none, `value` is inserted and returned. */
  getOrInsert(key: Key, value: V): V {
    const leaf = this.#leafOf(key);
    const place = lowerBound(leaf.keys, key);
    const found = leaf.keys[place] === key ? leaf.values[place] : undefined;
    if (found !== undefined) return found;
    leaf.keys.splice(place, 0, key);
    leaf.values.splice(place, 0, value);
    if (value.alive) addAlive(leaf, 1);
    if (leaf.keys.length > nodeSize) this.#cutAlong(key);
    return value;
  }

  /** The value at `key`, which the tree holds, has changed: it lives now, or does so no longer. */
  changed(key: Key, { alive }: V): void {
    addAlive(this.#leafOf(key), alive ? 1 : -1);
  }

  delete(key: Key): void {
    const leaf = this.#leafOf(key);
    const place = lowerBound(leaf.keys, key);
    if (leaf.keys[place] !== key) return;
    if (leaf.values[place]?.alive) addAlive(leaf, -1);
    leaf.keys.splice(place, 1);
    leaf.values.splice(place, 1);
    if (leaf.keys.length === 0) this.#dropLeaf(leaf, key);
  }

  /**
   * Visits the entries of `[low, high)` in order until `visit` returns false; `high` undefined has no upper bound.
   * The tree must not change meanwhile.
   */
  walk(low: Key, high: Key | undefined, visit: (key: Key, value: V) => boolean): void {
    let leaf: Leaf<V> | undefined = this.#leafOf(low);
    let place = lowerBound(leaf.keys, low);
    for (; leaf !== undefined; leaf = leaf.next, place = 0) {
      const { keys, values }: Leaf<V> = leaf;
      // One comparison decides for all keys of most leaves.
      const last = keys.at(-1);
      const isLast = high !== undefined && last !== undefined && last >= high;
      const end = isLast ? lowerBound(keys, high) : keys.length;
      for (; place < end; place++) {
        const key = keys[place];
        const value = values[place];
        if (key === undefined || value === undefined || !visit(key, value)) return;
      }
      if (isLast) return;
    }
  }

  /**
   * Number of living values in `[low, high)`; `high` undefined has no upper bound. Costs about as much as two `get`.
   */
  count(low: Key, high: Key | undefined): number {
    if (high === undefined) return this.#root.alive - aliveBelow(this.#root, low);
    if (high <= low) return 0;
    // Most ranges are short: both bounds lie in the same child for some levels.
    let node = this.#root;
    while (node instanceof Branch) {
      const place = upperBound(node.keys, low);
      if (place !== upperBound(node.keys, high)) break;
      node = childAt(node, place);
    }
    return aliveBelow(node, high) - aliveBelow(node, low);
  }

  #leafOf(key: Key): Leaf<V> {
    let node = this.#root;
    while (node instanceof Branch) node = childAt(node, upperBound(node.keys, key));
    return node;
  }

  #wayTo(key: Key): Turn<V>[] {
    const way: Turn<V>[] = [];
    for (let node = this.#root; node instanceof Branch; ) {
      const place = upperBound(node.keys, key);
      way.push({ branch: node, place });
      node = childAt(node, place);
    }
    return way;
  }

  /** Splits the full leaf of `key`, and each branch above it that becomes full. */
  #cutAlong(key: Key): void {
    const way = this.#wayTo(key);
    let full: Node<V> = this.#leafOf(key);
    while (full.keys.length > nodeSize) {
      const cut: { key: Key; right: Node<V> } = full instanceof Leaf ? cutLeaf(full, key) : cutBranch(full);
      const turn = way.pop();
      if (turn === undefined) {
        this.#root = new Branch([cut.key], [full, cut.right]);
        return;
      }
      cut.right.parent = turn.branch;
      turn.branch.keys.splice(turn.place, 0, cut.key);
      turn.branch.children.splice(turn.place + 1, 0, cut.right);
      full = turn.branch;
    }
  }

  #dropLeaf(leaf: Leaf<V>, key: Key): void {
    const way = this.#wayTo(key);
    if (way.length === 0) return;
    if (leaf.previous !== undefined) leaf.previous.next = leaf.next;
    if (leaf.next !== undefined) leaf.next.previous = leaf.previous;
    for (let turn = way.pop(); turn !== undefined; turn = way.pop()) {
      turn.branch.children.splice(turn.place, 1);
      turn.branch.keys.splice(Math.max(turn.place - 1, 0), 1);
      if (turn.branch.children.length > 0) break;
    }
    while (this.#root instanceof Branch && this.#root.children.length < 2) {
      this.#root = this.#root.children[0] ?? new Leaf<V>([], [], 0);
      this.#root.parent = undefined;
    }
  }
}

/** Splits a leaf. Keys often arrive in ascending order; the left leaf then stays full, since it gets no more keys. */
function cutLeaf<V extends TreeValue>(leaf: Leaf<V>, added: Key): { key: Key; right: Leaf<V> } {
  const ascending = leaf.next === undefined && leaf.keys.at(-1) === added;
  const at = ascending ? leaf.keys.length - 1 : leaf.keys.length >>> 1;
  const right = new Leaf<V>(leaf.keys.slice(at), leaf.values.slice(at), countAlive(leaf.values, at));
  leaf.keys = leaf.keys.slice(0, at);
  leaf.values = leaf.values.slice(0, at);
  leaf.alive -= right.alive;
  right.previous = leaf;
  right.next = leaf.next;
  if (leaf.next !== undefined) leaf.next.previous = right;
  leaf.next = right;
  return { key: keyAt(right.keys, 0), right };
}

function cutBranch<V>(branch: Branch<V>): { key: Key; right: Branch<V> } {
  const at = branch.keys.length >>> 1;
  const key = keyAt(branch.keys, at);
  const right = new Branch<V>(branch.keys.slice(at + 1), branch.children.slice(at + 1));
  branch.keys = branch.keys.slice(0, at);
  branch.children = branch.children.slice(0, at + 1);
  branch.alive -= right.alive;
  return { key, right };
}

/** Adds to the counts of a leaf and of all branches above it. */
function addAlive<V>(leaf: Leaf<V>, change: number): void {
  for (let node: Node<V> | undefined = leaf; node !== undefined; node = node.parent) node.alive += change;
}

function countAlive(values: readonly TreeValue[], from: number, end = values.length): number {
  let alive = 0;
  for (let at = from; at < end; at++) if (values[at]?.alive) alive++;
  return alive;
}

/** Number of living values of `node` whose keys are below `bound`. */
function aliveBelow<V extends TreeValue>(top: Node<V>, bound: Key): number {
  let alive = 0;
  let node = top;
  while (node instanceof Branch) {
    const place = upperBound(node.keys, bound);
    for (let at = 0; at < place; at++) alive += childAt(node, at).alive;
    node = childAt(node, place);
  }
  const place = lowerBound(node.keys, bound);
  return alive + (node.alive === node.keys.length ? place : countAlive(node.values, 0, place));
}

function childAt<V>(branch: Branch<V>, place: number): Node<V> {
  const child = branch.children[place];
  assert(child !== undefined, "a branch has one child more than keys");
  return child;
}

function keyAt(keys: readonly Key[], place: number): Key {
  const key = keys[place];
  assert(key !== undefined, "a node that is cut has keys on both sides");
  return key;
}

/** The first place whose key is not below `key`. */
function lowerBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The first place whose key is above `key`. */
function upperBound(keys: readonly Key[], key: Key): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") <= key) low = middle + 1;
    else high = middle;
  }
  return low;
}
