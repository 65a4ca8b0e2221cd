import { readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import {
  freezeLevel,
  type LevelStore,
  type LevelTuning,
  type LogDamage,
  openLevelStore,
  syncDirectory,
  writeFailure,
} from "../backend/index.js";
import { checkLevelFiles } from "./level-files.js";

/** A segment by its number. Segment 0 is the directory of the log itself, which older releases used alone. */
export type SegmentNumber = number;

/**
 * The LevelDB databases that hold a log, one after the other. A segment is small enough to stay in LevelDB's own log,
 * so each entry is written once; and a segment whose entries are no longer needed is removed as a whole.
 */
export interface SegmentFolder {
  /** The segments that exist, in order. */
  list(): Promise<readonly SegmentNumber[]>;
  /** Checks the files of a segment that is not open. @throws DiskError when LevelDB would skip acknowledged batches */
  check(number: SegmentNumber): Promise<LogDamage | undefined>;
  /** Opens a segment, or creates it. When this resolves, a crash does not undo its creation. */
  open(number: SegmentNumber): Promise<LevelStore>;
  /** Removes a segment that is not open. A crash leaves all of it, or nothing that `list` returns. */
  remove(number: SegmentNumber): Promise<void>;
  /** Removes what an interrupted `remove` has left. */
  clean(): Promise<void>;
}

const tuning: LevelTuning = {
  cacheSize: 1024 * 1024,
  // More than a segment holds, so that LevelDB makes no table of it.
  writeBufferSize: 64 * 1024 * 1024,
  blockSize: 16 * 1024,
  maxFileSize: 8 * 1024 * 1024,
  // The check of the tables at the start reads their index uncompressed.
  compression: false,
};

const digits = 16;
const removedMark = ".removed";
/** The file without which a directory holds no LevelDB database. */
const currentFile = "CURRENT";

/** Whether an entry of a log's directory is one of its segments. */
function isSegmentName(name: string): boolean {
  return /^[0-9a-f]{16}$/.test(name);
}

/** Whether a directory with these entries holds a log. */
export function holdsLog(names: readonly string[]): boolean {
  return names.includes(currentFile) || names.some(isSegmentName);
}

/** Makes a copy of the log of a stopped member, which can be opened without a change to the original. */
export async function freezeLog(dir: string, target: string): Promise<void> {
  const names = await readdir(dir).catch((): string[] => []);
  const segments = names.filter(isSegmentName);
  if (names.includes(currentFile) || segments.length === 0) await freezeLevel(dir, target);
  for (const name of segments) await freezeLevel(join(dir, name), join(target, name));
}

/** The directory of a segment of the log in `dir`. */
export function segmentPath(dir: string, number: SegmentNumber): string {
  return number === 0 ? dir : join(dir, number.toString(16).padStart(digits, "0"));
}

/** Segments as directories below that of the log. */
export class FileSegments implements SegmentFolder {
  readonly #dir: string;
  readonly #openStore: (dir: string) => Promise<LevelStore>;

  constructor(dir: string, openStore = (path: string) => openLevelStore(path, tuning)) {
    this.#dir = dir;
    this.#openStore = openStore;
  }

  async list(): Promise<readonly SegmentNumber[]> {
    const names = await this.#names();
    const numbers = names.filter(isSegmentName).map((name) => Number.parseInt(name, 16));
    if (names.includes(currentFile)) numbers.push(0);
    return numbers.sort((left, right) => left - right);
  }

  check(number: SegmentNumber): Promise<LogDamage | undefined> {
    return checkLevelFiles(this.#pathOf(number));
  }

  async open(number: SegmentNumber): Promise<LevelStore> {
    const store = await this.#openStore(this.#pathOf(number));
    if (number > 0) await syncDirectory(this.#dir);
    return store;
  }

  async remove(number: SegmentNumber): Promise<void> {
    const path = this.#pathOf(number);
    try {
      if (number === 0) await rm(join(path, currentFile));
      else await rename(path, path + removedMark);
      await syncDirectory(this.#dir);
      await this.clean();
    } catch (error) {
      throw writeFailure(path, error);
    }
  }

  async clean(): Promise<void> {
    const names = await this.#names();
    for (const name of names) {
      const left = name.endsWith(removedMark) || (!names.includes(currentFile) && isLevelFile(name));
      if (left) await rm(join(this.#dir, name), { recursive: true, force: true });
    }
  }

  #pathOf(number: SegmentNumber): string {
    return segmentPath(this.#dir, number);
  }

  #names(): Promise<string[]> {
    return readdir(this.#dir).catch(() => []);
  }
}

function isLevelFile(name: string): boolean {
  return /^(\d{6,}\.(log|ldb|dbtmp)|MANIFEST-\d+|LOG|LOG\.old|LOCK)$/.test(name);
}
