import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readLog, VarintReader } from "./log-format.js";

/** The files that make up a LevelDB database. Any other file in its directory is left over from a crash. */
export interface Manifest {
  /** All changes in logs with smaller numbers are in tables: LevelDB removes such logs, and never reads them. */
  readonly logNumber: number;
  /** An older log that is still read; 0 for none. LevelDB has not written one since 2011. */
  readonly previousLog: number;
  /** The tables by number. */
  readonly tables: ReadonlyMap<number, Table>;
}

interface Table {
  /** Tables of level 0 may overlap; those of each other level do not. Newer changes of a key are in lower levels. */
  readonly level: number;
  readonly smallest: Uint8Array;
  readonly largest: Uint8Array;
}

/** The name of a table's file. */
export function tableName(number: number): string {
  return `${String(number).padStart(6, "0")}.ldb`;
}

/** Tags of the fields in a manifest's records. Numbers follow each tag, and bytes with their length before them. */
const manifestTag = {
  comparator: 1,
  logNumber: 2,
  nextFile: 3,
  lastSequence: 4,
  compactPointer: 5,
  deletedFile: 6,
  newFile: 7,
  previousLog: 9,
} as const;

/** LevelDB appends a sequence number and a kind to each key that it stores. */
const ownKeyBytes = 8;

interface Edited {
  logNumber: number;
  previousLog: number;
  readonly tables: Map<number, Table>;
}

/**
 * Reads the newest manifest of a LevelDB directory, which is a log of edits. A manifest that is missing or damaged
 * counts as empty: LevelDB itself refuses to open such a directory, and says why.
 */
export async function readManifest(dir: string): Promise<Manifest> {
  const current = await readFile(join(dir, "CURRENT"), "latin1").catch(() => "");
  return manifestOf(await readFile(join(dir, current.trim() || "MANIFEST")).catch(() => Buffer.alloc(0)));
}

/** The state that the edits in a manifest's file lead to. An incomplete edit at its end does not count. */
export function manifestOf(log: Buffer): Manifest {
  const manifest: Edited = { logNumber: 0, previousLog: 0, tables: new Map() };
  for (const { batch } of readLog(log)) if (batch !== undefined) applyEdit(new VarintReader(batch), manifest);
  return manifest;
}

/** The key as it was given to LevelDB. */
export function storedKeyOf(key: Uint8Array): Uint8Array {
  return key.subarray(0, key.byteLength - ownKeyBytes);
}

function applyEdit(reader: VarintReader, manifest: Edited): void {
  while (reader.more()) {
    switch (reader.next()) {
      case manifestTag.comparator:
        reader.bytes(reader.next());
        break;
      case manifestTag.logNumber:
        manifest.logNumber = reader.next();
        break;
      case manifestTag.previousLog:
        manifest.previousLog = reader.next();
        break;
      case manifestTag.nextFile:
      case manifestTag.lastSequence:
        reader.next();
        break;
      case manifestTag.compactPointer:
        reader.next();
        reader.bytes(reader.next());
        break;
      case manifestTag.deletedFile:
        reader.next();
        manifest.tables.delete(reader.next());
        break;
      case manifestTag.newFile: {
        const level = reader.next();
        const number = reader.next();
        reader.next(); // its size
        const smallest = storedKeyOf(reader.bytes(reader.next()));
        manifest.tables.set(number, { level, smallest, largest: storedKeyOf(reader.bytes(reader.next())) });
        break;
      }
      default:
        return; // LevelDB itself refuses such a manifest
    }
  }
}
