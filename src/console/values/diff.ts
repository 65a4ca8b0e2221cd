import { commonAnchors } from "./anchors.js";

export interface DiffLine {
  readonly kind: "same" | "removed" | "added";
  readonly text: string;
  /** The number of the line in the old and the new text, from 1; undefined on the side that lacks it. */
  readonly oldLine?: number;
  readonly newLine?: number;
}

/** Texts with more changed lines are compared in pieces, between lines that occur once in both. */
const editsMax = 800;

/** The lines of two texts with the fewest removals and additions (Myers, 1986). */
export function diffLines(before: string, after: string): readonly DiffLine[] {
  const [old, young] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < old.length && start < young.length && old[start] === young[start]) start++;
  let end = 0;
  while (
    end < old.length - start &&
    end < young.length - start &&
    old[old.length - 1 - end] === young[young.length - 1 - end]
  ) {
    end++;
  }
  const middle = changedLines(old.slice(start, old.length - end), young.slice(start, young.length - end));
  const kinds: DiffLine["kind"][] = [
    ...Array<"same">(start).fill("same"),
    ...middle,
    ...Array<"same">(end).fill("same"),
  ];
  let oldLine = 0;
  let newLine = 0;
  return kinds.map((kind) => {
    if (kind === "removed") return { kind, text: old[oldLine++] ?? "", oldLine };
    if (kind === "added") return { kind, text: young[newLine++] ?? "", newLine };
    oldLine++;
    return { kind, text: young[newLine++] ?? "", oldLine, newLine };
  });
}

/** A stretch of equal lines that is left out between changes. */
export interface DiffGap {
  readonly kind: "gap";
  readonly lines: number;
}

/** The changes, with `around` equal lines before and behind each. */
export function withContext(lines: readonly DiffLine[], around: number): readonly (DiffLine | DiffGap)[] {
  const shown = new Set<number>();
  lines.forEach(({ kind }, at) => {
    if (kind === "same") return;
    for (let near = at - around; near <= at + around; near++) shown.add(near);
  });
  const result: (DiffLine | DiffGap)[] = [];
  let skipped = 0;
  lines.forEach((line, at) => {
    if (!shown.has(at)) {
      skipped++;
      return;
    }
    if (skipped > 0) result.push({ kind: "gap", lines: skipped });
    skipped = 0;
    result.push(line);
  });
  if (skipped > 0 && result.length > 0) result.push({ kind: "gap", lines: skipped });
  return result;
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n");
}

function changedLines(old: readonly string[], young: readonly string[]): readonly DiffLine["kind"][] {
  const steps = shortestEdit(old, young);
  if (steps !== undefined) return steps;
  const anchors = commonAnchors(old, young);
  if (anchors.length === 0) {
    return [...Array<"removed">(old.length).fill("removed"), ...Array<"added">(young.length).fill("added")];
  }
  const kinds: DiffLine["kind"][] = [];
  let [x, y] = [0, 0];
  for (const [nextX, nextY] of [...anchors, [old.length, young.length] as const]) {
    for (const kind of changedLines(old.slice(x, nextX), young.slice(y, nextY))) kinds.push(kind);
    if (nextX < old.length) kinds.push("same");
    [x, y] = [nextX + 1, nextY + 1];
  }
  return kinds;
}

/**
 * How far into the old text a way can come on each diagonal `x - y`, with a number of edits.
 * Diagonals from `-editsMax - 1` to `editsMax + 1` have a place; -1 means that no way has come there.
 */
type Reached = Int32Array;

const centre = editsMax + 1;

/** The shortest way from `old` to `young`; undefined if it has more than `editsMax` edits. */
function shortestEdit(old: readonly string[], young: readonly string[]): readonly DiffLine["kind"][] | undefined {
  const before: Reached[] = [];
  const reached: Reached = new Int32Array(2 * centre + 1).fill(-1);
  reached[centre + 1] = 0;
  for (let edits = 0; edits <= Math.min(old.length + young.length, editsMax); edits++) {
    before.push(reached.slice());
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const x = furthest(reached, diagonal, edits, old, young);
      reached[centre + diagonal] = x;
      if (x >= old.length && x - diagonal >= young.length) return traced(before, old.length, young.length);
    }
  }
  return undefined;
}

function at(reached: Reached, diagonal: number): number {
  return reached[centre + diagonal] ?? -1;
}

function furthest(
  reached: Reached,
  diagonal: number,
  edits: number,
  old: readonly string[],
  young: readonly string[],
): number {
  let x = goesDown(reached, diagonal, edits) ? at(reached, diagonal + 1) : at(reached, diagonal - 1) + 1;
  while (x < old.length && x - diagonal < young.length && old[x] === young[x - diagonal]) x++;
  return x;
}

/** Whether the last edit on a diagonal added a line, instead of removing one. */
function goesDown(reached: Reached, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true;
  return diagonal !== edits && at(reached, diagonal - 1) < at(reached, diagonal + 1);
}

/** Follows the way back from the ends of both texts. `before` is what was reached before each edit. */
function traced(before: readonly Reached[], oldEnd: number, newEnd: number): DiffLine["kind"][] {
  const kinds: DiffLine["kind"][] = [];
  let [x, y] = [oldEnd, newEnd];
  for (let edits = before.length - 1; edits > 0; edits--) {
    const reached = before[edits];
    if (reached === undefined) break;
    const down = goesDown(reached, x - y, edits);
    const diagonal = down ? x - y + 1 : x - y - 1;
    const startX = at(reached, diagonal);
    const startY = startX - diagonal;
    const [endX, endY] = down ? [startX, startY + 1] : [startX + 1, startY];
    for (; x > endX && y > endY; x--, y--) kinds.push("same");
    kinds.push(down ? "added" : "removed");
    [x, y] = [startX, startY];
  }
  for (; x > 0 && y > 0; x--, y--) kinds.push("same");
  return kinds.reverse();
}
