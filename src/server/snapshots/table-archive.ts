import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { sideFolderName } from "../../backend/index.js";
import { assert, crc32c } from "../../base/index.js";

/*
 * The files of a database in one stream: the length of a list (4 bytes), the list (JSON), the CRC-32C of the list (4);
 * then for each file of the list its bytes and their CRC-32C (4). Numbers are big-endian.
 */

/** One file of a database. */
export interface ArchivedFile {
  readonly name: string;
  readonly bytes: number;
}

export const sumBytes = 4;
/** The most bytes of a list: that of more than 100,000 files. */
export const listBytesMax = 8 * 1024 * 1024;
/** Files that are read and summed in pieces of this size, which takes less than a millisecond. */
export const pieceBytes = 256 * 1024;

const isDatabaseFile = (name: string): boolean => /^(CURRENT|MANIFEST-\d{6,20}|\d{6,20}\.(ldb|log))$/.test(name);
const isSideFile = (name: string): boolean => /^[0-9a-f]{16}$/.test(name);

/**
 * Whether a file may be in an archive: one of the database, or one beside it, such as a checkpoint of the index, with
 * its folder. Other names, such as those of other directories, are refused.
 */
export function isArchived(name: string): boolean {
  const beside = `${sideFolderName}/`;
  return name.startsWith(beside) ? isSideFile(name.slice(beside.length)) : isDatabaseFile(name);
}

/** Encodes the list of files with its length and its sum. */
export function encodeList(files: readonly ArchivedFile[]): Buffer {
  const list = Buffer.from(JSON.stringify(files));
  const head = Buffer.alloc(4 + list.length + sumBytes);
  head.writeUInt32BE(list.length, 0);
  list.copy(head, 4);
  head.writeUInt32BE(crc32c(list), 4 + list.length);
  return head;
}

/** The files of a copied database, as a stream of bytes that is always the same. */
export class TableArchive {
  /** Length of the stream. */
  readonly bytes: number;
  readonly #dir: string;
  readonly #files: readonly ArchivedFile[];
  readonly #head: Buffer;

  private constructor(dir: string, files: readonly ArchivedFile[]) {
    this.#dir = dir;
    this.#files = files;
    this.#head = encodeList(files);
    this.bytes = files.reduce((sum, { bytes }) => sum + bytes + sumBytes, this.#head.length);
  }

  /** @param dir a directory whose files do not change any more */
  static async of(dir: string): Promise<TableArchive> {
    // Tables come first. With CURRENT, which comes last in this order, the copy becomes a database.
    const names = (await readdir(dir)).filter(isArchived).sort();
    const beside = (await readdir(join(dir, sideFolderName)).catch(() => [])).filter(isSideFile).sort();
    const last = names.filter((name) => name === "CURRENT");
    const ordered = [
      ...names.filter((name) => name !== "CURRENT"),
      ...beside.map((name) => `${sideFolderName}/${name}`),
      ...last,
    ];
    const files: ArchivedFile[] = [];
    for (const name of ordered) files.push({ name, bytes: (await stat(join(dir, name))).size });
    return new TableArchive(dir, files);
  }

  /** The stream from a byte on. @throws Error when a file cannot be read */
  async *body(from: number): AsyncGenerator<Uint8Array, void, undefined> {
    if (from < this.#head.length) yield this.#head.subarray(from);
    let start = this.#head.length;
    for (const file of this.#files) {
      const end = start + file.bytes + sumBytes;
      if (from < end) yield* this.#file(file, Math.max(0, from - start));
      start = end;
    }
  }

  async *#file({ name, bytes }: ArchivedFile, from: number): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await open(join(this.#dir, name), "r");
    try {
      let sum = 0;
      for (let at = 0; at < bytes; ) {
        const piece = await readPiece(file, at, Math.min(pieceBytes, bytes - at));
        sum = crc32c(piece, sum);
        const skipped = Math.min(piece.length, Math.max(0, from - at));
        if (skipped < piece.length) yield piece.subarray(skipped);
        at += piece.length;
      }
      const trailer = Buffer.alloc(sumBytes);
      trailer.writeUInt32BE(sum);
      yield trailer.subarray(Math.max(0, from - bytes));
    } finally {
      await file.close();
    }
  }
}

async function readPiece(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafeSlow(length);
  const { bytesRead } = await file.read(piece, 0, length, position);
  assert(bytesRead > 0, "a file of a copied database does not change");
  return piece.subarray(0, bytesRead);
}
