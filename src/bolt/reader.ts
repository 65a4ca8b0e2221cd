import { BoltError } from "./bolt-error.js";
import { FreePages } from "./freelist.js";
import { decodeMeta, type Meta, metaBytes, secondMetaOffsets } from "./meta.js";
import {
  type BranchElement,
  branchElements,
  bucketHeaderBytes,
  headerBytes,
  inlineRoot,
  type KeyBounds,
  type LeafElement,
  leafElements,
  noBounds,
  type Page,
  type Pair,
  pageKinds,
  readUInt64,
} from "./page.js";
import { type BoltFile, PageSource, readAt } from "./page-source.js";

/** The deepest tree: one of this depth has more leaves than any disk can hold, so a deeper one is damaged. */
const depthMax = 48;

/**
 * Opens a file, which the caller has to close; bytes behind its last page are ignored.
 *
 * @returns the bucket that contains all others
 * @throws BoltError when it is not a bolt file, is cut, or its freelist is damaged
 */
export async function openBolt(file: BoltFile): Promise<BoltBucket> {
  const meta = await readMeta(file);
  const { size } = await file.stat();
  if (meta.pageCount * meta.pageBytes > size) {
    const lastWhole = Math.floor(size / meta.pageBytes);
    throw new BoltError(lastWhole, `the file is cut: ${meta.pageCount} pages of ${meta.pageBytes} bytes do not fit`);
  }
  if (meta.freelistPage === undefined) return new BoltBucket(new PageSource(file, meta), meta.rootPage);
  const freelist = await new PageSource(file, meta).read(meta.freelistPage);
  const free = new FreePages(freelist, meta.pageCount);
  return new BoltBucket(new PageSource(file, meta, (id) => free.has(id)), meta.rootPage);
}

/** The size of a file's pages that are in use. The file may be longer, since bbolt makes it grow in large steps. */
export async function boltBytes(file: BoltFile): Promise<number> {
  const { pageBytes, pageCount } = await readMeta(file);
  return pageBytes * pageCount;
}

/** A bucket of a file; it holds either pairs or buckets, as in etcd, never both. */
export class BoltBucket {
  readonly #pages: PageSource;
  readonly #root: number | Page;

  constructor(pages: PageSource, root: number | Page) {
    this.#pages = pages;
    this.#root = root;
  }

  /**
   * The pairs of the bucket in key order, one page at a time. They are views of the page's memory, which has no other
   * user.
   *
   * @throws BoltError (a rejection), after the pairs before the damage
   */
  async *pairs(): AsyncGenerator<Pair[], void, undefined> {
    for await (const { page, elements } of this.#leaves()) {
      yield elements.map(({ key, value, isBucket }) => {
        if (isBucket) throw new BoltError(page, "a bucket among pairs");
        return [key, value] as const;
      });
    }
  }

  /**
   * The buckets inside the bucket, in order of their names.
   *
   * @throws BoltError as `pairs`
   */
  async *buckets(): AsyncGenerator<readonly [name: Uint8Array, bucket: BoltBucket], void, undefined> {
    for await (const { page, elements } of this.#leaves()) {
      for (const { key, value, isBucket } of elements) {
        if (!isBucket) throw new BoltError(page, "a pair among buckets");
        yield [key, this.#open(page, value)] as const;
      }
    }
  }

  #open(page: number, value: Buffer): BoltBucket {
    if (value.length < bucketHeaderBytes) throw new BoltError(page, `a bucket of ${value.length} bytes`);
    const root = readUInt64(value, 0);
    if (root !== inlineRoot) return new BoltBucket(this.#pages, root);
    const bytes = value.subarray(bucketHeaderBytes);
    if (bytes.length < headerBytes) throw new BoltError(page, `an inline bucket of ${value.length} bytes`);
    return new BoltBucket(this.#pages, {
      id: page,
      kind: bytes.readUInt16LE(8),
      count: bytes.readUInt16LE(10),
      bytes,
    });
  }

  async *#leaves(): AsyncGenerator<Leaf, void, undefined> {
    if (typeof this.#root !== "number") {
      yield { page: this.#root.id, elements: leafElements(this.#root, noBounds) };
      return;
    }
    yield* walk(this.#pages, this.#root);
  }
}

interface Leaf {
  readonly page: number;
  readonly elements: LeafElement[];
}

/** A branch on the path to the current leaf. */
interface Step {
  readonly page: number;
  readonly elements: readonly BranchElement[];
  readonly high: Buffer | undefined;
  next: number;
}

/**
 * Walks the leaves of a tree from left to right. Every page must have keys within the bounds that the branch above
 * sets, so that no page is visited twice and the walk ends for any file.
 */
async function* walk(pages: PageSource, root: number): AsyncGenerator<Leaf, void, undefined> {
  const path: Step[] = [];
  let visit: { id: number; bounds: KeyBounds } | undefined = { id: root, bounds: noBounds };
  while (visit !== undefined) {
    const { id, bounds } = visit;
    if (path.some((step) => step.page === id)) throw new BoltError(id, "the page is above itself in the tree");
    if (path.length === depthMax) throw new BoltError(id, `the tree is deeper than ${depthMax} pages`);
    const page = await pages.read(id);
    if (page.count === 0 && (id !== root || page.kind !== pageKinds.leaf)) throw new BoltError(id, "the page is empty");
    if (page.kind === pageKinds.branch) {
      path.push({ page: id, elements: branchElements(page, bounds), high: bounds.high, next: 0 });
    } else {
      yield { page: id, elements: leafElements(page, bounds) };
    }
    visit = nextVisit(path);
  }
}

function nextVisit(path: Step[]): { id: number; bounds: KeyBounds } | undefined {
  for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
    const element = step.elements[step.next++];
    if (element !== undefined) {
      const high = step.elements[step.next]?.key ?? step.high;
      return { id: element.child, bounds: { low: element.key, high } };
    }
    path.pop();
  }
  return undefined;
}

/** Reads the valid meta page: the intact one with the later transaction. */
async function readMeta(file: BoltFile): Promise<Meta> {
  const first = await tryMeta(file, 0, 0);
  const offsets = first instanceof BoltError ? secondMetaOffsets() : [first.pageBytes];
  let best: Meta | BoltError = first;
  for (const offset of offsets) {
    const second = await tryMeta(file, offset, 1);
    if (second instanceof BoltError || second.pageBytes !== offset) continue;
    if (best instanceof BoltError || second.transaction > best.transaction) best = second;
  }
  if (best instanceof BoltError) throw best;
  return best;
}

async function tryMeta(file: BoltFile, offset: number, id: number): Promise<Meta | BoltError> {
  const bytes = Buffer.alloc(metaBytes);
  const got = await readAt(file, bytes, offset);
  try {
    return decodeMeta(bytes.subarray(0, got), id);
  } catch (error) {
    if (error instanceof BoltError) return error;
    throw error;
  }
}
