import { describe, expect, test } from "vitest";
import { EtcdError, ManualClock } from "../../src/base/index.js";
import { kvBindings } from "../../src/proxy/kv/kv-bindings.js";
import { RangeCache } from "../../src/proxy/kv/range-cache.js";
import { CallError } from "../../src/rpc/index.js";
import { PutRequest, PutResponse, RangeRequest, RangeResponse, services } from "../../src/wire/index.js";

const { Range, Put } = services["etcdserverpb.KV"];

/** The methods about keys over a member that the test plays: it answers a call when the test says so. */
function world() {
  const clock = new ManualClock();
  const cache = new RangeCache();
  const waiting: { readonly path: string; answer(revision: number): void; refuse(error: Error): void }[] = [];
  const next = (path: string): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      const answerOf = (revision: number): Uint8Array => {
        const header = { clusterId: 1n, memberId: 1n, revision, raftTerm: 1 };
        return path === Put.path
          ? PutResponse.encode(PutResponse.create({ header }))
          : RangeResponse.encode(RangeResponse.create({ header, count: revision }));
      };
      waiting.push({ path, answer: (revision) => resolve(answerOf(revision)), refuse: reject });
    });
  const bindings = new Map(kvBindings(next, cache, clock).map((binding) => [binding.path, binding]));
  const run = async (path: string, request: Uint8Array, metadata: Readonly<Record<string, string>> = {}) => {
    const binding = bindings.get(path);
    if (binding?.kind !== "unary") throw new Error(`no method ${path}`);
    const { signal } = new AbortController();
    return await binding.run(request, { cancelled: false, signal, metadata: (name) => metadata[name] });
  };
  /** Reads a range. @returns the revision of the answer */
  const read = async (key: string, rangeEnd = "", serializable = true, metadata = {}): Promise<number> => {
    const answer = await run(
      Range.path,
      RangeRequest.encode(RangeRequest.create({ key, rangeEnd, serializable })),
      metadata,
    );
    return RangeResponse.decode(answer as Uint8Array).count;
  };
  const put = (key: string) => run(Put.path, PutRequest.encode(PutRequest.create({ key })));
  /** Answers the oldest call. */
  const answer = async (revision: number): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    waiting.shift()?.answer(revision);
  };
  return { clock, cache, waiting, read, put, answer };
}

describe("a kept answer", () => {
  test("is not one of a read that was under way during a write to its range", async () => {
    const { read, put, answer, waiting } = world();
    const early = read("a", "c");
    const write = put("b");
    await new Promise((resolve) => setImmediate(resolve));
    waiting.splice(1, 1)[0]?.answer(5);
    await write;
    await answer(5);
    expect(await early).toBe(5);
    const late = read("a", "c");
    await answer(6);
    expect(await late).toBe(6);
    expect(await read("a", "c")).toBe(6);
    expect(waiting).toEqual([]);
  });

  test("is not one of a member that lags behind a write", async () => {
    const { read, put, answer, cache } = world();
    const write = put("other");
    await answer(9);
    await write;
    const lagging = read("a");
    await answer(8);
    expect(await lagging).toBe(8);
    expect(cache.size).toBe(0);
    const current = read("a");
    await answer(9);
    expect([await current, cache.size]).toEqual([9, 1]);
  });

  test("is given to nobody with a token, and to nobody without one when members refuse that", async () => {
    const { read, answer, waiting, clock, cache } = world();
    const first = read("a");
    await answer(3);
    await first;
    const known = read("a", "", true, { token: "t" });
    await answer(4);
    expect(await known).toBe(4);
    expect(await read("a")).toBe(3);
    clock.advance(2_000);
    const refused = read("a");
    await new Promise((resolve) => setImmediate(resolve));
    const { code, message } = new EtcdError("userEmpty");
    waiting.shift()?.refuse(new CallError(code, message));
    await expect(refused).rejects.toThrow(message);
    expect(cache.size).toBe(0);
  });
});

test("the cache keeps a bounded number of answers, those that were used last", () => {
  const cache = new RangeCache();
  const request = (at: number): RangeRequest => RangeRequest.create({ key: String(at), serializable: true });
  for (let at = 0; at < 5_000; at++) {
    cache.begin(request(at))?.done(new Uint8Array(10), 1);
    expect(cache.get(request(0)) !== undefined).toBe(true);
  }
  expect(cache.size).toBe(2_048);
  expect(cache.get(request(4_999))).toBeDefined();
  expect(cache.get(request(10))).toBeUndefined();
  for (let at = 0; at < 200; at++) cache.begin(request(10_000 + at))?.done(new Uint8Array(1024 * 1024), 1);
  expect(cache.size).toBeLessThanOrEqual(64);
  cache.begin(request(20_000))?.done(new Uint8Array(2 * 1024 * 1024), 1);
  expect(cache.get(request(20_000))).toBeUndefined();
});
