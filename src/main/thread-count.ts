import { coreLimit } from "./core-limit.js";
import { FlagError } from "./flag-error.js";

/** The most threads, which is far more than one member can use. */
const threadsMax = 64;
/** `auto` means no more threads than this: the state has one thread, and more front ends would wait for it. */
const autoMax = 8;

/** With so many threads or more, raft has one of its own. */
export const threadsOfConsensus = 3;

/**
 * How many threads `--threads=auto` means: one for each core, and on two cores one for raft beside them. That one has
 * little to do, but keeps heartbeats going while the others have much.
 *
 * @param cores how many cores the process may keep busy
 */
export function threadsFor(cores: number): number {
  return cores === 1 ? 1 : Math.min(Math.max(cores, threadsOfConsensus), autoMax);
}

/**
 * How many threads share the work.
 *
 * @param text the value of `--threads`: a number, or `auto`
 * @throws FlagError
 */
export function threadCount(text: string, cores: () => number = coreLimit): number {
  if (text === "auto") return threadsFor(cores());
  const count = /^[0-9]{1,2}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= threadsMax) return count;
  throw new FlagError(`invalid value "${text}" for --threads: expected auto, or a number from 1 to ${threadsMax}`);
}

/** How many of the threads serve clients. The others are that of the data and, if there is one, that of raft. */
export function frontEndCount(threads: number): number {
  return threads < threadsOfConsensus ? threads - 1 : threads - 2;
}
