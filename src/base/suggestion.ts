/** The known name nearest to a mistyped one; undefined when none is close enough. */
export function nearest(mistyped: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(mistyped.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(mistyped, name, bestDistance);
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/**
 * Number of letters to insert, delete or replace to get from one text to the other; `enough` or more when it is not
 * less.
 */
export function editDistance(left: string, right: string, enough = Number.POSITIVE_INFINITY): number {
  if (Math.abs(left.length - right.length) >= enough) return enough;
  let row = Array.from({ length: right.length + 1 }, (_, at) => at);
  for (let i = 1; i <= left.length; i++) {
    const next = [i];
    for (let j = 1; j <= right.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (left[i - 1] === right[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}
