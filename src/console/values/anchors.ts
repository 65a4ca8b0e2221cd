/** Two places of a line: in the old text, and in the new one. */
export type Anchor = readonly [number, number];

/** Lines that occur once in each text, as many as are in the same order in both (Cohen's "patience diff"). */
export function commonAnchors(old: readonly string[], young: readonly string[]): readonly Anchor[] {
  const inYoung = placesOfUnique(young);
  const pairs: Anchor[] = [];
  for (const [line, x] of placesOfUnique(old)) {
    const y = inYoung.get(line);
    if (x !== undefined && y !== undefined) pairs.push([x, y]);
  }
  return longestRising(pairs);
}

/** The place of each line; undefined for lines that occur more than once. */
function placesOfUnique(lines: readonly string[]): ReadonlyMap<string, number | undefined> {
  const places = new Map<string, number | undefined>();
  lines.forEach((line, at) => {
    places.set(line, places.has(line) ? undefined : at);
  });
  return places;
}

/** The longest series of pairs whose second numbers rise; the first ones do already. */
function longestRising(pairs: readonly Anchor[]): readonly Anchor[] {
  /** For each length of a series, the index of the pair with the smallest end; and the pair before each pair. */
  const ends: number[] = [];
  const before: (number | undefined)[] = [];
  const endOf = (index: number | undefined): number => pairs[index ?? -1]?.[1] ?? -1;
  pairs.forEach(([, y], index) => {
    let [low, high] = [0, ends.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (endOf(ends[middle]) < y) low = middle + 1;
      else high = middle;
    }
    before.push(ends[low - 1]);
    ends[low] = index;
  });
  const series: Anchor[] = [];
  for (let index = ends.at(-1); index !== undefined; index = before[index]) {
    const pair = pairs[index];
    if (pair !== undefined) series.push(pair);
  }
  return series.reverse();
}
