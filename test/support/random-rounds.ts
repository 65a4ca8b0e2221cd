import { expect, test } from "vitest";
import { type Random, seededRandom } from "../../src/base/index.js";

// Random operations on structures in flat memory and on their models. `npm test` does at least one round with each
// structure, and `npm run test:arena` ten million operations. ARENA_OPERATIONS is their number, ARENA_SEED the seed of
// the first round.

/** One round has a seed of its own, and so many operations. A round ends with an empty structure. */
export const operationsOfRound = 100_000;

const operations = Number(process.env.ARENA_OPERATIONS ?? 0);
const firstSeed = Number(process.env.ARENA_SEED ?? Math.floor(Math.random() * 1_000_000));

/**
 * Declares a test of random rounds.
 *
 * @param share the part of all operations that is done with this structure
 * @param round does the operations and compares with the model; it throws when they differ
 */
export function testInRounds(name: string, share: number, round: (random: Random) => void): void {
  const rounds = Math.max(Math.ceil((operations * share) / operationsOfRound), 1);
  test(`${name} (${rounds * operationsOfRound} operations from seed ${firstSeed})`, {
    timeout: rounds * 60_000,
  }, () => {
    const failed: string[] = [];
    const before = process.cpuUsage();
    for (let seed = firstSeed; seed < firstSeed + rounds && failed.length < 5; seed++) {
      try {
        round(seededRandom(seed));
      } catch (error) {
        failed.push(`seed ${seed}: ${error instanceof Error ? error.stack : error}`);
        failed.push(`run it again with ARENA_SEED=${seed} ARENA_OPERATIONS=1 npm run test:arena`);
      }
    }
    const { user, system } = process.cpuUsage(before);
    const micros = ((user + system) / (rounds * operationsOfRound)).toFixed(1);
    if (operations > 0) console.log(`${name}: ${rounds} rounds, ${micros} us of CPU for each operation`);
    expect(failed).toEqual([]);
  });
}

/** Fails unless a structure and its model answer the same. An `expect` for each of millions would take minutes. */
export function same<T>(answer: T, model: T, what: string): void {
  if (!Object.is(answer, model)) throw new Error(`${what}: ${show(answer)}, and the model has ${show(model)}`);
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
