import { type FileHandle, link, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../base/index.js";
import { syncDirectory } from "./sync-directory.js";

/**
 * Files beside the database, for data that can be made again from it. They are written as a whole, and are of use only
 * as long as a record in the database says so: nothing here tells a whole file from a torn or a foreign one.
 */
export interface SideFiles {
  /** Begins a file; an existing one of this name is lost. */
  create(name: string): Promise<SideFileWriter>;
  /** Opens a file, which the caller must close; undefined when there is none. */
  open(name: string): Promise<SideFile | undefined>;
  /** The names of all files, complete or not. */
  names(): Promise<readonly string[]>;
  remove(name: string): Promise<void>;
  /** Gives a copy of the database in the directory `database` this file as well, by a hard link, if it is there. */
  share(name: string, database: string): Promise<void>;
}

/** A file that is being written. Its writer awaits each call before the next one. */
export interface SideFileWriter {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes what was written durable, so that the end has less to do. */
  sync(): Promise<void>;
  /** Makes the file and its name durable, and closes it. */
  finish(): Promise<void>;
  /** Closes a file that is not needed after all. It stays until it is removed. */
  abandon(): Promise<void>;
}

export interface SideFile {
  readonly bytes: number;
  /** Reads up to `target.length` bytes at `position`. @returns the number of bytes read; 0 at the end */
  read(target: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

/** The name of the directory, in that of the database. */
export const sideFolderName = "index";

/** Keeps side files in a directory of their own, which LevelDB and earlier releases leave alone. */
export class SideFolder implements SideFiles {
  readonly #parent: string;
  readonly #dir: string;
  readonly #sync: boolean;

  /**
   * @param database the directory of the database
   * @param sync false leaves it to the system when data reaches the disk
   */
  constructor(database: string, sync: boolean) {
    this.#parent = database;
    this.#dir = join(database, sideFolderName);
    this.#sync = sync;
  }

  async create(name: string): Promise<SideFileWriter> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const file = await open(join(this.#dir, name), "w", 0o600);
    return {
      write: (bytes) => file.writeFile(bytes),
      sync: async () => {
        if (this.#sync) await file.sync();
      },
      finish: async () => {
        if (this.#sync) await file.sync();
        await file.close();
        if (!this.#sync) return;
        await syncDirectory(this.#dir);
        await syncDirectory(this.#parent);
      },
      abandon: () => file.close(),
    };
  }

  async open(name: string): Promise<SideFile | undefined> {
    const file = await openIfThere(join(this.#dir, name));
    if (file === undefined) return undefined;
    const { size } = await file.stat();
    return {
      bytes: size,
      read: async (target, position) => (await file.read(target, 0, target.length, position)).bytesRead,
      close: () => file.close(),
    };
  }

  names(): Promise<readonly string[]> {
    return readdir(this.#dir).catch(() => []);
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#dir, name), { force: true });
  }

  async share(name: string, database: string): Promise<void> {
    const dir = join(database, sideFolderName);
    await mkdir(dir, { recursive: true, mode: 0o700 });
    await link(join(this.#dir, name), join(dir, name)).catch((error: unknown) => {
      if (errorCode(error) !== "ENOENT") throw error;
    });
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
