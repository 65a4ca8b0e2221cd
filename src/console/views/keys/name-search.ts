import type { TreeNode, TreePage } from "../../api/console.js";
import type { ApiError, Result } from "../../api/result.js";
import type { Binary } from "../../text/binary.js";

/** Names that one search looks at before it asks whether to go on. */
export const namesMax = 100_000;
/** Keys that one search finds before it asks whether to go on. */
export const matchesMax = 500;
/** Names in one answer of the server. */
const namesInAnswer = 5_000;

export interface SearchState {
  readonly found: readonly TreeNode[];
  readonly looked: number;
  /** Where the search goes on. */
  readonly after: Binary;
  /** Why it stands still: it looked at everything, it looked at or found enough for now, or it failed. */
  readonly stopped?: "end" | "names" | "matches" | ApiError;
}

export const searchStart: SearchState = { found: [], looked: 0, after: "" };

/** Whether names contain what was typed; letters match in both cases unless a capital letter was typed. */
export function nameMatcher(typed: Binary): (name: Binary) => boolean {
  if (/[A-Z]/.test(typed)) return (name) => name.includes(typed);
  return (name) => name.toLowerCase().includes(typed) || name.includes(typed);
}

/**
 * Looks at the names from `state` on, and tells the state after each answer of the server. Ends when it has looked at
 * `namesMax` more names or has found `matchesMax` more keys.
 */
export async function searchOn(
  state: SearchState,
  matches: (name: Binary) => boolean,
  ask: (after: Binary, limit: number) => Promise<Result<TreePage>>,
  tell: (state: SearchState) => void,
): Promise<void> {
  let { found, looked, after } = state;
  const bounds = { looked: looked + namesMax, found: found.length + matchesMax };
  for (;;) {
    const answer = await ask(after, namesInAnswer);
    if (!answer.ok) {
      if (answer.error.kind !== "aborted") tell({ found, looked, after, stopped: answer.error });
      return;
    }
    const { nodes, more } = answer.value;
    const room = bounds.found - found.length;
    const matching = nodes.filter(({ name }) => matches(name));
    const enough = matching.length >= room;
    const taken = matching.slice(0, room);
    found = [...found, ...taken];
    const last = enough ? taken.at(-1) : nodes.at(-1);
    looked += enough && last !== undefined ? nodes.indexOf(last) + 1 : nodes.length;
    after = last?.name ?? after;
    const stopped = enough ? "matches" : !more ? "end" : looked >= bounds.looked ? "names" : undefined;
    tell(stopped === undefined ? { found, looked, after } : { found, looked, after, stopped });
    if (stopped !== undefined) return;
  }
}
