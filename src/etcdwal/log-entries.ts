import type { raftpb } from "../wire/index.js";
import { readRecords } from "./record-reader.js";
import { type Segment, segmentsFrom } from "./segments.js";
import { WalDamage } from "./wal-damage.js";

/**
 * The entries behind `index`, in the order in which they were written: an entry with the index of an earlier one
 * replaces it, and all that followed that one.
 *
 * @param onDamage called for places that cannot be read and for entries that are missing, which are left out then
 * @throws WalDamage for such places, unless `onDamage` is given
 */
export async function* openedEntries(
  segments: readonly Segment[],
  index: number,
  onDamage?: (damage: WalDamage) => void,
): AsyncGenerator<raftpb.Entry, void, undefined> {
  let last = index;
  for await (const record of readRecords(segmentsFrom(segments, index), onDamage && { onDamage })) {
    if (record.case !== "entry" || record.entry.index <= index) continue;
    const { entry } = record;
    if (entry.index > last + 1) {
      const damage = new WalDamage(
        `the raft log is damaged: the entries ${last + 1} to ${entry.index - 1} are missing. Remove this member from ` +
          "its cluster and add it again, or restore a snapshot (etcdutl snapshot restore)",
      );
      if (onDamage === undefined) throw damage;
      onDamage(damage);
    }
    last = entry.index;
    yield entry;
  }
}
