import { expect, test } from "vitest";
import { EtcdError, ManualClock, silentLogger } from "../../../src/base/index.js";
import type { AutoCompaction } from "../../../src/server/config.js";
import { Compactor } from "../../../src/server/upkeep/compactor.js";

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Lets promises settle that depend on the last timer. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Run {
  readonly compactor: Compactor;
  /** The compactions and their times. */
  readonly done: { readonly atMs: number; readonly revision: number }[];
  /** Advances the time in steps, with a new revision before each. */
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
    name: "a retention of 10 s compacts revisions older than 10 s every 10 s",
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

test("Compactor: a failed compaction is retried after a tenth of the period, with a newer sample", async () => {
  const run = start({ mode: "periodic", retentionMs: 10 * second }, (attempt) =>
    attempt === 1 ? new EtcdError("timeout") : undefined,
  );
  await run.advance(12 * second, second);
  expect(run.done.map(({ atMs }) => atMs)).toEqual([11 * second]);
});

test("Compactor: a revision that is already compacted counts as success", async () => {
  let attempts = 0;
  const run = start({ mode: "periodic", retentionMs: 10 * second }, (attempt) => {
    attempts = attempt;
    return new EtcdError("compacted");
  });
  await run.advance(19 * second, second);
  expect(attempts).toBe(1);
});

test("Compactor: the revision mode checks every five minutes and keeps the last revisions", async () => {
  const run = start({ mode: "revision", retention: 10 });
  await run.advance(20 * minute, minute);
  expect(run.done).toEqual([
    { atMs: 10 * minute, revision: 1 },
    { atMs: 15 * minute, revision: 6 },
    { atMs: 20 * minute, revision: 11 },
  ]);
});

test("Compactor: while paused, it neither samples nor compacts", async () => {
  const run = start({ mode: "periodic", retentionMs: 10 * second });
  run.compactor.pause();
  await run.advance(30 * second, second);
  expect(run.done).toEqual([]);
  run.compactor.resume();
  await run.advance(second, second);
  expect(run.done).toHaveLength(1);
});

test("Compactor: after a stop no timer is left", async () => {
  const run = start({ mode: "revision", retention: 1 });
  run.compactor.stop();
  await run.advance(30 * minute, minute);
  expect(run.done).toEqual([]);
});
