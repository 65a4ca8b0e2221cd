import { type DiskError, damaged, type LevelStore } from "../backend/index.js";

/** The error for a log that is damaged at `index`. */
export function broken({ dir }: Pick<LevelStore, "dir">, index: number, why: string): DiskError {
  return damaged(`the raft log in ${dir} is damaged at index ${index}: ${why}`);
}
