import type { LevelTuning } from "./level-store.js";

const mebibyte = 1024 * 1024;
const tableBytesMin = 8 * mebibyte;
const tableBytesMax = 64 * mebibyte;
/**
 * The number of tables that LevelDB keeps open, and maps into memory, at once. A read of another table has to open it
 * first, so that a database should not have more tables.
 */
const openTablesMax = 1_000;

/**
 * Bytes of changes after which a table is made of them. The database orders the table itself (recorded-store.ts), so
 * LevelDB's own bound is twice as high.
 */
export const flushBytes = 8 * mebibyte;

/**
 * The options for a database whose files have `bytes` when it is opened. The size of its tables doubles with it, so
 * that up to 64,000 MiB all tables are open: the first read of a table, which opens it, is the only slow one.
 *
 * Write buffers and tables are larger than LevelDB's defaults: fewer, longer compactions suit a load of many puts.
 * Larger tables would be wrong in a small database. Where tables do overlap, a merge rewrites more of the next level
 * (docs/internals/database.md).
 */
export function tuningFor(bytes: number): LevelTuning {
  let tableBytes = tableBytesMin;
  while (tableBytes < tableBytesMax && bytes > openTablesMax * tableBytes) tableBytes *= 2;
  return {
    cacheSize: 32 * mebibyte,
    writeBufferSize: 2 * flushBytes,
    blockSize: 4 * 1024,
    maxFileSize: tableBytes,
    compression: true,
  };
}
