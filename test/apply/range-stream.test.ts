import fc from "fast-check";
import { expect, test } from "vitest";
import { ChunkRoom, type RangeChunk, RangeStream } from "../../src/apply/index.js";
import { applyRange } from "../../src/apply/range.js";
import { MemoryAccount, silentLogger, systemClock } from "../../src/base/index.js";
import type { Store } from "../../src/mvcc/index.js";
import { CompactionRequest, type RangeRequest, RangeResponse } from "../../src/wire/index.js";
import { type Bench, contextOf, del, openBench, put, range } from "./fixtures.js";

const requestBytesMax = 1.5 * 1024 * 1024;
const mebibyte = 1024 * 1024;

/** A store with `count` keys `k000000`, ... of values of so many bytes. */
async function filled(count: number, valueBytes: (at: number) => number): Promise<Bench> {
  const bench = await openBench();
  for (let at = 0; at < count; at++) {
    bench.mustApply({ put: put(`k${String(at).padStart(6, "0")}`, "v".repeat(valueBytes(at))) });
  }
  return bench;
}

function open(
  store: Store,
  request: RangeRequest,
  limitBytes = Number.POSITIVE_INFINITY,
  room = new ChunkRoom(requestBytesMax),
) {
  const account = new MemoryAccount({ limitBytes, clock: systemClock, logger: silentLogger });
  const { asker } = contextOf();
  const stream = new RangeStream(store, request, { asker, memory: account.pot("reads"), room });
  return { account, asker, stream };
}

async function chunksOf(stream: RangeStream): Promise<RangeChunk[]> {
  const chunks: RangeChunk[] = [];
  for (let chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) chunks.push(chunk);
  return chunks;
}

function decoded(chunks: readonly RangeChunk[]): RangeResponse {
  return RangeResponse.decode(Buffer.concat(chunks.flatMap(({ pieces }) => pieces)));
}

function pairsOf(chunk: RangeChunk): number {
  return decoded([chunk]).kvs.length;
}

test("RangeStream: first chunk 10 keys, then the limit doubles while a chunk is below half of the target", async () => {
  const { store } = await filled(4_000, () => 1_000);
  const chunks = await chunksOf(open(store, range("k", "l")).stream);
  expect(chunks.map(pairsOf)).toEqual([10, 20, 40, 80, 160, 320, 640, 1_280, 1_280, 170]);
  expect(chunks.map(({ end }) => end)).toEqual([...Array(9).fill(undefined), { more: false, count: 4_000 }]);
});

test("RangeStream: many streams get smaller chunks, so that all of them together hold a few MiB", async () => {
  const { store } = await filled(4_000, () => 1_000);
  const room = new ChunkRoom(requestBytesMax);
  const others = Array.from({ length: 19 }, () => open(store, range("k", "l"), undefined, room).stream);
  const { stream } = open(store, range("k", "l"), undefined, room);
  const sizes = (await chunksOf(stream)).map(({ bytes }) => bytes);
  expect(Math.max(...sizes) * 20).toBeLessThanOrEqual(2 * 4 * mebibyte);
  for (const other of others) other.close();
  stream.close();
  stream.close();
  expect(room.chunkBytes).toBe(requestBytesMax);
});

test("RangeStream: the limit halves after a chunk above twice the target, down to one key", async () => {
  const { store } = await filled(20, () => 900_000);
  const chunks = await chunksOf(open(store, range("k", "l")).stream);
  expect(chunks.map(pairsOf)).toEqual([10, 5, 2, 2, 1]);
});

test("RangeStream: a chunk after a run of small keys is cut at a bound in bytes", async () => {
  const { store } = await filled(2_600, (at) => (at < 2_550 ? 10 : 900_000));
  const chunks = await chunksOf(open(store, range("k", "l")).stream);
  expect(Math.max(...chunks.map(({ bytes }) => bytes))).toBeLessThanOrEqual(17 * mebibyte);
  expect(decoded(chunks).kvs.length).toBe(2_600);
});

for (const { name, ask, want } of [
  { name: "limit 0: all keys", ask: {}, want: { sizes: [10, 20, 15], more: false, count: 45 } },
  {
    name: "limit N: at most N keys over all chunks",
    ask: { limit: 25 },
    want: { sizes: [10, 15], more: true, count: 45 },
  },
  { name: "a limit at the end of a chunk", ask: { limit: 30 }, want: { sizes: [10, 20], more: true, count: 45 } },
  { name: "more is true only if cut", ask: { limit: 45 }, want: { sizes: [10, 20, 15], more: false, count: 45 } },
  { name: "a negative limit: all keys", ask: { limit: -1 }, want: { sizes: [10, 20, 15], more: false, count: 45 } },
  {
    name: "count_only: one chunk, limit ignored",
    ask: { countOnly: true, limit: 3 },
    want: { sizes: [0], more: false, count: 45 },
  },
  { name: "nothing found: one chunk", ask: { key: "x", rangeEnd: "y" }, want: { sizes: [0], more: false, count: 0 } },
  { name: "a single key", ask: { key: "k000003", rangeEnd: "" }, want: { sizes: [1], more: false, count: 1 } },
  { name: "from a key on", ask: { key: "k000040", rangeEnd: "\0" }, want: { sizes: [5], more: false, count: 5 } },
  {
    name: "an old revision: the count is exact",
    ask: { revision: 31, limit: 12 },
    want: { sizes: [10, 2], more: true, count: 30 },
  },
]) {
  test(`RangeStream: ${name}`, async () => {
    const { store } = await filled(45, () => 5);
    const chunks = await chunksOf(open(store, { ...range("k", "l"), ...ask }).stream);
    expect({ sizes: chunks.map(pairsOf), ...chunks.at(-1)?.end }).toEqual(want);
  });
}

test("RangeStream: the merged chunks are the answer of Range", async () => {
  const key = fc.integer({ min: 0, max: 60 }).map((at) => `k${String(at).padStart(2, "0")}`);
  const change = fc.record({ key, bytes: fc.integer({ min: 0, max: 400 }), deletes: fc.boolean() });
  const ask = fc.record({
    key,
    rangeEnd: fc.oneof(key, fc.constantFrom("", "\0", "l")),
    limit: fc.integer({ min: 0, max: 70 }),
    age: fc.integer({ min: 0, max: 40 }),
    keysOnly: fc.boolean(),
    countOnly: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 120 }), fc.array(ask, { maxLength: 20 }), async (changes, asks) => {
      const bench = await openBench();
      for (const { key: changed, bytes, deletes } of changes) {
        bench.mustApply(deletes ? { deleteRange: del(changed) } : { put: put(changed, "v".repeat(bytes)) });
      }
      for (const { age, ...fields } of asks) {
        const revision = Math.max(1, bench.store.revision - age);
        const request = { ...range(fields.key), ...fields, revision };
        const { stream, account } = open(bench.store, request);
        const chunks = await chunksOf(stream);
        const { kvs, more, count } = RangeResponse.decode(RangeResponse.encode(applyRange(bench.store, request)));
        expect({ kvs: decoded(chunks).kvs, ...chunks.at(-1)?.end }).toEqual({
          kvs,
          more: more && !fields.countOnly,
          count,
        });
        expect(account.heldBytes).toBe(0);
      }
    }),
    { numRuns: 60 },
  );
});

for (const { name, revision } of [
  { name: "revision 0 is pinned", revision: 0 },
  { name: "a negative revision is pinned, too", revision: -5 },
]) {
  test(`RangeStream: ${name} to the first chunk, and writes after the start are not seen`, async () => {
    const bench = await filled(45, () => 5);
    const { stream } = open(bench.store, range("k", "l", { revision }));
    const before = bench.store.revision;
    const first = await stream.next();
    bench.mustApply({ put: put("k000044x", "new") });
    bench.mustApply({ deleteRange: del("k000040") });
    const rest = await chunksOf(stream);
    expect(first).toBeDefined();
    expect([10, ...rest.map(pairsOf)]).toEqual([10, 20, 15]);
    expect(rest.at(-1)?.end).toEqual({ more: false, count: 45 });
    expect(stream.revision).toBe(before);
  });
}

test("RangeStream: the header's revision is the newest at the start, also for an older revision", async () => {
  const { store } = await filled(45, () => 5);
  expect(open(store, range("k", "l", { revision: 20 })).stream.revision).toBe(store.revision);
});

for (const { name, revision, kind } of [
  { name: "a future revision is refused", revision: 1_000, kind: "futureRevision" },
  { name: "a compacted revision is refused", revision: 3, kind: "compacted" },
]) {
  test(`RangeStream: ${name} as by Range`, async () => {
    const bench = await filled(45, () => 5);
    bench.mustApply({ compaction: CompactionRequest.create({ revision: 10 }) });
    const { stream, account } = open(bench.store, range("k", "l", { revision }));
    await expect(stream.next()).rejects.toMatchObject({ kind });
    expect(account.heldBytes).toBe(0);
  });
}

test("RangeStream: a compaction past the pinned revision ends the stream, and does not wait for it", async () => {
  const bench = await filled(45, () => 5);
  const { stream } = open(bench.store, range("k", "l"));
  expect(pairsOf((await stream.next()) ?? { pieces: [], bytes: 0 })).toBe(10);
  bench.mustApply({ put: put("k000044x", "new") });
  const compacted = bench.mustApply({ compaction: CompactionRequest.create({ revision: bench.store.revision }) });
  if (compacted.error === undefined) await compacted.done;
  await expect(stream.next()).rejects.toMatchObject({ kind: "compacted" });
});

test("RangeStream: no memory is held between two chunks, and at most one chunk while it is read", async () => {
  const { store } = await filled(400, () => 50_000);
  const { stream, account } = open(store, range("k", "l"));
  let [bytes, chunks] = [0, 0];
  for (let chunk = await stream.next(); chunk !== undefined; chunk = await stream.next()) {
    bytes += chunk.bytes;
    chunks++;
    expect(account.heldBytes).toBe(0);
  }
  expect(bytes).toBeGreaterThan(19 * mebibyte);
  expect(chunks).toBeGreaterThan(5);
  expect(account.peakBytes).toBeLessThan(5 * mebibyte);
});

test("RangeStream: without memory to spare, chunks are cut short instead of refused", async () => {
  const { store } = await filled(200, () => 20_000);
  const { stream, account } = open(store, range("k", "l"), 1.5 * mebibyte);
  const chunks = await chunksOf(stream);
  expect(decoded(chunks).kvs.length).toBe(200);
  expect(Math.max(...chunks.map(({ bytes }) => bytes))).toBeLessThan(mebibyte);
  expect(account.peakBytes).toBeLessThanOrEqual(1.5 * mebibyte);
});

test("RangeStream: a client that has gone ends the reading", async () => {
  const { store } = await filled(45, () => 5);
  const { stream, asker, account } = open(store, range("k", "l"), 64 * 1024);
  asker.leave();
  await expect(stream.next()).rejects.toMatchObject({ kind: "canceled" });
  expect(account.heldBytes).toBe(0);
});
