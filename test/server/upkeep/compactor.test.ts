import { expect, test } from "vitest";
import { EtcdError, ManualClock, silentLogger } from "../../../src/base/index.js";
import type { AutoCompaction } from "../../../src/server/config.js";
import { Compactor } from "../../../src/server/upkeep/compactor.js";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Lets promises that hang on the last timer settle. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Run {
  readonly compactor: Compactor;
  /** Compactions with their times. */
  readonly done: { readonly atMs: number; readonly revision: number }[];
  /** Moves time on in steps, with one more revision before each. */
  advance(totalMs: number, stepMs: number): Promise<void>;
}

function start(what: AutoCompaction, refuse: (attempt: number) => EtcdError | undefined = () => undefined): Run {
  const clock = new ManualClock();
  const done: Run["done"] = [];
  let revision = 1;
  let attempts = 0;
  const compactor = new Compactor(what, {
    clock,
    logger: silentLogger,
    revision: () => revision,
    async compact(at) {
      const refusal = refuse(++attempts);
      if (refusal !== undefined) throw refusal;
      done.push({ atMs: clock.now(), revision: at });
    },
  });
  compactor.start();
  compactor.resume();
  return {
    compactor,
    done,
    async advance(totalMs, stepMs) {
      for (let passed = 0; passed < totalMs; passed += stepMs) {
        revision++;
        clock.advance(stepMs);
        await settle();
      }
    },
  };
}

for (const { name, retentionMs, forMs, everyMs, want } of [
  {
    name: "a retention of 10 s compacts every 10 s what is 10 s old",
    retentionMs: 10 * second,
    forMs: 31 * second,
    everyMs: second,
    want: [
      { atMs: 10 * second, revision: 1 },
      { atMs: 20 * second, revision: 10 },
      { atMs: 30 * second, revision: 20 },
    ],
  },
  {
    name: "a retention of 3 h waits 3 h, then compacts every hour",
    retentionMs: 3 * hour,
    forMs: 5 * hour + 6 * minute,
    everyMs: 6 * minute,
    want: [
      { atMs: 3 * hour, revision: 1 },
      { atMs: 4 * hour, revision: 10 },
      { atMs: 5 * hour, revision: 20 },
    ],
  },
]) {
  test(`Compactor: ${name}`, async () => {
    const run = start({ mode: "periodic", retentionMs });
    await run.advance(forMs, everyMs);
    expect(run.done).toEqual(want);
  });
}

test("Compactor: a failure is tried again after a tenth of the period, with a newer sample", async () => {
  const run = start({ mode: "periodic", retentionMs: 10 * second }, (attempt) =>
    attempt === 1 ? new EtcdError("timeout") : undefined,
  );
  await run.advance(12 * second, second);
  expect(run.done.map(({ atMs }) => atMs)).toEqual([11 * second]);
});

test("Compactor: what is compacted already counts as done", async () => {
  let attempts = 0;
  const run = start({ mode: "periodic", retentionMs: 10 * second }, (attempt) => {
    attempts = attempt;
    return new EtcdError("compacted");
  });
  await run.advance(19 * second, second);
  expect(attempts).toBe(1);
});

test("Compactor: keeps the last revisions, looking every five minutes", async () => {
  const run = start({ mode: "revision", retention: 10 });
  await run.advance(20 * minute, minute);
  expect(run.done).toEqual([
    { atMs: 10 * minute, revision: 1 },
    { atMs: 15 * minute, revision: 6 },
    { atMs: 20 * minute, revision: 11 },
  ]);
});

test("Compactor: paused, it samples and compacts nothing", async () => {
  const run = start({ mode: "periodic", retentionMs: 10 * second });
  run.compactor.pause();
  await run.advance(30 * second, second);
  expect(run.done).toEqual([]);
  run.compactor.resume();
  await run.advance(second, second);
  expect(run.done).toHaveLength(1);
});

test("Compactor: stopped, it has no timer left", async () => {
  const run = start({ mode: "revision", retention: 1 });
  run.compactor.stop();
  await run.advance(30 * minute, minute);
  expect(run.done).toEqual([]);
});
