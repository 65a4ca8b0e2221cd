import { readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  type Backend,
  type BackendOptions,
  type LevelStore,
  openLevelBackend,
  SideFolder,
  syncDirectory,
} from "../../backend/index.js";
import type { DatabasePlaces } from "./member-disk.js";

/** Copies that are sent to peers, or that a start reads, are named after the first database, this, and a number. */
const copySuffix = "-copy-";

/** Keeps each database in a directory. The names of all but the first end with the snapshot's index. */
export class DatabaseFolder implements DatabasePlaces {
  readonly #first: string;
  readonly #openStore: ((dir: string) => Promise<LevelStore>) | undefined;
  #copies = 0;

  /**
   * @param first the directory of the first database. Those received as snapshots lie beside it
   * @param openStore opens a LevelDB directory; tests pass a store whose disk fails
   */
  constructor(first: string, openStore?: (dir: string) => Promise<LevelStore>) {
    this.#first = first;
    this.#openStore = openStore;
  }

  indexes(): Promise<readonly number[]> {
    return storedIndexes(this.#first);
  }

  open(index: number, options: BackendOptions): Promise<Backend> {
    const openStore = this.#openStore;
    const dir = this.#dir(index);
    const sideFiles = new SideFolder(dir, options.unsafeNoSync !== true);
    const copyPlace = (): string => this.copyPlace();
    return openLevelBackend({ ...options, dir, sideFiles, copyPlace, ...(openStore && { openStore }) });
  }

  async remove(index: number): Promise<void> {
    await rm(this.#dir(index), { recursive: true, force: true });
  }

  async adopt(index: number, dir: string): Promise<void> {
    await rename(dir, this.#dir(index));
    await syncDirectory(dirname(this.#first));
  }

  copyPlace(): string {
    return `${this.#first}${copySuffix}${this.#copies++}`;
  }

  async removeCopies(): Promise<void> {
    const parent = dirname(this.#first);
    for (const name of await readdir(parent).catch(() => [])) {
      const path = join(parent, name);
      if (path.startsWith(`${this.#first}${copySuffix}`)) await rm(path, { recursive: true, force: true });
    }
  }

  #dir(index: number): string {
    return dirOf(this.#first, index);
  }
}

/** The directories of a member's databases. There is more than one only after a crash in the middle of a snapshot. */
export async function databaseDirs(first: string): Promise<readonly string[]> {
  return (await storedIndexes(first)).map((index) => dirOf(first, index));
}

function dirOf(first: string, index: number): string {
  return index === 0 ? first : `${first}-${index.toString(16).padStart(16, "0")}`;
}

async function storedIndexes(first: string): Promise<readonly number[]> {
  const parent = dirname(first);
  const names = await readdir(parent).catch(() => []);
  return names
    .flatMap((name) => {
      const path = join(parent, name);
      if (path === first) return [0];
      const digits = path.startsWith(`${first}-`) ? /-([0-9a-f]{16})$/.exec(name)?.[1] : undefined;
      return digits === undefined ? [] : [Number.parseInt(digits, 16)];
    })
    .sort((one, other) => other - one);
}
