import { checkLog, checkTables, damaged, type LogDamage } from "../backend/index.js";
import { indexFrom, type Run, runOf } from "./record.js";

/**
 * Checks LevelDB's files before LevelDB opens them.
 *
 * @returns the torn end of the last write, which LevelDB will skip; undefined when there is none
 * @throws DiskError when LevelDB would skip acknowledged batches, or a table is damaged
 */
export async function checkLevelFiles(dir: string): Promise<LogDamage | undefined> {
  let before: Run | undefined;
  let behind: Run | undefined;
  const damage = await checkLog(dir, (key, isBehind) => {
    const run = runOf(key);
    if (run === undefined) return;
    if (isBehind) behind ??= run;
    else before = run;
  });
  if (damage?.torn === false) {
    const index = before === undefined ? (behind?.first ?? 1) - 1 : before.last + 1;
    const why = damage.followed ? "later batches are there" : "the last batch was written whole";
    const where = `${damage.file} cannot be read at byte ${damage.offset}, and ${why}`;
    throw damaged(`the raft log in ${dir} is damaged at index ${index}: ${where}`);
  }
  const table = await checkTables(dir);
  if (table === undefined) return damage;
  const index = indexFrom(table.from);
  const place = index === undefined ? "" : ` at index ${index}`;
  throw damaged(`the raft log in ${dir} is damaged${place}: ${table.file} does not match its checksums`);
}
