import { expect, test } from "vitest";
import { Semaphore } from "../../src/base/index.js";

// A fixed number of parties is at work at a time; the places of those that leave go round the clients that wait.

const { signal } = new AbortController();

test("a party that gives up waiting takes no place", async () => {
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

test("clients get places in turn, however much one of them waits for", async () => {
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
