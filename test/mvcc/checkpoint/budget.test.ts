import { expect, test } from "vitest";
import { Budget } from "../../../src/mvcc/checkpoint/budget.js";

const pace = { lookMs: 5_000, tailBytesMin: 1_000, share: 0.01 };
const indexBytes = 100_000;
const databaseBytes = 1_000_000_000;

test("checkpoints take one hundredth of what a member writes", () => {
  const backend = { changedBytes: 0 };
  const budget = new Budget(backend, pace, 0, 0);
  let written = 0;
  for (let looks = 0; looks < 10_000; looks++) {
    backend.changedBytes += 2_000_000;
    if (!budget.due(indexBytes, databaseBytes)) continue;
    budget.begin();
    budget.spend(12_000, indexBytes);
    written += 12_000;
  }
  const share = written / (3 * backend.changedBytes);
  expect(share).toBeGreaterThan(0.0);
  expect(share).toBeLessThanOrEqual(0.01);
});

for (const { name, changed, tail, owed, database, idle, due } of [
  {
    name: "is due when the account has its bytes",
    changed: 340_000,
    tail: 0,
    owed: 0,
    database: 1e9,
    idle: false,
    due: true,
  },
  { name: "is not due before", changed: 330_000, tail: 0, owed: 0, database: 1e9, idle: false, due: false },
  { name: "waits for what is owed", changed: 340_000, tail: 0, owed: 500, database: 1e9, idle: false, due: false },
  {
    name: "counts the tail of the start",
    changed: 100_000,
    tail: 240_000,
    owed: 0,
    database: 1e9,
    idle: false,
    due: true,
  },
  { name: "is due early when idle", changed: 110_000, tail: 0, owed: 0, database: 1e6, idle: true, due: true },
  {
    name: "is not due early for a short tail",
    changed: 90_000,
    tail: 0,
    owed: 0,
    database: 1e6,
    idle: true,
    due: false,
  },
  {
    name: "is not due early when still in debt",
    changed: 110_000,
    tail: 0,
    owed: 4_000,
    database: 1e6,
    idle: true,
    due: false,
  },
  { name: "is not due for a tail of nothing", changed: 900, tail: 0, owed: 0, database: 1e3, idle: true, due: false },
])
  test(`a checkpoint ${name}`, () => {
    const backend = { changedBytes: 0 };
    const budget = new Budget(backend, { ...pace, lookMs: idle ? 5_000 : 0 }, tail, owed);
    backend.changedBytes = changed;
    expect(budget.due(indexBytes, database)).toBe(due);
  });

test("a checkpoint that was written early is paid before the next one", () => {
  const backend = { changedBytes: 500_000 };
  const budget = new Budget(backend, pace, 500_000, 0);
  expect(budget.dueAtStop(databaseBytes / 1_000)).toBe(true);
  budget.begin();
  expect(budget.spend(20_000, indexBytes)).toBe(5_000);
  backend.changedBytes += 160_000;
  expect(budget.dueAtStop(databaseBytes / 1_000)).toBe(false);
  backend.changedBytes += 10_000;
  expect(budget.dueAtStop(databaseBytes / 1_000)).toBe(true);
});

test("after a failure the next try waits for more changes", () => {
  const backend = { changedBytes: 0 };
  const budget = new Budget(backend, pace, 1_000_000, 0);
  expect(budget.due(indexBytes, databaseBytes)).toBe(true);
  budget.begin();
  budget.failed();
  backend.changedBytes += 999;
  expect(budget.due(indexBytes, databaseBytes)).toBe(false);
  backend.changedBytes += 1;
  expect(budget.due(indexBytes, databaseBytes)).toBe(true);
});
