import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { allBuckets, type Backend, openMemoryBackend } from "../../src/backend/index.js";
import { systemClock } from "../../src/base/index.js";
import { bytes, testOptions } from "./suite.js";

interface Golden {
  readonly hash: number;
  readonly buckets: Readonly<Record<string, readonly (readonly [key: string, value: string])[]>>;
}

const golden: Golden = JSON.parse(readFileSync(new URL("testdata/etcd-3.5-backend.json", import.meta.url), "utf8"));

async function restored(): Promise<Backend> {
  const backend = await openMemoryBackend(testOptions());
  for (const bucket of allBuckets) {
    for (const [key, value] of golden.buckets[bucket] ?? []) {
      backend.put(bucket, Buffer.from(key, "hex"), Buffer.from(value, "hex"));
    }
  }
  return backend;
}

describe("hash()", () => {
  test("knows all buckets of etcd", () => {
    expect([...allBuckets].sort()).toEqual(Object.keys(golden.buckets));
  });

  test("equals that of etcd for the same buckets, on disk or in memory", async () => {
    const backend = await restored();
    expect(await backend.hash()).toBe(golden.hash);
    await backend.commit();
    expect(await backend.hash()).toBe(golden.hash);
    await backend.close();
  });

  test("does not depend on the consistent index", async () => {
    const backend = await restored();
    backend.put("meta", bytes("consistent_index"), bytes("12345678"));
    backend.put("meta", bytes("term"), bytes("12345678"));
    expect(await backend.hash()).toBe(golden.hash);
    backend.put("cluster", bytes("term"), bytes("12345678"));
    expect(await backend.hash()).not.toBe(golden.hash);
    await backend.close();
  });

  test("is computed over several turns, which concurrent hashes share", async () => {
    let now = 0;
    // The clock advances at each call, which is made every 32 small entries.
    const backend = await openMemoryBackend(testOptions({ ...systemClock, now: () => (now += 1) }));
    for (let at = 0; at < 2_000; at++) backend.put("key", bytes(`${10_000 + at}`), bytes("v"));
    let running = true;
    let turns = 0;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    setImmediate(count);
    await Promise.all([backend.hash(), backend.hash(), backend.hash()]);
    running = false;
    // 6,000 entries need 187 calls of the clock, and some of them end a turn.
    expect(turns).toBeGreaterThan(30);
    await backend.close();
  });
});
