import type { KeyValue } from "../../api/kv.js";
import type { WatchEvent } from "../../api/watch.js";

/**
 * The revision at which a holder's turn came: that of its key, or of the last deletion of a key that stood before it.
 *
 * @param event a deletion below the queue's prefix, after the holder's key was created
 * @param turn the turn by earlier events
 */
export function turnOf({ createRevision }: KeyValue, { type, kv, prevKv }: WatchEvent, turn: number): number {
  const stoodBefore = type === "delete" && prevKv !== undefined && prevKv.createRevision < createRevision;
  return stoodBefore ? kv.modRevision : turn;
}
