import { assert } from "../base/index.js";
import { encodeEmptyFreelist } from "./freelist.js";
import { encodeMeta, type Meta } from "./meta.js";
import type { Pair } from "./page.js";
import { ChunkWriter, PageCounter, PageEncoder, type PageSink } from "./page-sink.js";
import { TreeWriter } from "./tree-writer.js";

const pageBytes = 4096;
const freelistPage = 2;
const firstTreePage = 3;
/** Transaction of the later meta page. Being even, it is on page 0; bbolt overwrites the other one first. */
const transaction = 2;

/** A bucket to write. Buckets come in the order of their names, their pairs in the order of their keys. */
export interface BucketSource {
  readonly name: string;
  /** The pairs; called twice, and must return the same both times. */
  pairs(): AsyncIterable<readonly Pair[]>;
}

/** The layout of a file that has not been written yet. */
export interface BoltPlan {
  /** Size of the file. */
  readonly bytes: number;
  /** The file, in chunks of this size; only the last one may be shorter. One batch of pairs is held at a time. */
  chunks(chunkBytes: number): AsyncGenerator<Buffer, void, undefined>;
}

/**
 * Plans a file with these buckets. The pairs are read twice, once for the layout and once for writing: the meta pages
 * at the beginning refer to the end, and the receiver of a snapshot is told its size before its first byte. Reading
 * once would mean keeping the file until it is sent. That takes as much disk again as the data, just when the operator
 * of a full disk wants a copy; a plan also leaves nothing behind when the process dies.
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

/** Feeds the pairs to the pages, one batch per step. @returns the page of the root */
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
