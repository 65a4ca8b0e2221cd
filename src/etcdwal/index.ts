/**
 * The raft log of etcd itself, on disk: the segments of its write-ahead log, and the files of its raft snapshots. Reads
 * them without a change, with etcd's own rules for torn ends, and writes new ones on which etcd starts. This room does
 * not interpret the data of an entry, and knows nothing of the database beside the log.
 */
export { type LogEnds, readLogEnds } from "./log-ends.js";
export { openedEntries } from "./log-entries.js";
export { entryTypeOf, numberOfEntryType, type WalRecord, type WalSnapshot } from "./log-record.js";
export { readRecords, type TornEnd } from "./record-reader.js";
export { listSegments, type Segment } from "./segments.js";
export { readSnapFile, type SnapFile, snapFiles, writeSnapFile } from "./snap-file.js";
export { WalDamage } from "./wal-damage.js";
export { type NewLog, writeLog } from "./wal-writer.js";
