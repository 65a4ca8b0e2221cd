import { checkTables, DiskError, damaged, type LevelStore } from "../backend/index.js";
import type { LogState } from "./log-state.js";
import { readState } from "./segment-chain.js";
import { FileSegments, segmentPath } from "./segments.js";

/** The readable parts of a log that no member can start on. */
export interface LogRemains {
  /** State of the log as of the newest segment that has one. */
  readonly state: LogState | undefined;
  /** The segments that can be opened, oldest first. */
  readonly stores: readonly LevelStore[];
}

/** Opens what can be opened of the damaged log in `dir`. `onDamage` is called for the rest. */
export async function remainsOf(dir: string, onDamage: (damage: DiskError) => void): Promise<LogRemains> {
  const segments = new FileSegments(dir);
  const stores: LevelStore[] = [];
  let state: LogState | undefined;
  for (const number of await segments.list()) {
    await reported(segments.check(number), onDamage);
    // LevelDB would end the process when it reads such a table.
    const path = segmentPath(dir, number);
    const table = await checkTables(path);
    if (table !== undefined) {
      onDamage(damaged(`the raft log in ${path} cannot be read: ${table.file} is damaged`));
      continue;
    }
    const store = await reported(segments.open(number), onDamage);
    if (store === undefined) continue;
    stores.push(store);
    state = (await reported(readState(store), onDamage)) ?? state;
  }
  return { state, stores };
}

async function reported<Result>(
  step: Promise<Result>,
  onDamage: (damage: DiskError) => void,
): Promise<Result | undefined> {
  try {
    return await step;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    onDamage(error);
    return undefined;
  }
}
