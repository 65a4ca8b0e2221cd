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
 * Called for damage. The reader leaves out what it cannot read and goes on. Without such a function, it stops with the
 * error.
 */
type OnDamage = (damage: BoltError) => void;

/**
 * Opens a file, which the caller has to close; bytes behind its last page are ignored.
 *
 * @returns the bucket that contains all others
 * @throws BoltError when it is not a bolt file; when it is cut or its freelist is damaged, unless `onDamage` is given
 */
export async function openBolt(file: BoltFile, onDamage?: OnDamage): Promise<BoltBucket> {
  const meta = await readMeta(file);
  const { size } = await file.stat();
  if (meta.pageCount * meta.pageBytes > size) {
    const lastWhole = Math.floor(size / meta.pageBytes);
    const what = `the file is cut: ${meta.pageCount} pages of ${meta.pageBytes} bytes do not fit`;
    passOn(new BoltError(lastWhole, what), onDamage);
  }
  const free = await readFreelist(file, meta).catch((error: unknown) => {
    passOn(error, onDamage);
    return undefined;
  });
  return new BoltBucket(new PageSource(file, meta, (id) => free?.has(id) === true), meta.rootPage, onDamage);
}

async function readFreelist(file: BoltFile, meta: Meta): Promise<FreePages | undefined> {
  if (meta.freelistPage === undefined) return undefined;
  return new FreePages(await new PageSource(file, meta).read(meta.freelistPage), meta.pageCount);
}

/** Reports damage, or throws it when nobody listens; throws any other error. */
function passOn(error: unknown, onDamage: OnDamage | undefined): void {
  if (onDamage === undefined || !(error instanceof BoltError)) throw error;
  onDamage(error);
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
  readonly #onDamage: OnDamage | undefined;

  constructor(pages: PageSource, root: number | Page, onDamage?: OnDamage) {
    this.#pages = pages;
    this.#root = root;
    this.#onDamage = onDamage;
  }

  /**
   * The pairs of the bucket in key order, one page at a time. They are views of the page's memory, which has no other
   * user.
   *
   * @throws BoltError (a rejection), after the pairs before the damage, unless the file was opened with `onDamage`
   */
  async *pairs(): AsyncGenerator<Pair[], void, undefined> {
    for await (const { page, elements } of this.#leaves()) {
      const pairs = elements.filter(({ isBucket }) => !isBucket);
      if (pairs.length < elements.length) passOn(new BoltError(page, "a bucket among pairs"), this.#onDamage);
      yield pairs.map(({ key, value }) => [key, value] as const);
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
        const bucket = this.#tryOpen(page, value, isBucket);
        if (bucket !== undefined) yield [key, bucket] as const;
      }
    }
  }

  #tryOpen(page: number, value: Buffer, isBucket: boolean): BoltBucket | undefined {
    try {
      if (!isBucket) throw new BoltError(page, "a pair among buckets");
      return this.#open(page, value);
    } catch (error) {
      passOn(error, this.#onDamage);
      return undefined;
    }
  }

  #open(page: number, value: Buffer): BoltBucket {
    if (value.length < bucketHeaderBytes) throw new BoltError(page, `a bucket of ${value.length} bytes`);
    const root = readUInt64(value, 0);
    if (root !== inlineRoot) return new BoltBucket(this.#pages, root, this.#onDamage);
    const bytes = value.subarray(bucketHeaderBytes);
    if (bytes.length < headerBytes) throw new BoltError(page, `an inline bucket of ${value.length} bytes`);
    const inline = { id: page, kind: bytes.readUInt16LE(8), count: bytes.readUInt16LE(10), bytes };
    return new BoltBucket(this.#pages, inline, this.#onDamage);
  }

  async *#leaves(): AsyncGenerator<Leaf, void, undefined> {
    if (typeof this.#root === "number") {
      yield* walk(this.#pages, this.#root, this.#onDamage);
      return;
    }
    let elements: LeafElement[] = [];
    try {
      elements = leafElements(this.#root, noBounds);
    } catch (error) {
      passOn(error, this.#onDamage);
    }
    yield { page: this.#root.id, elements };
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
 * sets, so that no page is visited twice and the walk ends for any file. With `onDamage` the walk goes on behind a
 * damaged page, and leaves out what is below it.
 */
async function* walk(
  pages: PageSource,
  root: number,
  onDamage: OnDamage | undefined,
): AsyncGenerator<Leaf, void, undefined> {
  const path: Step[] = [];
  let visit: Visit | undefined = { id: root, bounds: noBounds };
  while (visit !== undefined) {
    let leaf: Leaf | undefined;
    try {
      leaf = await enter(pages, path, visit, root);
    } catch (error) {
      passOn(error, onDamage);
    }
    if (leaf !== undefined) yield leaf;
    visit = nextVisit(path);
  }
}

interface Visit {
  readonly id: number;
  readonly bounds: KeyBounds;
}

/** Reads a page: adds a branch to the path, or returns a leaf. */
async function enter(pages: PageSource, path: Step[], { id, bounds }: Visit, root: number): Promise<Leaf | undefined> {
  if (path.some((step) => step.page === id)) throw new BoltError(id, "the page is above itself in the tree");
  if (path.length === depthMax) throw new BoltError(id, `the tree is deeper than ${depthMax} pages`);
  const page = await pages.read(id);
  if (page.count === 0 && (id !== root || page.kind !== pageKinds.leaf)) throw new BoltError(id, "the page is empty");
  if (page.kind !== pageKinds.branch) return { page: id, elements: leafElements(page, bounds) };
  path.push({ page: id, elements: branchElements(page, bounds), high: bounds.high, next: 0 });
  return undefined;
}

function nextVisit(path: Step[]): Visit | undefined {
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
