import { assert, type RowSink } from "../base/index.js";
import { encodeFreelist, freelistPages } from "./freelist.js";
import { encodeMeta, type Meta } from "./meta.js";
import { NewLeaf } from "./new-leaf.js";
import { bucketHeaderBytes, elementBytes, headerBytes } from "./page.js";
import { ChunkWriter, PageEncoder } from "./page-encoder.js";
import { type BucketSize, isInline, treePagesMax, treePagesMin, wholeLeafBytes } from "./plan.js";
import { TreeWriter } from "./tree-writer.js";

const pageBytes = 4096;
/** Pages 0 and 1 are the meta pages. */
const firstTreePage = 2;
/** Transaction of the later meta page. Being even, it is on page 0; bbolt overwrites the other one first. */
const transaction = 2;

/** A bucket to write. Buckets come in the order of their names, their pairs in the order of their keys. */
export interface BucketSource {
  readonly name: string;
  readonly size: BucketSize;
  /** Adds the pairs, whose number and bytes `size` tells, and yields after every few. Called once for each stream. */
  addTo(sink: RowSink): AsyncIterable<unknown>;
}

/** The layout of a file that has not been written yet. */
export interface BoltPlan {
  /** Size of the file. */
  readonly bytes: number;
  /** The file, in chunks of this size; only the last one may be shorter. The pairs of one leaf are held at a time. */
  chunks(chunkBytes: number): AsyncGenerator<Buffer, void, undefined>;
}

/** Where the parts behind the trees lie: free pages up to `freelist`, then the list of them, then the root. */
interface Layout {
  readonly freelist: number;
  readonly root: number;
  readonly pageCount: number;
}

/**
 * Plans a file with these buckets, without reading a pair: the meta pages at the beginning refer to the end, and the
 * receiver of a snapshot is told its size before its first byte. The file has room for the most pages that the buckets
 * can take; those that are left are free pages, which the user of the file fills first.
 */
export function planBolt(buckets: readonly BucketSource[]): BoltPlan {
  let trees = 0;
  let surplus = 0;
  let rootBytes = headerBytes;
  for (const { name, size } of buckets) {
    const inline = isInline(wholeLeafBytes(size), pageBytes);
    rootBytes += elementBytes + Buffer.byteLength(name) + bucketHeaderBytes + (inline ? wholeLeafBytes(size) : 0);
    if (inline) continue;
    const most = treePagesMax(size, pageBytes);
    trees += most;
    surplus += most - treePagesMin(size, pageBytes);
  }
  const freelist = firstTreePage + trees;
  const root = freelist + freelistPages(surplus, pageBytes);
  const layout = { freelist, root, pageCount: root + Math.ceil(rootBytes / pageBytes) };
  return {
    bytes: layout.pageCount * pageBytes,
    chunks: (chunkBytes) => encode(buckets, layout, chunkBytes),
  };
}

async function* encode(
  buckets: readonly BucketSource[],
  layout: Layout,
  chunkBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const { freelist, root, pageCount } = layout;
  const out = new ChunkWriter(chunkBytes);
  const meta: Meta = { pageBytes, rootPage: root, freelistPage: freelist, pageCount, transaction };
  out.append(encodeMeta(meta));
  out.append(encodeMeta({ ...meta, transaction: transaction - 1 }));
  const pages = new PageEncoder(pageBytes, firstTreePage, out);
  const names = new NewLeaf(true);
  for (const bucket of buckets) {
    const tree = new TreeWriter(pages);
    for await (const _ of bucket.addTo(tree)) {
      assert(pages.next <= freelist, "the trees fit into the pages that were planned for them");
      yield* out.take();
    }
    assert(tree.rows === bucket.size.rows, `bucket ${bucket.name} has as many rows as were counted`);
    const name = Buffer.from(bucket.name, "utf8");
    const content = tree.finishBucket();
    names.add(name, 0, name.length, content, 0, content.length);
  }
  assert(pages.next <= freelist, "the trees fit into the pages that were planned for them");
  for (let free = pages.next; free < freelist; free++) {
    out.appendZeros(pageBytes);
    yield* out.take();
  }
  out.append(encodeFreelist(freelist, pages.next, freelist, root - freelist, pageBytes));
  pages.skipTo(root);
  assert(pages.leaf(names) === root && pages.next === pageCount, "the file ends where it was planned");
  yield* out.take();
  const rest = out.rest();
  if (rest.length > 0) yield rest;
}
