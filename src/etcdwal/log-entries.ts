import type { raftpb } from "../wire/index.js";
import { readRecords } from "./record-reader.js";
import { type Segment, segmentsFrom } from "./segments.js";
import { WalDamage } from "./wal-damage.js";

/**
 * The entries behind `index`, in the order in which they were written: an entry with the index of an earlier one
 * replaces it, and all that followed that one.
 *
 * @throws WalDamage when entries are missing
 */
export async function* openedEntries(
  segments: readonly Segment[],
  index: number,
): AsyncGenerator<raftpb.Entry, void, undefined> {
  let last = index;
  for await (const record of readRecords(segmentsFrom(segments, index))) {
    if (record.case !== "entry" || record.entry.index <= index) continue;
    const { entry } = record;
    if (entry.index > last + 1) {
      throw new WalDamage(
        `the raft log is damaged: the entries ${last + 1} to ${entry.index - 1} are missing. Remove this member from ` +
          "its cluster and add it again, or restore a snapshot (etcdutl snapshot restore)",
      );
    }
    last = entry.index;
    yield entry;
  }
}
