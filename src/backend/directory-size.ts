import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** A table that has not changed while others were written for this long is complete. */
const settledAfterMs = 10_000;
/** The most files that are asked for their size at once: each occupies a thread for file operations. */
const asksAtOnce = 64;

interface Found {
  readonly name: string;
  readonly bytes: number;
  readonly changedAtMs: number;
}

/**
 * The size of the files in a LevelDB directory. No table changes once it is complete, so that its size is remembered:
 * at any size of the database only the files of the last seconds are asked.
 */
export class DirectorySize {
  readonly #dir: string;
  /** The sizes of complete tables, by name. */
  #settled: ReadonlyMap<string, number> = new Map();

  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * The sum of all sizes. LevelDB removes files while it works, so a file that disappears meanwhile counts as empty.
   */
  async bytes(): Promise<number> {
    const names = await readdir(this.#dir);
    const settled = new Map<string, number>();
    const unknown: string[] = [];
    let sum = 0;
    for (const name of names) {
      const bytes = this.#settled.get(name);
      if (bytes === undefined) unknown.push(name);
      else {
        settled.set(name, bytes);
        sum += bytes;
      }
    }
    const found: Found[] = [];
    for (let at = 0; at < unknown.length; at += asksAtOnce) {
      found.push(...(await Promise.all(unknown.slice(at, at + asksAtOnce).map((name) => this.#ask(name)))));
    }
    // Compared with the other files, since the clock of a file server may differ from that of this machine.
    const newest = found.reduce((latest, { changedAtMs }) => Math.max(latest, changedAtMs), 0);
    for (const { name, bytes, changedAtMs } of found) {
      sum += bytes;
      if (name.endsWith(".ldb") && changedAtMs <= newest - settledAfterMs) settled.set(name, bytes);
    }
    this.#settled = settled;
    return sum;
  }

  async #ask(name: string): Promise<Found> {
    const file = await stat(join(this.#dir, name)).catch(() => undefined);
    return { name, bytes: file?.size ?? 0, changedAtMs: file?.mtimeMs ?? 0 };
  }
}
