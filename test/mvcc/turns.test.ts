import { describe, expect, test } from "vitest";
import { systemClock } from "../../src/base/index.js";
import type { Store } from "../../src/mvcc/index.js";
import { openEmpty, write } from "./fixture.js";

describe("long work yields to other work every few milliseconds", () => {
  for (const { name, work } of [
    { name: "hashKv()", work: (store: Store) => store.hashKv(0) },
    { name: "compact()", work: (store: Store) => store.compact(store.revision).done },
    { name: "changesFrom()", work: (store: Store) => store.changesFrom(1, 1e9) },
  ]) {
    for (const { what, keys, bytes, turns } of [
      { what: "many small values", keys: 3000, bytes: 0, turns: 10 },
      { what: "few large values", keys: 30, bytes: 100_000, turns: 3 },
    ]) {
      test(`${name} over ${what}`, async () => {
        let now = 0;
        // The clock advances by a millisecond at each call.
        const store = await openEmpty({ clock: { ...systemClock, now: () => now++ } });
        for (let at = 0; at < keys; at++) write(store, { put: `k${at % (keys / 2)}`, value: "x".repeat(bytes) });
        let others = 0;
        let done = false;
        const another = (): void => {
          others++;
          if (!done) setImmediate(another);
        };
        setImmediate(another);
        await work(store);
        done = true;
        expect(others).toBeGreaterThan(turns);
      });
    }
  }
});
