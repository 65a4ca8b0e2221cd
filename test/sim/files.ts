import { dirname } from "node:path";

export interface File {
  bytes: Buffer;
  /** The contents that remain after a crash. */
  synced: Buffer;
}

/** The files of all simulated machines, instead of `node:fs`. A crash of a machine loses its unsynced data. */
class Files {
  #files = new Map<string, File>();
  #folders = new Set<string>(["/"]);
  readonly #syncs = new Map<string, () => Promise<void>>();
  readonly #broken = new Set<string>();

  reset(): void {
    this.#files.clear();
    this.#folders = new Set(["/"]);
    this.#syncs.clear();
    this.#broken.clear();
  }

  /** Lets each sync of a file below `folder` wait for `passed`, which does not return in a process that has died. */
  delaySyncs(folder: string, passed: () => Promise<void>): void {
    this.#syncs.set(folder, passed);
  }

  /** Lets all writes to files below `folder` fail, or succeed again. */
  break(folder: string, broken: boolean): void {
    if (broken) this.#broken.add(folder);
    else this.#broken.delete(folder);
  }

  /** @throws Error when the folder of the file is broken */
  checkWrite(path: string): void {
    for (const folder of this.#broken) if (path.startsWith(`${folder}/`)) throw failure("EIO", path);
  }

  async syncTime(path: string): Promise<void> {
    for (const [folder, passed] of this.#syncs) if (path.startsWith(`${folder}/`)) await passed();
  }

  /** Resets all files under `folder` to their synced contents. */
  crash(folder: string): void {
    for (const [path, file] of this.#files) if (path.startsWith(`${folder}/`)) file.bytes = file.synced;
  }

  exists(path: string): boolean {
    return this.#files.has(path) || this.#folders.has(path);
  }

  isFolder(path: string): boolean {
    return this.#folders.has(path);
  }

  makeFolder(path: string): void {
    for (let folder = path; !this.#folders.has(folder); folder = dirname(folder)) this.#folders.add(folder);
  }

  names(path: string): string[] {
    if (!this.#folders.has(path)) throw failure("ENOENT", path);
    const prefix = path === "/" ? "/" : `${path}/`;
    const below = [...this.#folders, ...this.#files.keys()].filter((other) => other.startsWith(prefix));
    return [...new Set(below.map((other) => other.slice(prefix.length).split("/")[0] ?? ""))].filter(Boolean).sort();
  }

  open(path: string, flags: string): File {
    if (this.#folders.has(path)) return { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
    if (flags.startsWith("w")) {
      if (!this.#folders.has(dirname(path))) throw failure("ENOENT", path);
      this.#files.set(path, { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) });
    }
    const file = this.#files.get(path);
    if (file === undefined) throw failure("ENOENT", path);
    return file;
  }

  /** Renames a file, or a folder with all that it holds. */
  rename(from: string, to: string): void {
    this.open(from, "r");
    for (const path of [...this.#files.keys(), ...this.#folders]) {
      if (!`${path}/`.startsWith(`${from}/`)) continue;
      const file = this.#files.get(path);
      const renamed = to + path.slice(from.length);
      if (file === undefined) this.#folders.add(renamed);
      else this.#files.set(renamed, file);
      this.#files.delete(path);
      this.#folders.delete(path);
    }
  }

  /** Gives a file a second name. */
  link(from: string, to: string): void {
    const file = this.open(from, "r");
    if (!this.#folders.has(dirname(to))) throw failure("ENOENT", to);
    if (this.exists(to)) throw failure("EEXIST", to);
    this.#files.set(to, file);
  }

  remove(path: string, { force = false, recursive = false }): void {
    if (!this.exists(path) && !force) throw failure("ENOENT", path);
    this.#files.delete(path);
    if (!recursive) return;
    for (const other of [...this.#files.keys()]) if (other.startsWith(`${path}/`)) this.#files.delete(other);
    for (const other of [...this.#folders]) if (`${other}/`.startsWith(`${path}/`)) this.#folders.delete(other);
  }
}

export const files = new Files();

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

/** The functions of `node:fs/promises` that the server uses. */
export const promises = {
  mkdir: async (path: string) => files.makeFolder(path),
  access: async (path: string) => void files.open(path, "r"),
  stat: async (path: string) => {
    const { length: size } = files.open(path, "r").bytes;
    return { mode: 0o700, size, isDirectory: () => files.isFolder(path) };
  },
  readdir: async (path: string) => files.names(path),
  readFile: async (path: string, encoding?: BufferEncoding) => {
    const { bytes } = files.open(path, "r");
    return encoding === undefined ? bytes : bytes.toString(encoding);
  },
  writeFile: async (path: string, bytes: Uint8Array) => {
    files.checkWrite(path);
    files.open(path, "w").bytes = Buffer.from(bytes);
  },
  rename: async (from: string, to: string) => files.rename(from, to),
  link: async (from: string, to: string) => files.link(from, to),
  rm: async (path: string, options: { force?: boolean; recursive?: boolean } = {}) => files.remove(path, options),
  open: async (path: string, flags: string) => handleOf(path, files.open(path, flags)),
};

/** The functions of `node:fs` that the server uses. */
export const sync = {
  existsSync: (path: string) => files.exists(path),
  readdirSync: (path: string) => files.names(path),
  constants: { R_OK: 4, W_OK: 2, X_OK: 1 },
};

/** A large write is done in part only, as a system may do it. */
const writtenMax = 300;

function handleOf(path: string, file: File) {
  return {
    stat: async () => ({ size: file.bytes.length, isDirectory: () => false }),
    read: async (target: Buffer, offset: number, length: number, position: number) => {
      return { bytesRead: file.bytes.copy(target, offset, position, position + length), buffer: target };
    },
    writeFile: async (chunk: Uint8Array) => {
      files.checkWrite(path);
      file.bytes = Buffer.concat([file.bytes, chunk]);
    },
    write: async (bytes: Uint8Array, offset: number, length: number, position: number) => {
      files.checkWrite(path);
      const bytesWritten = Math.min(length, writtenMax);
      const end = position + bytesWritten;
      const written = Buffer.concat([file.bytes, Buffer.alloc(Math.max(0, end - file.bytes.length))]);
      written.set(bytes.subarray(offset, offset + bytesWritten), position);
      file.bytes = written;
      return { bytesWritten };
    },
    truncate: async (length: number) => {
      file.bytes = file.bytes.subarray(0, length);
    },
    sync: async () => {
      const { bytes } = file;
      await files.syncTime(path);
      file.synced = bytes;
    },
    close: async () => undefined,
  };
}
