import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { crc32c } from "../base/index.js";
import { VarintReader } from "./log-format.js";
import { readManifest, storedKeyOf, tableName } from "./manifest.js";
import { mask } from "./torn-record.js";

/** A table file that is not as LevelDB wrote it. */
export interface TableDamage {
  readonly file: string;
  /** No key before this one is damaged. A key equal to this one need not exist. */
  readonly from: Uint8Array;
}

/*
 * LevelDB's table files (its doc/table_format.md): blocks, each followed by its type (1) and a masked CRC-32C (4) of
 * both; at the end of the file a footer (48) with the places of the meta index and of the index, and a magic number.
 * The key of an index entry lies between the keys of its block and those of the next.
 */
const footerBytes = 48;
const trailerBytes = 5;
const magic = 0xdb4775248b80fb57n;

/**
 * Compares the tables of a LevelDB directory that is not open with their checksums. LevelDB itself never does: it
 * returns whatever it finds there, or ends the process when it cannot make sense of it. Works for tables that are not
 * compressed.
 */
export async function checkTables(dir: string): Promise<TableDamage | undefined> {
  for (const [number, { smallest }] of (await readManifest(dir)).tables) {
    const file = join(dir, tableName(number));
    const table = await readFile(file).catch(() => undefined);
    // LevelDB itself reports a table that is missing or cut short, and names it.
    if (table === undefined || table.byteLength < footerBytes) continue;
    const from = damageIn(table, smallest);
    if (from !== undefined) return { file, from };
  }
  return undefined;
}

/** @returns the first key that may be damaged; `undefined` when none is */
function damageIn(table: Buffer, smallest: Uint8Array): Uint8Array | undefined {
  const footer = table.subarray(table.byteLength - footerBytes);
  if (footer.readBigUInt64LE(footerBytes - 8) !== magic) return smallest;
  const places = new VarintReader(footer);
  const metaIndex = readBlock(table, readPlace(places));
  const index = readBlock(table, readPlace(places));
  if (metaIndex === undefined || index === undefined) return smallest;
  for (const { place } of indexEntries(metaIndex)) if (readBlock(table, place) === undefined) return smallest;
  let from = smallest;
  for (const { key, place } of indexEntries(index)) {
    if (readBlock(table, place) === undefined) return from;
    from = Buffer.concat([storedKeyOf(key), Buffer.of(0)]); // the smallest key that can follow
  }
  return undefined;
}

interface Place {
  readonly offset: number;
  readonly length: number;
}

function readPlace(reader: VarintReader): Place {
  return { offset: reader.next(), length: reader.next() };
}

/** The block at a place; undefined when it does not match its checksum. */
function readBlock(table: Buffer, { offset, length }: Place): Buffer | undefined {
  const end = offset + length;
  if (end + trailerBytes > table.byteLength) return undefined;
  const sum = table.readUInt32LE(end + 1);
  return sum === mask(crc32c(table.subarray(offset, end + 1))) ? table.subarray(offset, end) : undefined;
}

/** Entries of an index block, which do not share prefixes of keys: three lengths, the key, the place. */
function* indexEntries(block: Buffer): Generator<{ readonly key: Uint8Array; readonly place: Place }> {
  const restarts = block.readUInt32LE(block.byteLength - 4);
  const reader = new VarintReader(block.subarray(0, block.byteLength - 4 - 4 * restarts));
  while (reader.more()) {
    reader.next();
    const keyLength = reader.next();
    const placeLength = reader.next();
    yield { key: reader.bytes(keyLength), place: readPlace(new VarintReader(reader.bytes(placeLength))) };
  }
}
