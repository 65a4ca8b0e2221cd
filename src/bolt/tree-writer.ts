import { assert, type RowSink } from "../base/index.js";
import { NewLeaf } from "./new-leaf.js";
import { type BranchElement, bucketHeaderBytes, elementBytes, headerBytes, inlineRoot, writeUInt64 } from "./page.js";
import type { PageEncoder } from "./page-encoder.js";
import { isInline, leafBytesMin } from "./plan.js";

/**
 * Builds a tree from pairs in key order. Leaves, and the branches above them, are emitted as they fill up, so
 * little of each level is held. bbolt accepts such a file as its own and continues writing it; for that, every
 * branch needs at least two children.
 */
export class TreeWriter implements RowSink {
  readonly #pages: PageEncoder;
  readonly #leaf = new NewLeaf();
  #above: BranchLevel | undefined;
  /** Number of pairs. */
  rows = 0;

  constructor(pages: PageEncoder) {
    this.#pages = pages;
  }

  /** Adds a pair. Its key is not empty, and behind all keys before. */
  add(
    keys: Uint8Array,
    keyAt: number,
    keyBytes: number,
    values: Uint8Array,
    valueAt: number,
    valueBytes: number,
  ): void {
    this.rows++;
    const leaf = this.#leaf;
    if (leaf.bytes >= leafBytesMin) this.#endLeaf();
    leaf.add(keys, keyAt, keyBytes, values, valueAt, valueBytes);
  }

  /** Ends the tree and returns it as a bucket: the value in the parent under the bucket's name. */
  finishBucket(): Uint8Array {
    const isSmall = this.#above === undefined && isInline(this.#leaf.bytes, this.#pages.pageBytes);
    const inline = isSmall ? [this.#leaf.table(0, 0), this.#leaf.data] : [];
    const header = Buffer.alloc(bucketHeaderBytes);
    writeUInt64(header, 0, isSmall ? inlineRoot : this.finish());
    return Buffer.concat([header, ...inline]);
  }

  /** @returns the page of the root */
  finish(): number {
    const last = this.#pages.leaf(this.#leaf);
    if (this.#above === undefined) return last;
    this.#above.add(this.#leaf.firstKey, last);
    return this.#above.finish();
  }

  #endLeaf(): void {
    this.#above ??= new BranchLevel(this.#pages);
    this.#above.add(this.#leaf.firstKey, this.#pages.leaf(this.#leaf));
    this.#leaf.clear();
  }
}

/** The branches of one level; only the last one is not emitted yet. */
class BranchLevel {
  readonly #pages: PageEncoder;
  #branch: BranchElement[] = [];
  #bytes = headerBytes;
  /** An element that did not fit into the branch; alone it would not make a valid branch. */
  #next: BranchElement | undefined;
  #above: BranchLevel | undefined;

  constructor(pages: PageEncoder) {
    this.#pages = pages;
  }

  add(key: Uint8Array, child: number): void {
    const element = { key: Buffer.from(key), child };
    if (this.#next !== undefined) {
      const next = this.#next;
      this.#next = undefined;
      this.#endBranch();
      this.#push(next);
      this.#push(element);
    } else if (this.#branch.length >= 2 && this.#bytes + sizeOf(element) > this.#pages.pageBytes) {
      this.#next = element;
    } else {
      this.#push(element);
    }
  }

  /** Ends the level; at least two children must have been added. */
  finish(): number {
    const next = this.#next;
    if (next !== undefined) {
      const neighbour = this.#branch.length > 2 ? this.#branch.pop() : undefined;
      if (neighbour !== undefined) {
        this.#bytes -= sizeOf(neighbour);
        this.#endBranch();
        this.#push(neighbour);
      }
      // With three elements or fewer, none can be moved to another branch, so they all share this one and it overflows.
      this.#push(next);
    }
    if (this.#above === undefined) return this.#pages.branch(this.#branch, this.#bytes);
    this.#endBranch();
    return this.#above.finish();
  }

  #push(element: BranchElement): void {
    this.#branch.push(element);
    this.#bytes += sizeOf(element);
  }

  #endBranch(): void {
    assert(this.#branch.length >= 2, "a branch has two children at least");
    this.#above ??= new BranchLevel(this.#pages);
    this.#above.add(keyOfFirst(this.#branch), this.#pages.branch(this.#branch, this.#bytes));
    this.#branch = [];
    this.#bytes = headerBytes;
  }
}

function sizeOf({ key }: BranchElement): number {
  return elementBytes + key.length;
}

function keyOfFirst(elements: readonly { readonly key: Uint8Array }[]): Uint8Array {
  const [first] = elements;
  assert(first !== undefined, "a page of a tree with more than one has an element");
  return first.key;
}
