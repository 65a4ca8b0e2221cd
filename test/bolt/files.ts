import { mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type BucketSource, openBolt, planBolt } from "../../src/bolt/index.js";

/**
 * A file that bbolt 1.3.6 has written in three transactions, with pages of 1 KiB. Its buckets are `empty`; `large`,
 * with values of 0 to 5000 bytes under `size00000` and so on; `many`, with the keys of `key00000000` to `key00000599`
 * outside of [100, 400) and every seventh one inside, whose values are their numbers; and `small`, with one pair.
 */
export async function bboltFile(): Promise<Buffer> {
  return gunzipSync(await readFile(fileURLToPath(new URL("testdata/bbolt-1.3.6.db.gz", import.meta.url))));
}

/** The contents of `shortLeavesFile`. */
export const shortLeavesContents: Contents = {
  a: numbered(30, (at) => "v".repeat(300 + at)),
  b: [["key", "value"]],
};

/**
 * A file whose leaves are single pages: 2 is the freelist, 3 to 5 are the leaves of `a`, 6 is their branch, and 7 the
 * root, in which `b` lies.
 */
export async function shortLeavesFile(): Promise<Buffer> {
  return gunzipSync(await readFile(fileURLToPath(new URL("testdata/short-leaves.db.gz", import.meta.url))));
}

/** Pairs with the keys `key00000000` and so on. */
export function numbered(count: number, value: (at: number) => string): [string, string][] {
  return Array.from({ length: count }, (_, at) => [`key${String(at).padStart(8, "0")}`, value(at)]);
}

/** The pairs of each bucket, as latin1 text. */
export type Contents = Readonly<Record<string, readonly (readonly [key: string, value: string])[]>>;

/** A file with the given buckets, which must be in order. */
export async function boltFile(contents: Contents, chunkBytes = 32 * 1024): Promise<Buffer> {
  const plan = planBolt(Object.entries(contents).map(([name, pairs]) => source(name, pairs)));
  const chunks: Buffer[] = [];
  for await (const chunk of plan.chunks(chunkBytes)) chunks.push(chunk);
  const file = Buffer.concat(chunks);
  if (file.length !== plan.bytes) throw new Error(`planned ${plan.bytes} bytes, wrote ${file.length}`);
  return file;
}

/** The whole contents of a file. */
export async function contentsOf(file: Uint8Array): Promise<Contents> {
  return await inFile(file, contentsAt);
}

export async function contentsAt(path: string): Promise<Contents> {
  const contents: Record<string, (readonly [string, string])[]> = {};
  const handle = await open(path);
  try {
    for await (const [name, bucket] of (await openBolt(handle)).buckets()) {
      const pairs: (readonly [string, string])[] = [];
      for await (const page of bucket.pairs()) {
        for (const [key, value] of page) pairs.push([text(key), text(value)]);
      }
      contents[text(name)] = pairs;
    }
  } finally {
    await handle.close();
  }
  return contents;
}

/** Writes the bytes to a temporary file while `use` runs. */
export async function inFile<T>(file: Uint8Array, use: (path: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "bolt-test-"));
  try {
    const path = join(folder, "db");
    await writeFile(path, file);
    return await use(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

function source(name: string, pairs: readonly (readonly [string, string])[]): BucketSource {
  const size = {
    rows: pairs.length,
    bytes: pairs.reduce((sum, [key, value]) => sum + key.length + value.length, 0),
    keyBytesMax: Math.max(0, ...pairs.map(([key]) => key.length)),
  };
  return {
    name,
    size,
    async *addTo(sink) {
      // As the parts of larger arrays that they are in a database.
      for (const [at, [key, value]] of pairs.entries()) {
        sink.add(bytes(`..${key}.`), 2, key.length, bytes(`.${value}..`), 1, value.length);
        if (at % 1000 === 999) yield;
      }
    },
  };
}

function bytes(value: string): Buffer {
  return Buffer.from(value, "latin1");
}

function text(value: Uint8Array): string {
  return Buffer.from(value).toString("latin1");
}
