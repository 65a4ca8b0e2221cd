import { type Result, success } from "./result.js";

/** The most calls at one time. A browser has six connections to a host, and watches hold some of them. */
const callsAtOnce = 3;

/** Asks for each name, a few at a time, in order. @returns the first failure, if there is one */
export async function each<T>(
  names: readonly string[],
  ask: (name: string) => Promise<Result<T>>,
): Promise<Result<readonly T[]>> {
  const found: T[] = [];
  for (let at = 0; at < names.length; at += callsAtOnce) {
    const answers = await Promise.all(names.slice(at, at + callsAtOnce).map(ask));
    for (const answer of answers) {
      if (!answer.ok) return answer;
      found.push(answer.value);
    }
  }
  return success(found);
}
