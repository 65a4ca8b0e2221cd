import { expect, test } from "vitest";
import { LoopTurn, ManualClock, systemClock, Turns } from "../../src/base/index.js";

// Tests how work for clients shares the turns of the event loop. Only work advances the clock, so a turn can be
// counted.

test("a turn lasts until work has used up its time, and the next turn has new time", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  expect(turn.over).toBe(false);
  clock.advance(3);
  expect(turn.over).toBe(false);
  clock.advance(1);
  expect(turn.over).toBe(true);
  await nextTurn();
  expect(turn.over).toBe(false);
});

test("a turn is shorter by the time that its work takes outside of it", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  turn.charge(2);
  clock.advance(1);
  expect(turn.over).toBe(false);
  turn.charge(1);
  expect(turn.over).toBe(true);
  await nextTurn();
  expect(turn.over).toBe(false);
});

test("waiting work continues in the order of its arrival, as much as there is time for in each turn", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  const seen: string[] = [];
  for (const name of ["a", "b", "c", "d", "e"]) {
    void turn.pause().then(async () => {
      // Work after a promise is counted as well.
      await Promise.resolve();
      clock.advance(2.5);
      seen.push(name);
    });
  }
  expect(seen).toEqual([]);
  for (const want of ["ab", "abcd", "abcde"]) {
    await nextTurn();
    expect(seen.join("")).toBe(want);
  }
});

test("clients take turns, however much one of them has waiting", async () => {
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

test("a client that has used little of late does not wait for many that have used much, and they go on", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  const seen: string[] = [];
  let flooding = true;
  const work = (name: string, ms: number, client: object): void => {
    turn.defer(() => {
      clock.advance(ms);
      seen.push(name);
      if (name === "flood" && flooding) work(name, ms, client);
    }, client);
  };
  for (let at = 0; at < 20; at++) work("flood", 4, {});
  // Work counts when it has returned, so each of the twenty has used more than a modest client may after two times.
  while (seen.length < 60) await nextTurn();
  const modest = {};
  for (let request = 0; request < 3; request++) {
    seen.length = 0;
    work("modest", 0.1, modest);
    await nextTurn();
    expect(seen[0], "resumed first").toBe("modest");
    expect(seen.length, "resumed in the same turn").toBeGreaterThan(1);
  }
  const greedy = {};
  work("greedy", 3, greedy);
  await nextTurn();
  seen.length = 0;
  work("greedy", 3, greedy);
  await nextTurn();
  expect(seen, "it has used more than a modest client may").not.toContain("greedy");
  while (!seen.includes("greedy")) await nextTurn();
  clock.advance(2_000);
  seen.length = 0;
  work("rested", 0.1, greedy);
  await nextTurn();
  expect(seen, "use is forgotten").toContain("rested");
  // Tests in the same process would find the loop busy for ever.
  flooding = false;
});

test("turns are short while a modest client's request is under way and work of other clients waits", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  let done = 0;
  const flood = {};
  const work = (count: number): void => {
    for (let at = 0; at < count; at++) {
      turn.defer(() => {
        clock.advance(1);
        done++;
      }, flood);
    }
  };
  const doneInTurn = async (): Promise<number> => {
    const before = done;
    await nextTurn();
    return done - before;
  };
  work(100);
  while (done < 20) await nextTurn();
  expect(await doneInTurn()).toBe(4);
  expect(turn.requestBegun(flood, clock.now()), "a client that floods is not modest").toBe(false);
  expect(await doneInTurn()).toBe(4);
  const modest = turn.requestBegun({}, clock.now());
  expect(modest).toBe(true);
  expect(await doneInTurn()).toBe(1);
  expect(turn.over, "further work waits, too").toBe(true);
  turn.requestEnded(modest);
  expect(await doneInTurn()).toBe(4);
  turn.requestEnded(false);
  while (done < 100) await nextTurn();
  // Nothing waits any more, so a turn is long again.
  turn.requestBegun({}, clock.now());
  await nextTurn();
  expect(turn.over).toBe(false);
  clock.advance(3);
  expect(turn.over).toBe(false);
  clock.advance(1);
  expect(turn.over).toBe(true);
});

test("short work goes before long work, some of which continues in each turn", async () => {
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
  for (let at = 0; at < 20; at++) wait("L", "long", 1.5);
  for (let at = 0; at < 10; at++) wait("s", "short", 1.25);
  for (const want of ["Lss", "LssLss", "LssLssLss", "LssLssLssLss", "LssLssLssLssLss", "LssLssLssLssLssLLL"]) {
    await nextTurn();
    expect(seen.join("")).toBe(want);
  }
});

test("short work does not wait for long work whose groups take whole turns", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  const seen: string[] = [];
  const goOn = (client: object): void => {
    turn.defer(
      () => {
        clock.advance(10);
        seen.push("long");
        if (seen.length < 50) goOn(client);
      },
      client,
      "long",
    );
  };
  for (let at = 0; at < 3; at++) goOn({});
  while (seen.length < 5) await nextTurn();
  const before = seen.length;
  turn.defer(() => seen.push("short"), {});
  while (!seen.includes("short")) await nextTurn();
  expect(seen.indexOf("short") - before).toBeLessThan(3);
});

test("resumed work sees when its share of the turn is over", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  const resumed = turn.pause();
  await resumed;
  expect(turn.shareOver).toBe(false);
  clock.advance(3);
  expect(turn.shareOver).toBe(true);
  expect(turn.over).toBe(false);
});

test("many pieces of little work are resumed together, and fewer of larger work", async () => {
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
  wait(0.01, 300);
  await nextTurn();
  expect(resumed).toBe(300);
  resumed = 0;
  wait(1, 100);
  // Little work has made the first group large. Later turns keep within their time.
  await nextTurn();
  for (let turns = 0; turns < 5; turns++) await nextTurn();
  const before = resumed;
  await nextTurn();
  expect(resumed - before).toBeLessThanOrEqual(5);
});

test("concurrent passes share a turn", async () => {
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
  // The first turn begins ten passes, and each makes one step before it checks the time.
  expect(Math.max(...stepsOfTurn.slice(1))).toBeLessThanOrEqual(8 + 3);
  expect(stepsOfTurn.reduce((sum, count) => sum + count, 0)).toBe(200);
});

test("waiting work continues in each turn, also on a clock that runs fast", async () => {
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

test("long work leaves a turn early while a request is under way that needs further turns", async () => {
  const clock = new ManualClock();
  const turn = LoopTurn.of(clock);
  let steps = 0;
  let working = true;
  const work = (): void => {
    clock.advance(0.75);
    steps++;
    if (working) turn.defer(work, turn, "long");
  };
  const stepsOfTurn = async (): Promise<number> => {
    const before = steps;
    await nextTurn();
    return steps - before;
  };
  turn.defer(work, turn, "long");
  await nextTurn();
  const alone = await stepsOfTurn();
  expect(alone).toBeGreaterThan(4);
  const modest = turn.requestBegun(undefined, clock.now());
  await nextTurn();
  expect(await stepsOfTurn()).toBeLessThan(alone / 2);
  const budget = new Turns(clock);
  clock.advance(1);
  expect(budget.over(64 * 1024)).toBe(true);
  turn.requestEnded(modest);
  await nextTurn();
  expect(await stepsOfTurn()).toBe(alone);
  working = false;
  await nextTurn();
});

/** Resolves after a complete turn of the event loop. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
