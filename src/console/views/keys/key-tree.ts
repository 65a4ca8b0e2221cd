import type { TreeNode, TreePage } from "../../api/console.js";
import type { ApiError } from "../../api/result.js";
import type { Binary } from "../../text/binary.js";

/** Nodes that the page asks for at once. */
export const pageSize = 500;
/** Nodes that are kept in memory; those that were in view longest ago are asked for again when they are needed. */
export const nodesMax = 20_000;

/** A row of the tree, when all open folders are written one below the other. */
export type TreeRow =
  | { readonly kind: "node"; readonly node: TreeNode; readonly depth: number; readonly open: boolean }
  /** A node that has been in view, and was forgotten. */
  | { readonly kind: "forgotten"; readonly depth: number }
  | { readonly kind: "loading"; readonly depth: number; readonly loaded: number; readonly count: number }
  | { readonly kind: "failed"; readonly depth: number; readonly error: ApiError; readonly prefix: Binary }
  | { readonly kind: "empty"; readonly depth: number };

/** A page of nodes to ask for. */
export interface WantedPage {
  readonly prefix: Binary;
  readonly page: number;
  readonly after: Binary;
}

interface Page {
  /** The name after which the page begins. */
  after: Binary;
  /** Undefined when the nodes were forgotten. */
  nodes: readonly TreeNode[] | undefined;
  length: number;
  /** Whether the store has changed since the nodes were read. They are shown until they are read again. */
  stale: boolean;
  /** Grows each time that the page is in view. */
  lastUse: number;
}

interface Branch {
  readonly prefix: Binary;
  readonly depth: number;
  readonly pages: Page[];
  /** Where the page behind the last one begins; undefined when there is none. */
  next: Binary | undefined;
  /** Keys below the prefix, as the last answer told. */
  count: number;
  open: boolean;
  error: ApiError | undefined;
}

/** Rows that follow one another in one page of a branch, or one row about the state of a branch. */
interface Stretch {
  readonly first: number;
  readonly length: number;
  readonly branch: Branch;
  /** Undefined for the row behind the last page. */
  readonly page: number | undefined;
  /** The index in the page of the first row. */
  readonly from: number;
}

/**
 * The part of the tree of keys that has been looked at. Folders are read page by page, in the order of names. The class
 * makes no calls: `wanted` tells which pages to ask for, and `receive` takes them.
 */
export class KeyTree {
  readonly #branches = new Map<Binary, Branch>();
  readonly #root: Branch;
  #stretches: readonly Stretch[] = [];
  #rows = 0;
  #nodes = 0;
  #uses = 0;
  #revision = 0;

  constructor(prefix: Binary) {
    this.#root = this.#branch(prefix, 0);
    this.#root.open = true;
    this.#layOut();
  }

  get rowCount(): number {
    return this.#rows;
  }

  /** Keys below the tree's own prefix. */
  get keyCount(): number {
    return this.#root.count;
  }

  /** The store's revision at which the oldest nodes that are not stale were read; 0 before the first ones. */
  get revision(): number {
    return this.#revision;
  }

  isOpen(prefix: Binary): boolean {
    return this.#branches.get(prefix)?.open === true;
  }

  open(prefix: Binary, depth: number): void {
    this.#branch(prefix, depth).open = true;
    this.#layOut();
  }

  close(prefix: Binary): void {
    const branch = this.#branches.get(prefix);
    if (branch === undefined || branch === this.#root) return;
    branch.open = false;
    this.#layOut();
  }

  row(index: number): TreeRow {
    const stretch = this.#stretchAt(index);
    if (stretch === undefined) return { kind: "empty", depth: 0 };
    const { branch, page } = stretch;
    const { depth } = branch;
    if (page === undefined) return stateRow(branch);
    const node = branch.pages[page]?.nodes?.[stretch.from + index - stretch.first];
    if (node === undefined) return { kind: "forgotten", depth };
    return { kind: "node", node, depth, open: node.folder && this.isOpen(node.key) };
  }

  /** The index of a key's row; undefined if it is not loaded. */
  indexOf(key: Binary): number | undefined {
    for (const { first, length, branch, page, from } of this.#stretches) {
      const nodes = page === undefined ? undefined : branch.pages[page]?.nodes;
      if (nodes === undefined || !key.startsWith(branch.prefix)) continue;
      const at = nodes.slice(from, from + length).findIndex((node) => node.key === key);
      if (at >= 0) return first + at;
    }
    return undefined;
  }

  /** The pages to ask for when the rows `[first, last)` are in view. */
  wanted(first: number, last: number): readonly WantedPage[] {
    const wanted: WantedPage[] = [];
    this.#uses++;
    for (const stretch of this.#stretches) {
      if (stretch.first >= last || stretch.first + stretch.length <= first) continue;
      const { branch, page } = stretch;
      const { prefix, pages, next, error } = branch;
      // The row of a page without nodes is the one about the state of the branch.
      const known = pages[page ?? 0];
      if (page !== undefined && known !== undefined) known.lastUse = this.#uses;
      if (error !== undefined) continue;
      if (page === undefined && next !== undefined) wanted.push({ prefix, page: pages.length, after: next });
      else if (known !== undefined && (known.nodes === undefined || known.stale)) {
        wanted.push({ prefix, page: page ?? 0, after: known.after });
      }
    }
    return wanted;
  }

  /** Takes a page. A folder with nothing but one folder in it opens that too, when it is read for the first time. */
  receive({ prefix, page, after }: WantedPage, { revision, nodes, more, count }: TreePage): void {
    const branch = this.#branches.get(prefix);
    const known = branch?.pages[page];
    // A page that was asked for before another page in front of it was read again may begin elsewhere now.
    if (branch === undefined || page > branch.pages.length || after !== (known?.after ?? branch.next)) return;
    branch.count = count;
    branch.error = undefined;
    this.#revision ||= revision;
    this.#nodes += nodes.length - (known?.nodes?.length ?? 0);
    const end = more ? nodes.at(-1)?.name : undefined;
    if (known === undefined) {
      branch.pages.push({ after, nodes, length: nodes.length, stale: false, lastUse: this.#uses });
      branch.next = end;
      const [only] = nodes;
      if (only?.folder === true && nodes.length === 1 && page === 0 && !more) {
        this.#branch(only.key, branch.depth + 1).open = true;
      }
    } else {
      Object.assign(known, { nodes, length: nodes.length, stale: false });
      this.#joinAt(branch, page + 1, end);
    }
    this.#forget();
    this.#layOut();
  }

  /** Lets the pages of a branch from one on begin where the page before it ends now. */
  #joinAt(branch: Branch, page: number, end: Binary | undefined): void {
    const behind = branch.pages[page];
    if (behind === undefined || end === undefined) {
      for (const { nodes } of branch.pages.splice(page)) this.#nodes -= nodes?.length ?? 0;
      branch.next = end;
    } else if (behind.after !== end) {
      behind.after = end;
      behind.stale = true;
    }
  }

  /** The store has changed and is at this revision now: what comes into view is read again. */
  age(revision: number): void {
    this.#revision = revision;
    for (const { pages } of this.#branches.values()) for (const page of pages) page.stale = true;
  }

  fail(prefix: Binary, error: ApiError): void {
    const branch = this.#branches.get(prefix);
    if (branch === undefined) return;
    branch.error = error;
    this.#layOut();
  }

  /** Lets a branch that failed be asked for again. */
  retry(prefix: Binary): void {
    const branch = this.#branches.get(prefix);
    if (branch !== undefined) branch.error = undefined;
    this.#layOut();
  }

  /** Forgets all nodes, but not which folders are open. */
  refresh(): void {
    for (const branch of this.#branches.values()) {
      branch.pages.length = 0;
      branch.next = "";
      branch.error = undefined;
    }
    this.#nodes = 0;
    this.#revision = 0;
    this.#layOut();
  }

  #branch(prefix: Binary, depth: number): Branch {
    const known = this.#branches.get(prefix);
    if (known !== undefined) return known;
    const branch: Branch = { prefix, depth, pages: [], next: "", count: 0, open: false, error: undefined };
    this.#branches.set(prefix, branch);
    return branch;
  }

  /** Forgets the pages that were in view longest ago, except those with an open folder, until few enough are kept. */
  #forget(): void {
    if (this.#nodes <= nodesMax) return;
    const pages = [...this.#branches.values()].flatMap((branch) => branch.pages);
    for (const page of pages.sort((one, other) => one.lastUse - other.lastUse)) {
      if (this.#nodes <= nodesMax || page.lastUse === this.#uses) return;
      if (page.nodes === undefined || page.nodes.some((node) => node.folder && this.isOpen(node.key))) continue;
      this.#nodes -= page.nodes.length;
      page.nodes = undefined;
    }
  }

  #layOut(): void {
    const stretches: Stretch[] = [];
    let rows = 0;
    const add = (branch: Branch, page: number | undefined, from: number, length: number): void => {
      if (length === 0) return;
      stretches.push({ first: rows, length, branch, page, from });
      rows += length;
    };
    const addBranch = (branch: Branch): void => {
      branch.pages.forEach(({ nodes, length }, page) => {
        let from = 0;
        nodes?.forEach((node, at) => {
          const child = node.folder ? this.#branches.get(node.key) : undefined;
          if (child?.open !== true) return;
          add(branch, page, from, at + 1 - from);
          from = at + 1;
          addBranch(child);
        });
        add(branch, page, from, length - from);
      });
      const isEmpty = branch.pages.every(({ length }) => length === 0);
      if (branch.next !== undefined || branch.error !== undefined || isEmpty) add(branch, undefined, 0, 1);
    };
    addBranch(this.#root);
    this.#stretches = stretches;
    this.#rows = rows;
  }

  #stretchAt(index: number): Stretch | undefined {
    let [low, high] = [0, this.#stretches.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const stretch = this.#stretches[middle];
      if (stretch !== undefined && stretch.first + stretch.length <= index) low = middle + 1;
      else high = middle;
    }
    return this.#stretches[low];
  }
}

function stateRow({ prefix, depth, pages, next, count, error }: Branch): TreeRow {
  if (error !== undefined) return { kind: "failed", depth, error, prefix };
  if (next === undefined) return { kind: "empty", depth };
  return { kind: "loading", depth, count, loaded: pages.reduce((sum, { length }) => sum + length, 0) };
}
