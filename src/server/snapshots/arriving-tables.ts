import { type FileHandle, mkdir, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncDirectory } from "../../backend/index.js";
import { crc32c } from "../../base/index.js";
import type { ByteSource } from "./byte-source.js";
import { type ArchivedFile, encodeList, isArchived, listBytesMax, pieceBytes, sumBytes } from "./table-archive.js";

/** The name of the archive's list in the folder, until all of its files are there. */
const listName = "list";
/** The name of the file that is being written. It gets its own name when it is complete, checked and synced. */
const partName = "part";

/**
 * A folder that the files of an archive arrive in, one after the other, so that what the folder holds says where a
 * broken transfer is resumed.
 */
export class ArrivingTables {
  readonly #dir: string;

  /** @param dir a folder, or the place for a new one */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The number of bytes of the archive, from the first one on, that the folder has. */
  async kept(): Promise<number> {
    const files = await this.#list();
    if (files === undefined) return 0;
    let bytes = encodeList(files).length;
    for (const file of files) {
      if (!(await this.#has(file))) return bytes + Math.min(await this.#partBytes(), file.bytes);
      bytes += file.bytes + sumBytes;
    }
    return bytes;
  }

  /**
   * Writes what the folder does not have yet. Each file is synced.
   *
   * @param source the archive from the byte on that `kept` has returned
   * @param written called after each file
   * @throws Error when a file is not as its sender wrote it; the error of the source or the disk
   */
  async write(source: ByteSource, written: () => void): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    const files = (await this.#list()) ?? (await this.#takeList(source));
    let missing = false;
    for (const file of files) {
      // A file behind the first missing one would be sent again.
      if (!missing && (await this.#has(file))) continue;
      missing = true;
      await this.#write(file, source);
      written();
    }
    if (!(await source.ended())) throw new Error("the snapshot goes on behind its last file");
    await rm(join(this.#dir, listName));
  }

  async #takeList(source: ByteSource): Promise<readonly ArchivedFile[]> {
    const length = (await source.take(4)).readUInt32BE();
    if (length > listBytesMax) throw new Error(`the list of a snapshot's files takes ${length} bytes`);
    const list = await source.take(length);
    checkSum(await source.take(sumBytes), crc32c(list), "the list of its files");
    const files = filesIn(list);
    const path = join(this.#dir, `new-${listName}`);
    await writeFile(path, list, { mode: 0o600 });
    await rename(path, join(this.#dir, listName));
    return files;
  }

  /** Writes a file, of which a part may be there from an earlier connection. */
  async #write({ name, bytes }: ArchivedFile, source: ByteSource): Promise<void> {
    const had = Math.min(await this.#partBytes(), bytes);
    const file = await open(this.#part, had === 0 ? "w" : "r+", 0o600);
    try {
      let sum = await sumOf(file, had);
      let position = had;
      for await (const part of source.parts(bytes - had)) {
        sum = crc32c(part, sum);
        await writeAll(file, part, position);
        position += part.length;
      }
      checkSum(await source.take(sumBytes), sum, name);
      await file.truncate(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    const path = join(this.#dir, name);
    const folder = dirname(path);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(this.#part, path);
    // The caller syncs the names in the folder itself.
    if (folder !== this.#dir) await syncDirectory(folder);
  }

  async #partBytes(): Promise<number> {
    return (await stat(this.#part).catch(() => undefined))?.size ?? 0;
  }

  get #part(): string {
    return join(this.#dir, partName);
  }

  async #list(): Promise<readonly ArchivedFile[] | undefined> {
    const list = await readFile(join(this.#dir, listName)).catch(() => undefined);
    return list && filesIn(list);
  }

  async #has({ name, bytes }: ArchivedFile): Promise<boolean> {
    const found = await stat(join(this.#dir, name)).catch(() => undefined);
    return found?.size === bytes;
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at, position + at)).bytesWritten;
  }
}

/** The sum of the first `bytes` bytes of a file. */
async function sumOf(file: FileHandle, bytes: number): Promise<number> {
  const piece = Buffer.allocUnsafe(Math.min(bytes, pieceBytes));
  let sum = 0;
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(piece, 0, Math.min(piece.length, bytes - at), at);
    if (bytesRead === 0) throw new Error("a part of a snapshot has got shorter");
    sum = crc32c(piece.subarray(0, bytesRead), sum);
    at += bytesRead;
  }
  return sum;
}

/** @throws Error when the list names a file that no database has, or one twice */
function filesIn(list: Buffer): readonly ArchivedFile[] {
  const found: unknown = JSON.parse(list.toString());
  const files = Array.isArray(found) ? found.map(fileOf) : [];
  const names = new Set(files.map((file) => file?.name));
  if (!names.has("CURRENT") || names.has(undefined) || names.size !== files.length) {
    throw new Error("the list of a snapshot's files is not that of a database");
  }
  return files.filter((file) => file !== undefined);
}

function fileOf(found: unknown): ArchivedFile | undefined {
  if (typeof found !== "object" || found === null || !("name" in found) || !("bytes" in found)) return undefined;
  const { name, bytes } = found;
  if (typeof name !== "string" || !isArchived(name)) return undefined;
  return typeof bytes === "number" && Number.isSafeInteger(bytes) && bytes >= 0 ? { name, bytes } : undefined;
}

function checkSum(stored: Buffer, sum: number, what: string): void {
  if (stored.readUInt32BE() !== sum) throw new Error(`the snapshot is damaged: ${what} does not match its checksum`);
}
