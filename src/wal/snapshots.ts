import { DiskError, type LevelBatch, type LevelStore, type StoredRow } from "../backend/index.js";
import type { Logger } from "../base/index.js";
import type { Snapshot } from "../raft/index.js";
import { decodeSnapshot, encodeSnapshot, seal, snapshotIndex, snapshotKey, snapshotKeys, unseal } from "./record.js";

/** Adds a snapshot to a batch. Older snapshots stay. */
export function putSnapshot(batch: LevelBatch, snapshot: Snapshot): void {
  const key = snapshotKey(snapshot.metadata.index, snapshot.metadata.term);
  batch.put(key, seal(key, encodeSnapshot(snapshot)));
}

/**
 * The newest intact snapshot; `undefined` when none was ever stored. An older one is usable only while the log still
 * holds all entries after it.
 *
 * @param compactedIndex entries up to here are gone
 * @throws DiskError when there are snapshots, but none that the log continues from
 */
export async function loadSnapshot(
  store: LevelStore,
  compactedIndex: number,
  logger: Logger,
): Promise<Snapshot | undefined> {
  const rows = await allSnapshots(store);
  for (const [key, record] of rows.toReversed()) {
    const index = snapshotIndex(key);
    if (index < compactedIndex) break;
    const body = unseal(key, record);
    if (body !== undefined) return decodeSnapshot(body);
    logger.warn("skipped a snapshot that does not match its checksum", { dir: store.dir, index });
  }
  if (compactedIndex === 0) return undefined;
  const why = "the log starts after a snapshot that cannot be read";
  throw new DiskError(`the raft log in ${store.dir} is damaged at index ${compactedIndex}: ${why}`);
}

/** Adds to a batch the removal of all snapshots but the newest `keep`. */
export async function purgeSnapshots(store: LevelStore, batch: LevelBatch, keep: number): Promise<number> {
  const rows = await allSnapshots(store);
  const old = rows.slice(0, Math.max(0, rows.length - keep));
  for (const [key] of old) batch.del(key);
  return old.length;
}

/** All snapshots of a segment, oldest first. */
export async function allSnapshots(store: LevelStore): Promise<StoredRow[]> {
  const rows: StoredRow[] = [];
  const iterator = store.iterate(snapshotKeys.first, snapshotKeys.end);
  try {
    for (let next = await iterator.nextv(16); next.length > 0; next = await iterator.nextv(16)) rows.push(...next);
  } finally {
    await iterator.close();
  }
  return rows;
}
