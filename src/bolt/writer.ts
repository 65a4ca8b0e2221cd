import { assert } from "../base/index.js";
import { encodeEmptyFreelist } from "./freelist.js";
import { encodeMeta, type Meta } from "./meta.js";
import type { Pair } from "./page.js";
import { ChunkWriter, PageCounter, PageEncoder, type PageSink } from "./page-sink.js";
import { TreeWriter } from "./tree-writer.js";

const pageBytes = 4096;
const freelistPage = 2;
const firstTreePage = 3;
/** The later of the two meta pages has an even number: it is page 0, and bbolt overwrites the other one first. */
const transaction = 2;

/** A bucket to write. Buckets come in the order of their names, their pairs in the order of their keys. */
export interface BucketSource {
  readonly name: string;
  /** Asked twice; must give the same both times. */
  pairs(): AsyncIterable<readonly Pair[]>;
}

/** A file that is laid out but not written. */
export interface BoltPlan {
  /** Size of the file. */
  readonly bytes: number;
  /** The file, in chunks of that size; only the last may be shorter. What is held at once is a batch of pairs. */
  chunks(chunkBytes: number): AsyncGenerator<Buffer, void, undefined>;
}

/**
 * Lays out a file with these buckets. The pairs are read twice, first to lay out the file and then to write it: the
 * meta pages, which come first, lead to what comes last, and who receives a snapshot is told its size before its first
 * byte. To read once and keep the file until it is sent would need as much disk again as the data takes, in the very
 * hour when an operator of a full disk wants a copy; and a plan leaves nothing behind when the process dies.
 */
export async function planBolt(buckets: readonly BucketSource[]): Promise<BoltPlan> {
  const counter = new PageCounter(pageBytes, firstTreePage);
  const layout = layOut(buckets, counter);
  let step = await layout.next();
  while (step.done !== true) step = await layout.next();
  const meta = { pageBytes, rootPage: step.value, freelistPage, pageCount: counter.next, transaction };
  return {
    bytes: meta.pageCount * pageBytes,
    chunks: (chunkBytes) => encode(buckets, meta, chunkBytes),
  };
}

async function* encode(
  buckets: readonly BucketSource[],
  meta: Meta,
  chunkBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  const out = new ChunkWriter(chunkBytes);
  out.append(encodeMeta(meta));
  out.append(encodeMeta({ ...meta, transaction: transaction - 1 }));
  out.append(encodeEmptyFreelist(freelistPage, pageBytes));
  const layout = layOut(buckets, new PageEncoder(pageBytes, firstTreePage, out));
  let bytes = 0;
  try {
    let step = await layout.next();
    while (true) {
      for (const chunk of out.take()) {
        bytes += chunk.length;
        yield chunk;
      }
      if (step.done === true) break;
      step = await layout.next();
    }
    assert(step.value === meta.rootPage, "the file that is written has the root where it was planned");
  } finally {
    // A caller that stops early must release the pairs' source, too.
    await layout.return(0);
  }
  const rest = out.rest();
  assert(bytes + rest.length === meta.pageCount * pageBytes, "the file that is written has the size that was planned");
  if (rest.length > 0) yield rest;
}

/** Feeds the pairs to the pages, a batch a step; in the end, the page of the root. */
async function* layOut(buckets: readonly BucketSource[], pages: PageSink): AsyncGenerator<void, number, undefined> {
  const root = new TreeWriter(pages);
  for (const bucket of buckets) {
    const tree = new TreeWriter(pages);
    for await (const batch of bucket.pairs()) {
      for (const [key, value] of batch) tree.add({ key, value, isBucket: false });
      yield;
    }
    root.add({ key: Buffer.from(bucket.name, "utf8"), value: tree.finishBucket(), isBucket: true });
  }
  return root.finish();
}
