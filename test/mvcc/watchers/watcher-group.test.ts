import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Random } from "../../../src/base/index.js";
import { WatcherGroup } from "../../../src/mvcc/watchers/watcher-group.js";
import { WatcherTable } from "../../../src/mvcc/watchers/watcher-table.js";
import { operationsOfRound, same, testInRounds } from "../../support/random-rounds.js";
import { openEmpty, write } from "../fixture.js";
import { on, TestSink, watchable } from "../watch-fixture.js";
import { owner, places, WatcherWorld } from "./watcher-world.js";

const keys = ["a", "b", "c", "cc"];
const ends = ["", "", "b", "d", "\0"];

const anOptions = fc
  .record({
    key: fc.constantFrom(...keys),
    end: fc.constantFrom(...ends),
    startRevision: fc.constantFrom(0, 1, 2 ** 40),
    noPut: fc.boolean(),
    prevKv: fc.boolean(),
    reader: fc.constantFrom("", "alice", "bob"),
  })
  .filter(({ key, end }) => end === "" || end === "\0" || key < end)
  .map(({ key, ...options }) => on(key, options));
const anId = fc.oneof(fc.bigInt({ min: 0n, max: 9n }), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }));
const aStep = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("add" as const), fc.nat(1), anId, anOptions) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("move" as const), fc.nat(50), fc.constantFrom(...places)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("cancel" as const), fc.nat(50)) },
);

function happen(world: WatcherWorld, step: typeof aStep extends fc.Arbitrary<infer Step> ? Step : never): void {
  if (step[0] === "add") world.add(step[1], step[2], step[3]);
  else if (step[0] === "move") world.move(step[1], step[2]);
  else world.cancel(step[1]);
}

/** Adds, moves and cancels up to thousands of watchers, whose number grows first and shrinks then, several times. */
function round(random: Random): void {
  const world = new WatcherWorld();
  const [count, most] = (
    [
      [5, 100],
      [300, 1_000],
      [3_000, 6_000],
    ] as const
  )[random.int(3)] ?? [0, 0];
  const names = Array.from({ length: count }, (_, at) => `watched/${"x".repeat(random.int(60))}${at}`).sort();
  const nameAt = (): string => names[random.int(count)] ?? "";
  // Most watch one key, some a few neighbours, and few everything from a key on.
  const aRange = (): readonly [key: string, end: string] => {
    const at = random.int(count);
    const ends = [
      random.int(4) === 0 ? "\0" : "",
      names[at + 1],
      names[at + 1 + random.int(8)],
      names[at + 1 + random.int(count)],
    ];
    return [names[at] ?? "", ends[random.int(16)] ?? ""];
  };
  const operationsOfPhase = 2_000 + random.int(20_000);
  for (let at = 0; at < operationsOfRound; at++) {
    const grows = Math.floor(at / operationsOfPhase) % 2 === 0 && world.watchers.length < most;
    const kind = random.int(10);
    if (kind < (grows ? 4 : 1)) {
      const [key, end] = aRange();
      const options = { startRevision: random.int(2 ** 32), noPut: random.int(2) === 0, prevKv: random.int(2) === 0 };
      const reader = ["", "", "alice", nameAt()][random.int(4)] ?? "";
      world.add(random.int(2), random.int(9) === 0 ? BigInt(random.int(9)) : -random.bits64() / 2n, {
        ...on(key, { ...options, reader, end }),
      });
    } else if (kind < 8) world.move(random.int(2 ** 32), places[random.int(3)] ?? "none");
    else if (kind === 8 && !grows) world.cancel(random.int(2 ** 32));
    else if (world.watchers.length > 0) {
      const watched = world.watchers[random.int(world.watchers.length)];
      const key = watched?.options.key ?? "";
      const told = world.visited(watched?.place === "second" ? "second" : "first", key);
      const isTold = watched !== undefined && told.includes(watched.watcher);
      same(isTold, watched?.place !== "none", `whether a watcher of ${key} is told`);
    }
    if (random.int(20_000) === 0) world.check([nameAt(), nameAt(), "", nameAt()]);
  }
  world.check([nameAt(), nameAt()]);
  while (world.watchers.length > 0) world.cancel(world.watchers.length - 1);
  world.check([nameAt()]);
}

describe("watchers in flat memory", () => {
  testInRounds("are the same as watchers in an array after many random operations", 0.15, round);

  test("are the same as watchers in an array", () => {
    const someSteps = fc.array(aStep, { maxLength: 60 });
    fc.assert(
      fc.property(someSteps, (steps) => {
        const world = new WatcherWorld();
        for (const step of steps) {
          happen(world, step);
          world.check(keys);
        }
      }),
      { numRuns: 100 },
    );
  });

  test("are walked once each, without those that leave before the walk reaches them", () => {
    const someSteps = fc.array(aStep, { minLength: 20, maxLength: 60 });
    const meanwhile = fc.array(fc.option(fc.nat(50)), { maxLength: 60 });
    fc.assert(
      fc.property(someSteps, fc.constantFrom(...keys), meanwhile, (steps, key, leaving) => {
        const world = new WatcherWorld();
        for (const step of steps) happen(world, step);
        const left = new Set(world.want("first", key).map(({ watcher }) => watcher));
        let at = 0;
        for (const watcher of world.groups.first.eachOf(key)) {
          expect(left.delete(watcher)).toBe(true);
          const leaves = leaving[at++] ?? undefined;
          // A watcher that comes in place of the one that left may get its number. Nothing adds watchers to a group
          // during a walk, so this one must not be visited.
          const cancelled = leaves === undefined ? undefined : world.cancel(leaves);
          if (cancelled === undefined) continue;
          left.delete(cancelled.watcher);
          world.add(0, 100n + BigInt(at), on("b", { end: "\0" }));
        }
        expect(left.size).toBe(0);
        world.check(keys);
      }),
      { numRuns: 200 },
    );
  });

  test("are found by a put without a visit to the 20,000 others", () => {
    const world = new WatcherWorld();
    const name = (at: number): string => `k${String(at).padStart(6, "0")}`;
    for (let at = 0; at < 10_000; at++) {
      for (const [id, options] of [
        [2 * at, on(name(at))],
        [2 * at + 1, on(name(at), { end: name(at + 1) })],
      ] as const) {
        world.groups.first.add(world.table.add(world.numbers[0] ?? 0, BigInt(id), options));
      }
    }
    expect(world.visited("first", name(5_000)).map((watcher) => world.table.id(watcher))).toEqual([10_000n, 10_001n]);
    expect(world.visited("first", "k")).toEqual([]);
  });

  test("take no memory of V8's heap, and 220 bytes in all with a name of 34 bytes", () => {
    const table = new WatcherTable();
    const group = new WatcherGroup(table, 0);
    const stream = table.enter(owner());
    const count = 100_000;
    for (let at = 0; at < count; at++) {
      group.add(table.add(stream, BigInt(at), on(`registry/pods/${String(at).padStart(20, "0")}`)));
    }
    expect(table.bytes / count).toBeLessThan(220);
  });
});

test("a watcher that takes the number of one cancelled during a large delivery gets none of its events", async () => {
  const store = await openEmpty();
  const watching = watchable(store);
  const [old, fresh] = [new TestSink(), new TestSink()];
  const first = watching.newStream(old);
  for (let at = 0; at < 10; at++) first.watch(0n, on("a"));
  const second = watching.newStream(fresh);
  const txn = store.beginWrite();
  txn.put("a", Buffer.alloc(2 * 1024 * 1024), 0n);
  const steps = txn.endInSteps({ over: () => true });
  // After these steps the events are gathered for all watchers, and delivered to some.
  for (let step = 0; step < 14; step++) steps?.next();
  const told = old.notices.length;
  expect(told).toBeGreaterThan(0);
  for (let id = 0n; id < 10n; id++) first.cancel(id);
  for (let at = 0; at < 10; at++) second.watch(0n, on("b"));
  while (steps?.next().done === false);
  expect([old.notices.length, fresh.take()]).toEqual([told, []]);
  write(store, { put: "b" });
  expect(fresh.notices).toHaveLength(10);
});
