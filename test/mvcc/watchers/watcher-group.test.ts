import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { WatcherOwner, WatchOptions } from "../../../src/mvcc/watcher.js";
import { WatcherGroup } from "../../../src/mvcc/watchers/watcher-group.js";
import { WatcherTable, watcherFlags } from "../../../src/mvcc/watchers/watcher-table.js";
import { openEmpty, write } from "../fixture.js";
import { on, TestSink, watchable } from "../watch-fixture.js";

const keys = ["a", "b", "c", "cc"];
const ends = ["", "", "b", "d", "\0"];
const places = ["none", "first", "second"] as const;

function owner(): WatcherOwner {
  return {
    hasRoom: true,
    firstStalled: 0,
    offer: () => true,
    offerCompacted: () => true,
    moved: () => undefined,
    told: () => undefined,
  };
}

interface Modelled {
  readonly watcher: number;
  readonly stream: number;
  readonly id: bigint;
  readonly options: WatchOptions;
  place: (typeof places)[number];
  /** When the watcher came to its place. */
  since: number;
}

/** The same watchers as objects in an array. */
class World {
  readonly table = new WatcherTable();
  readonly streams = [owner(), owner()];
  readonly numbers = this.streams.map((stream) => this.table.enter(stream));
  readonly groups = { first: new WatcherGroup(this.table, 0), second: new WatcherGroup(this.table, 1) };
  readonly watchers: Modelled[] = [];
  #now = 0;

  add(stream: number, id: bigint, options: WatchOptions): void {
    if (this.watchers.some((watcher) => watcher.stream === stream && watcher.id === id)) return;
    const watcher = this.table.add(this.numbers[stream] ?? 0, id, options);
    this.watchers.push({ watcher, stream, id, options, place: "none", since: 0 });
  }

  move(at: number, place: Modelled["place"]): void {
    const found = this.watchers[at % Math.max(this.watchers.length, 1)];
    if (found === undefined) return;
    if (found.place !== "none") this.groups[found.place].delete(found.watcher);
    if (place !== "none") this.groups[place].add(found.watcher);
    found.place = place;
    found.since = this.#now++;
  }

  cancel(at: number): Modelled | undefined {
    if (this.watchers.length === 0) return undefined;
    this.move(at, "none");
    const [found] = this.watchers.splice(at % this.watchers.length, 1);
    if (found !== undefined) this.table.remove(found.watcher);
    return found;
  }

  /** The watchers of a group that watch `key`; those of each range in the order in which they joined the group. */
  want(place: Modelled["place"], key: string): Modelled[] {
    return this.watchers
      .filter((watcher) => watcher.place === place && contains(watcher.options, key))
      .sort((one, other) => one.since - other.since);
  }

  visited(place: "first" | "second", key: string): number[] {
    const visited: number[] = [];
    this.groups[place].forEachOf(key, (watcher) => visited.push(watcher));
    return visited;
  }

  check(): void {
    for (const { watcher, stream, id, options } of this.watchers) {
      const { table } = this;
      expect(table.find(this.numbers[stream] ?? 0, id)).toBe(watcher);
      expect([table.id(watcher), table.stream(watcher)]).toEqual([id, this.streams[stream]]);
      expect(table.reading(watcher)).toEqual({ key: options.key, end: options.end, reader: options.reader ?? "" });
      expect(table.nextRevision(watcher)).toBe(options.startRevision);
      expect(table.has(watcher, watcherFlags.noPut)).toBe(options.noPut);
      expect(table.has(watcher, watcherFlags.prevKv)).toBe(options.prevKv);
    }
    for (const place of ["first", "second"] as const) {
      expect(this.groups[place].size).toBe(this.watchers.filter((watcher) => watcher.place === place).length);
      for (const key of keys) {
        const want = this.want(place, key);
        const visited = this.visited(place, key);
        expect([...visited].sort()).toEqual(want.map(({ watcher }) => watcher).sort());
        expect(this.groups[place].countOf(key, 2)).toBe(Math.min(want.length, 2));
        for (const { options } of want) {
          const same = want.filter((other) => other.options.key === options.key && other.options.end === options.end);
          const ofRange = same.map(({ watcher }) => watcher);
          expect(visited.filter((watcher) => ofRange.includes(watcher))).toEqual(ofRange);
        }
      }
    }
  }
}

function contains({ key, end }: WatchOptions, wanted: string): boolean {
  if (end === "") return key === wanted;
  return wanted >= key && (end === "\0" || wanted < end);
}

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

function happen(world: World, step: typeof aStep extends fc.Arbitrary<infer Step> ? Step : never): void {
  if (step[0] === "add") world.add(step[1], step[2], step[3]);
  else if (step[0] === "move") world.move(step[1], step[2]);
  else world.cancel(step[1]);
}

describe("watchers in flat memory", () => {
  test("are the same as watchers in an array", () => {
    const someSteps = fc.array(aStep, { maxLength: 60 });
    fc.assert(
      fc.property(someSteps, (steps) => {
        const world = new World();
        for (const step of steps) {
          happen(world, step);
          world.check();
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
        const world = new World();
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
        world.check();
      }),
      { numRuns: 200 },
    );
  });

  test("are found by a put without a visit to the 20,000 others", () => {
    const world = new World();
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
