import { expect, test } from "vitest";
import { Semaphore } from "../../src/base/index.js";

// Tests that a fixed number of parties works at a time, and that waiting clients get free places in turn.

const { signal } = new AbortController();

test("a party that stops waiting gets no place", async () => {
  const semaphore = new Semaphore(1);
  const gone = new AbortController();
  expect(await semaphore.enter(gone)).toBe(true);
  const second = semaphore.enter(gone);
  const third = semaphore.enter({ signal });
  gone.abort();
  expect(await second).toBe(false);
  semaphore.leave();
  expect(await third).toBe(true);
  semaphore.leave();
  expect(await semaphore.enter({ signal })).toBe(true);
});

test("clients get places in turn, however many one of them waits for", async () => {
  const semaphore = new Semaphore(1);
  const [greedy, modest] = [{}, {}];
  const seen: string[] = [];
  const enter = async (name: string, client: object): Promise<void> => {
    await semaphore.enter({ signal, client });
    seen.push(name);
    await Promise.resolve();
    semaphore.leave();
  };
  await Promise.all([
    ...Array.from({ length: 4 }, () => enter("greedy", greedy)),
    ...Array.from({ length: 2 }, () => enter("modest", modest)),
  ]);
  expect(seen).toEqual(["greedy", "greedy", "modest", "greedy", "modest", "greedy"]);
});
