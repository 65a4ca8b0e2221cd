import { expect, test } from "vitest";
import { readRange, wholeRange } from "../../src/apply/index.js";
import type { Backend } from "../../src/backend/index.js";
import { ManualClock, MemoryAccount, silentLogger } from "../../src/base/index.js";
import { RangeRequest } from "../../src/wire/index.js";
import { openBackend, openOver, write } from "../mvcc/fixture.js";
import { contextOf } from "./fixtures.js";

const keys = 300;
const coldMs = 5;

/** A store whose disk takes `coldMs` to read a value that is not in the memory of the machine. */
async function openCold() {
  const clock = new ManualClock();
  const backend = await openBackend(clock);
  const disk = { cold: true, slowReads: 0, aheadReads: 0, warm: new Set<string>() };
  const id = (key: Uint8Array): string => Buffer.from(key).toString("hex");
  const read = (key: Uint8Array): void => {
    if (!disk.cold || disk.warm.has(id(key))) return;
    disk.warm.add(id(key));
    disk.slowReads++;
    clock.advance(coldMs);
  };
  const slow: Partial<Backend> = {
    get: (bucket, key) => {
      if (bucket === "key") read(key);
      return backend.get(bucket, key);
    },
    warm: async (_, stored) => {
      disk.aheadReads += stored.length;
      if (disk.cold) clock.advance(coldMs * stored.filter((key) => !disk.warm.has(id(key))).length);
      for (const key of stored) disk.warm.add(id(key));
    },
  };
  const proxy = new Proxy(backend, {
    get: (target, name) => {
      const method: unknown = Reflect.get(name in slow ? slow : target, name, target);
      return typeof method === "function" ? method.bind(target) : method;
    },
  });
  const store = await openOver(proxy, { clock, cacheBytesMax: 0 });
  for (let at = 0; at < keys; at++) write(store, { put: `key/${String(at).padStart(4, "0")}`, value: `value ${at}` });
  const account = new MemoryAccount({ limitBytes: 1 << 24, clock, logger: silentLogger });
  const readAll = async (ask: Partial<RangeRequest> = {}): Promise<number> => {
    const request = RangeRequest.create({ key: "key/", rangeEnd: "key0", ...ask });
    const answer = await wholeRange(await readRange(store, request, contextOf(account.pot("reads"), 1 << 20)));
    return answer.kvs.length;
  };
  return { disk, store, readAll };
}

test("one slow read is enough for all further values of a range to be read on other threads", async () => {
  const { disk, readAll } = await openCold();
  expect(await readAll()).toBe(keys);
  expect(disk.slowReads).toBe(1);
  expect(disk.aheadReads).toBe(keys - 1);
});

test("a range that is read at once is whole, however slow the disk is", async () => {
  const { disk, store } = await openCold();
  expect(store.range("key/", "key0").kvs).toHaveLength(keys);
  expect(disk.slowReads).toBe(keys);
});

for (const { name, ask, pairs } of [
  { name: "a limit", ask: { limit: 10 }, pairs: 10 },
  { name: "keys alone", ask: { keysOnly: true }, pairs: keys },
  { name: "a count", ask: { countOnly: true }, pairs: 0 },
]) {
  test(`no more is read ahead than a range with ${name} needs`, async () => {
    const { disk, store, readAll } = await openCold();
    store.range("key/0250", "");
    expect(disk.slowReads).toBe(1);
    expect(await readAll(ask)).toBe(pairs);
    expect(disk.slowReads).toBe(1);
    expect(disk.aheadReads).toBeLessThanOrEqual(ask.limit === undefined ? 0 : 11);
  });
}

test("a single key is read ahead too, and none of these once the disk is fast", async () => {
  const { disk, store } = await openCold();
  expect(store.ahead("key/0001", 0)).toBeUndefined();
  store.range("key/0000", "");
  await store.ahead("key/0001", 0);
  store.range("key/0001", "");
  expect(store.ahead("no such key", 0)).toBeUndefined();
  expect([disk.slowReads, disk.aheadReads]).toEqual([1, 1]);
  disk.cold = false;
  let ahead = 0;
  while (store.ahead("key/0002", 0) !== undefined) {
    ahead++;
    await Promise.resolve();
  }
  expect(ahead).toBeGreaterThan(900);
});
