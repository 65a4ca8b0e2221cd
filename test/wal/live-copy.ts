import { cpSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

const attemptsMax = 200;

/**
 * Copies the files of an open log as a killed process would leave them. LevelDB may replace files meanwhile, on a
 * thread of its own: a copy during which that happened is no state that ever was, and is made again.
 */
export function copyLive(dir: string, copy: string): void {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    rmSync(copy, { recursive: true, force: true });
    try {
      const before = listing(dir);
      cpSync(dir, copy, { recursive: true });
      if (listing(dir) === before) return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  throw new Error(`the files of ${dir} never stood still`);
}

/** The names and lengths of all files below a folder. */
function listing(dir: string): string {
  const names = readdirSync(dir, { recursive: true, encoding: "utf8" }).toSorted();
  return names.map((name) => `${name} ${statSync(join(dir, name)).size}`).join("\n");
}
