import { createHash } from "node:crypto";
import { fstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";

type Promises = typeof import("node:fs/promises");

interface Entry {
  readonly inode: number;
  readonly folder: boolean;
}

/** How much of what was not synced is there after a crash. */
export type Remains = "nothing" | "names" | "names and half of each file";
export const allRemains: readonly Remains[] = ["nothing", "names", "names and half of each file"];

/**
 * Watches what is done to the files in one folder, so that the folder can be copied as a crash at this moment would
 * leave it. The contents of a file are certain when it was synced, a name when its folder was. LevelDB does not write
 * through here: its own files are taken as they are.
 */
class CrashingDisk {
  /** Called after each step that a crash may come before or after. */
  onStep: (what: string) => Promise<void> = async () => undefined;
  #root = "/nowhere";
  /** The synced contents of the files that were written here. */
  readonly #contents = new Map<number, Buffer>();
  /** The synced names in each folder. */
  readonly #names = new Map<number, Map<string, Entry>>();

  /** Watches a folder, of which all is certain now. */
  watch(root: string): void {
    this.#root = root;
    for (const folder of foldersIn(root)) this.#names.set(statSync(folder).ino, entriesOf(folder));
  }

  /**
   * Makes `target` what a crash would leave at this moment.
   *
   * @returns a sum of the names and contents
   */
  afterCrash(target: string, remains: Remains): string {
    const sum = createHash("sha256");
    // A folder that was moved has two names until both its folders are synced; a file system shows one of them.
    const now = new Set<number>();
    for (const folder of foldersIn(this.#root)) {
      const certain = this.#names.get(statSync(folder).ino);
      for (const [name, { inode }] of entriesOf(folder)) if (certain?.get(name)?.inode === inode) now.add(inode);
    }
    const make = (source: string, to: string): void => {
      mkdirSync(to);
      const present = entriesOf(source);
      for (const [name, entry] of remains === "nothing" ? this.#certain(source, present) : present) {
        const isThere = present.get(name)?.inode === entry.inode;
        if (!isThere && now.has(entry.inode)) continue;
        sum.update(join(to.slice(target.length), name));
        const from = isThere ? join(source, name) : this.#pathOf(entry.inode);
        if (entry.folder) {
          if (from !== undefined) make(from, join(to, name));
          continue;
        }
        const bytes = this.#bytesAfter(entry.inode, from, remains);
        sum.update(bytes);
        writeFileSync(join(to, name), bytes);
      }
    };
    make(this.#root, target);
    return sum.digest("hex");
  }

  /** The functions of `node:fs/promises`, watched. */
  watched(real: Promises): Promises {
    const step = async <T>(path: string, what: string, done: Promise<T>): Promise<T> => {
      const result = await done;
      if (path.startsWith(`${this.#root}/`)) await this.onStep(what);
      return result;
    };
    const changed = {
      mkdir: async (path: string, ...rest: []) => step(path, "mkdir", real.mkdir(path, ...rest)),
      rename: async (from: string, to: string) => step(to, "rename", real.rename(from, to)),
      rm: async (path: string, ...rest: []) =>
        step(
          path,
          "rm",
          real.rm(path, ...rest).then(() => this.#forgetRemoved()),
        ),
      writeFile: async (path: string, bytes: Buffer, ...rest: []) => {
        await real.writeFile(path, bytes, ...rest);
        if (!path.startsWith(`${this.#root}/`)) return;
        this.#contents.set(statSync(path).ino, Buffer.alloc(0));
        await this.onStep("write");
      },
      open: async (path: string, flags: string, ...rest: []) => {
        const handle = await real.open(path, flags, ...rest);
        if (path !== this.#root && !path.startsWith(`${this.#root}/`)) return handle;
        const { ino } = fstatSync(handle.fd);
        if (flags.startsWith("w")) this.#contents.set(ino, Buffer.alloc(0));
        return this.#watchedFile(handle, path, ino);
      },
    };
    return { ...real, ...(changed as unknown as Promises) };
  }

  #watchedFile(handle: FileHandle, path: string, inode: number): FileHandle {
    const after = (what: string) => this.onStep(what);
    const changed: Record<string, unknown> = {
      write: async (...args: []) => {
        const written = await handle.write(...(args as unknown as [Buffer]));
        await after("write");
        return written;
      },
      truncate: async (length: number) => {
        await handle.truncate(length);
        await after("truncate");
      },
      sync: async () => {
        await handle.sync();
        if (statSync(path).isDirectory()) this.#names.set(inode, entriesOf(path));
        else this.#contents.set(inode, readFileSync(path));
        await after("sync");
      },
    };
    return new Proxy(handle, {
      get(target, name) {
        const value: unknown = changed[String(name)] ?? Reflect.get(target, name, target);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  /** The names in a folder that a crash leaves in any case. LevelDB syncs the folder before it removes a file. */
  #certain(folder: string, present: ReadonlyMap<string, Entry>): Map<string, Entry> {
    const synced = [...(this.#names.get(statSync(folder).ino) ?? [])];
    const isOurs = (entry: Entry): boolean => entry.folder || this.#contents.has(entry.inode);
    const ours = synced.filter(([name, entry]) => isOurs(entry) || present.get(name)?.inode === entry.inode);
    return new Map([...[...present].filter(([, entry]) => !isOurs(entry)), ...ours]);
  }

  #bytesAfter(inode: number, path: string | undefined, remains: Remains): Buffer {
    const synced = this.#contents.get(inode);
    const present = path === undefined ? undefined : readFileSync(path);
    if (synced === undefined) return present ?? Buffer.alloc(0);
    if (present === undefined || remains !== "names and half of each file") return synced;
    return present.length > synced.length ? present.subarray(0, (synced.length + present.length) >>> 1) : synced;
  }

  /** A file that LevelDB makes may get the number of one that was removed. */
  #forgetRemoved(): void {
    const known = [...foldersIn(this.#root).map(entriesOf), ...this.#names.values()];
    const inodes = new Set(known.flatMap((names) => [...names.values()].map(({ inode }) => inode)));
    for (const inode of [...this.#contents.keys()]) if (!inodes.has(inode)) this.#contents.delete(inode);
  }

  #pathOf(inode: number): string | undefined {
    for (const folder of foldersIn(this.#root)) {
      for (const [name, entry] of entriesOf(folder)) if (entry.inode === inode) return join(folder, name);
    }
    return undefined;
  }
}

export const disk = new CrashingDisk();

/** A folder and all folders in it. */
function foldersIn(folder: string): string[] {
  const below = [...entriesOf(folder)].filter(([, entry]) => entry.folder);
  return [folder, ...below.flatMap(([name]) => foldersIn(join(folder, name)))];
}

function entriesOf(folder: string): Map<string, Entry> {
  return new Map(
    readdirSync(folder).map((name) => {
      const found = statSync(join(folder, name));
      return [name, { inode: found.ino, folder: found.isDirectory() }];
    }),
  );
}
