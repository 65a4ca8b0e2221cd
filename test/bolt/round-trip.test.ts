import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeFreelist, FreePages, freelistPages } from "../../src/bolt/freelist.js";
import { type BucketSource, planBolt } from "../../src/bolt/index.js";
import { decodeMeta } from "../../src/bolt/meta.js";
import { bboltFile, boltFile, type Contents, contentsOf, numbered } from "./files.js";

// Tests that a written file can be read back. test/e2e/snapshot.test.ts tests that bbolt can read and write it.

describe("a written file can be read back", () => {
  // A page of these is the list of free pages, and a bucket that is not inline may leave a page free.
  for (const { name, contents, pages } of [
    { name: "without buckets", contents: {}, pages: 4 },
    { name: "an empty bucket, inline", contents: { a: [] }, pages: 4 },
    { name: "a small bucket, inline", contents: { a: [["k", "v"]] }, pages: 4 },
    { name: "a bucket a byte too large to be inline", contents: { a: [["k", "v".repeat(992)]] }, pages: 5 },
    { name: "a bucket just small enough to be inline", contents: { a: [["k", "v".repeat(991)]] }, pages: 4 },
    { name: "an empty value", contents: { a: [["k", ""]] }, pages: 4 },
    { name: "a leaf that fills its page to the last byte", contents: { a: [["k", "v".repeat(4063)]] }, pages: 6 },
    { name: "a leaf that runs over by one byte", contents: { a: [["k", "v".repeat(4064)]] }, pages: 6 },
    { name: "a value of 1 MiB between small ones", contents: { a: large(1 << 20) }, pages: 270 },
    { name: "two leaves under a branch", contents: { a: numbered(2, () => "v".repeat(130_000)) } },
    { name: "three levels", contents: { a: numbered(400, () => "v".repeat(130_000)) } },
    { name: "many short pairs and many buckets", contents: { a: numbered(60_000, String), b: [], c: [["x", "y"]] } },
    { name: "branches of keys longer than a page", contents: { a: longKeys(7) } },
    { name: "three children that no branch has room for", contents: { a: longKeys(3) } },
    { name: "more buckets than a page has room for", contents: manyBuckets(300) },
  ] satisfies { name: string; contents: Contents; pages?: number }[]) {
    test(name, async () => {
      const file = await boltFile(contents);
      if (pages !== undefined) expect(file.length / 4096).toBe(pages);
      expect(await contentsOf(file)).toEqual(contents);
    });
  }

  test("with arbitrary pairs", async () => {
    const word = (minLength: number) =>
      fc.uint8Array({ minLength, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
    const repeated = (part: fc.Arbitrary<string>, most: number) =>
      fc.tuple(fc.oneof(fc.constant(1), fc.nat(most)), part).map(([times, text]) => text.repeat(1 + times));
    const pair = fc.tuple(repeated(word(1), 300), repeated(word(0), 1000));
    const bucket = fc
      .uniqueArray(pair, { selector: ([name]) => name, maxLength: 60 })
      .map((pairs) => pairs.sort(byKey));
    const contents = fc.tuple(bucket, bucket).map(([a, b]): Contents => ({ a, b }));
    await fc.assert(
      fc.asyncProperty(contents, async (value) => {
        expect(await contentsOf(await boltFile(value))).toEqual(value);
      }),
      { numRuns: 60 },
    );
  });
});

test("a file has few free pages, and lists them", async () => {
  const file = await boltFile({ a: numbered(20_000, (at) => "v".repeat(at % 700)) });
  const { freelistPage = 0, pageCount } = decodeMeta(file, 0);
  const free = file.readUInt16LE(freelistPage * 4096 + 10);
  expect(free).toBeGreaterThan(0);
  expect(free / pageCount).toBeLessThan(0.04);
  // bbolt takes them for new pages, and complains about pages that are neither free nor in use.
  const first = file.readUInt32LE(freelistPage * 4096 + 16);
  expect(first + free).toBe(freelistPage);
  expect(file.subarray(first * 4096, freelistPage * 4096).every((byte) => byte === 0)).toBe(true);
});

test("a file whose buckets have other pairs than were counted is not completed", async () => {
  const size = { rows: 2, bytes: 4000, keyBytesMax: 1 };
  const addTo: BucketSource["addTo"] = async function* (sink) {
    sink.add(Buffer.from("a"), 0, 1, Buffer.alloc(1999), 0, 1999);
    yield;
  };
  const read = async (): Promise<void> => {
    for await (const _ of planBolt([{ name: "a", size, addTo }]).chunks(4096));
  };
  await expect(read()).rejects.toThrow("as many rows as were counted");
});

test("a list of more free pages than a header can count has its number in front", () => {
  const [first, end] = [10, 70_010];
  const pages = freelistPages(end - first, 4096);
  const bytes = encodeFreelist(end, first, end, pages, 4096);
  const free = new FreePages({ id: end, kind: 0x10, count: bytes.readUInt16LE(10), bytes }, end + pages);
  expect([first - 1, first, end - 1, end].map((id) => free.has(id))).toEqual([false, true, true, false]);
});

test("a file of bbolt is read with all its pairs", async () => {
  const value = (at: number) => (at === 5 ? "again" : `value ${at}`);
  expect(await contentsOf(await bboltFile())).toEqual({
    empty: [],
    large: [0, 1, 900, 1024, 5000].map((size) => [`size${String(size).padStart(5, "0")}`, "v".repeat(size)]),
    many: numbered(600, value).filter((_, at) => at < 100 || at >= 400 || at % 7 === 0),
    small: [["key", "value"]],
  });
});

test("chunks of all sizes make the same file", async () => {
  const contents = { a: numbered(300, String), b: large(20_000) };
  const file = await boltFile(contents);
  for (const chunkBytes of [1, 7, 4096, 5000, 1 << 20]) {
    expect((await boltFile(contents, chunkBytes)).equals(file)).toBe(true);
  }
});

test("pairs that are out of order are refused, also at the beginning of a leaf", async () => {
  const longer = "v".repeat(140_000);
  for (const [keys, value] of [
    ["ba", ""],
    ["aa", ""],
    ["bca", longer],
    ["bcc", longer],
  ] as const) {
    const pairs = [...keys].map((key) => [key, value] as const);
    await expect(boltFile({ a: pairs })).rejects.toThrow("pairs come in order");
  }
  await expect(boltFile({ a: [["", "value"]] })).rejects.toThrow("no key of a stored pair is empty");
});

function large(bytes: number): [string, string][] {
  return [
    ["a", "small"],
    ["b", "v".repeat(bytes)],
    ["c", "small"],
  ];
}

function longKeys(count: number): [string, string][] {
  return Array.from({ length: count }, (_, at) => [`${at}${"k".repeat(5000)}`, String(at)]);
}

function manyBuckets(count: number): Contents {
  return Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`bucket${String(at).padStart(4, "0")}`, [["key", `value ${at}`]]]),
  );
}

function byKey([left]: readonly [string, string], [right]: readonly [string, string]): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
