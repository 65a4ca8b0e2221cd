import { expect, test } from "vitest";
import { chaos } from "./chaos.js";

/** `SEEDS=5000 npx vitest run test/sim` tries so many; `SEED=4711` is the first of them. */
const first = Number(process.env.SEED ?? 1);
const count = Number(process.env.SEEDS ?? 4);

test(`what clients were told is true, whatever goes wrong (seeds ${first} to ${first + count - 1})`, {
  timeout: 30_000 + 20_000 * count,
}, async () => {
  for (let seed = first; seed < first + count; seed++) {
    const { acknowledged } = await chaos(seed).catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
    });
    expect(acknowledged, `seed ${seed} lets clients get something done`).toBeGreaterThan(20);
  }
});

test("a seed runs the same every time", { timeout: 60_000 }, async () => {
  expect(await chaos(first)).toEqual(await chaos(first));
});
