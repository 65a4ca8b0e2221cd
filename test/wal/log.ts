import type { Entry, Snapshot } from "../../src/raft/index.js";

/** Entries with the given terms, from index `first` on. */
export function entries(first: number, ...terms: number[]): Entry[] {
  return terms.map((term, at) => ({
    term,
    index: first + at,
    type: "EntryNormal",
    data: new TextEncoder().encode(`entry ${first + at} of term ${term}`),
  }));
}

export function snapshotAt(index: number, term: number): Snapshot {
  const confState = {
    voters: [1n, 0xffff_ffff_ffff_ffffn],
    votersOutgoing: [],
    learners: [3n],
    learnersNext: [],
    autoLeave: true,
  };
  return { metadata: { index, term, confState }, data: new TextEncoder().encode(`snapshot ${index}`) };
}

/** The index and the term of each entry. */
export function show(list: readonly Entry[]): string {
  return list.map(({ index, term }) => `${index}/${term}`).join(" ");
}
