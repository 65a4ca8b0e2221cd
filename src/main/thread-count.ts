import { availableParallelism } from "node:os";
import { FlagError } from "./flag-error.js";

/** More threads than this are not of use yet. */
const threadsMax = 3;

/**
 * How many threads share the work.
 *
 * @param text the value of `--threads`: a number, or `auto` for the number of cores that the process may use
 * @throws FlagError
 */
export function threadCount(text: string): number {
  if (text === "auto") return Math.min(availableParallelism(), threadsMax);
  if (text === "1" || text === "2" || text === "3") return Number(text);
  throw new FlagError(`invalid value "${text}" for --threads: expected auto, 1, 2 or 3`);
}
