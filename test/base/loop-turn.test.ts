import { expect, test } from "vitest";
import { LoopTurn, ManualClock, systemClock, Turns } from "../../src/base/index.js";

// Work for clients shares the turns of the event loop. A clock that only work moves on makes each turn countable.

test("a turn lasts until work has used it up, and the next one is fresh", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  expect(turn.over).toBe(false);
  clock.advance(7);
  expect(turn.over).toBe(false);
  clock.advance(1);
  expect(turn.over).toBe(true);
  await nextTurn();
  expect(turn.over).toBe(false);
});

test("those who wait go on in the order they came, as many in a turn as it has time for", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  const seen: string[] = [];
  for (const name of ["a", "b", "c", "d", "e"]) {
    void turn.pause().then(async () => {
      // Work after a promise counts as well.
      await Promise.resolve();
      clock.advance(5);
      seen.push(name);
    });
  }
  expect(seen).toEqual([]);
  for (const want of ["ab", "abcd", "abcde"]) {
    await nextTurn();
    expect(seen.join("")).toBe(want);
  }
});

test("clients go on in turn, however much one of them has waiting", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  const [greedy, modest] = [{}, {}];
  const seen: string[] = [];
  const wait = (name: string, client: object): void => {
    turn.defer(() => {
      clock.advance(8);
      seen.push(name);
    }, client);
  };
  for (let at = 0; at < 500; at++) wait("greedy", greedy);
  await nextTurn();
  wait("modest", modest);
  await nextTurn();
  await nextTurn();
  expect(seen).toEqual(["greedy", "greedy", "modest"]);
});

test("short work goes before long work, of which some goes on in every turn", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  const seen: string[] = [];
  const wait = (name: string, length: "short" | "long", ms: number): void => {
    turn.defer(
      () => {
        clock.advance(ms);
        seen.push(name);
      },
      {},
      length,
    );
  };
  for (let at = 0; at < 20; at++) wait("L", "long", 3);
  for (let at = 0; at < 10; at++) wait("s", "short", 2.5);
  for (const want of ["Lss", "LssLss", "LssLssLss", "LssLssLssLss", "LssLssLssLssLss", "LssLssLssLssLssLLL"]) {
    await nextTurn();
    expect(seen.join("")).toBe(want);
  }
});

test("one that was resumed is told when its share of the turn is over", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  const resumed = turn.pause();
  await resumed;
  expect(turn.shareOver).toBe(false);
  clock.advance(3);
  expect(turn.shareOver).toBe(true);
  expect(turn.over).toBe(false);
});

test("many that have little to do go on together, and fewer when they have more to do", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  let resumed = 0;
  const wait = (ms: number, count: number): void => {
    for (let at = 0; at < count; at++) {
      turn.defer(() => {
        clock.advance(ms);
        resumed++;
      });
    }
  };
  wait(0.01, 500);
  await nextTurn();
  expect(resumed).toBe(500);
  resumed = 0;
  wait(1, 100);
  // The first group is as large as those with little to do let it become; from then on a turn holds its time.
  await nextTurn();
  for (let turns = 0; turns < 5; turns++) await nextTurn();
  const before = resumed;
  await nextTurn();
  expect(resumed - before).toBeLessThanOrEqual(9);
});

test("passes that run side by side share a turn", async () => {
  const clock = new ManualClock();
  const stepsOfTurn: number[] = [];
  let steps = 0;
  let running = 10;
  const pass = async (): Promise<void> => {
    const turns = new Turns(clock);
    for (let step = 0; step < 20; step++) {
      clock.advance(1);
      steps++;
      if (turns.over(32 * 1024)) await turns.rest();
    }
    running--;
  };
  const passes = Promise.all(Array.from({ length: 10 }, pass));
  while (running > 0) {
    await nextTurn();
    stepsOfTurn.push(steps);
    steps = 0;
  }
  await passes;
  // The first turn begins ten passes, each of which takes the step that it asks after.
  expect(Math.max(...stepsOfTurn.slice(1))).toBeLessThanOrEqual(8 + 3);
  expect(stepsOfTurn.reduce((sum, count) => sum + count, 0)).toBe(200);
});

test("one that waits goes on in every turn, on a clock that runs ahead as well", async () => {
  let now = 0;
  const turn = LoopTurn.of({ ...systemClock, now: () => (now += 1_000) });
  let resumed = 0;
  for (let at = 0; at < 3; at++) {
    turn.defer(() => {
      resumed++;
    });
  }
  for (const want of [1, 2, 3]) {
    await nextTurn();
    expect(resumed).toBe(want);
  }
});

/** Resolves after a whole turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
