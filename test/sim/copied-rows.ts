import { join } from "node:path";
import type { LevelStore, StoredRow } from "../../src/backend/index.js";
import { type File, files, promises } from "./files.js";

/*
 * A copied database of a simulated machine: its rows in some files that have the names of LevelDB's tables, and
 * `CURRENT`, which lists these files with their lengths. A row is the lengths of its key and its value (4 bytes each),
 * then both of them.
 */

/** The number of tables of a copy that has enough rows. */
const tableCount = 4;
const [lowestKey, highestKey] = [Buffer.alloc(0), Buffer.alloc(64, 0xff)];

/** The files of a copy, as they were when it was opened. */
export class CopiedFiles {
  readonly #found: readonly (readonly [file: File, bytes: number])[];

  constructor(found: readonly File[]) {
    this.#found = found.map((file) => [file, file.bytes.length]);
  }

  /** Whether a crash has taken bytes that were not synced. */
  lost(): boolean {
    return this.#found.some(([file, bytes]) => file.bytes.length < bytes);
  }
}

/**
 * Copies all rows of a store into the folder `target`.
 *
 * @param pass waits for the disk, before each file
 */
export async function copyRows(store: LevelStore, target: string, pass: () => Promise<void>): Promise<void> {
  const rows = await store.iterate(lowestKey, highestKey).nextv(Number.POSITIVE_INFINITY);
  await promises.mkdir(target);
  const tables: string[] = [];
  const rowsOfTable = Math.max(1, Math.ceil(rows.length / tableCount));
  for (let at = 0; at < rows.length; at += rowsOfTable) {
    const table = encodeRows(rows.slice(at, at + rowsOfTable));
    const name = `${String(tables.length + 5).padStart(6, "0")}.ldb`;
    await pass();
    await promises.writeFile(join(target, name), table);
    tables.push(`${name} ${table.length}`);
  }
  await pass();
  await promises.writeFile(join(target, "CURRENT"), Buffer.from(tables.join("\n")));
}

/** @throws Error when the folder has no copy, or only a part of one */
export function readCopy(dir: string): { readonly rows: readonly StoredRow[]; readonly files: CopiedFiles } {
  const current = files.open(join(dir, "CURRENT"), "r");
  if (current.bytes.length === 0) throw new Error(`no database in ${dir}`);
  const found = [current];
  const rows: StoredRow[] = [];
  for (const line of current.bytes.toString().split("\n")) {
    const [name = "", bytes] = line.split(" ");
    const table = files.open(join(dir, name), "r");
    if (table.bytes.length !== Number(bytes)) throw new Error(`${dir}/${name} is not whole`);
    found.push(table);
    rows.push(...decodeRows(table.bytes));
  }
  return { rows, files: new CopiedFiles(found) };
}

function encodeRows(rows: readonly StoredRow[]): Buffer {
  return Buffer.concat(
    rows.flatMap(([key, value]) => {
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32BE(key.length, 0);
      lengths.writeUInt32BE(value.length, 4);
      return [lengths, key, value];
    }),
  );
}

function decodeRows(table: Buffer): StoredRow[] {
  const rows: StoredRow[] = [];
  for (let at = 0; at < table.length; ) {
    const keyEnd = at + 8 + table.readUInt32BE(at);
    const end = keyEnd + table.readUInt32BE(at + 4);
    rows.push([Buffer.from(table.subarray(at + 8, keyEnd)), Buffer.from(table.subarray(keyEnd, end))]);
    at = end;
  }
  return rows;
}
