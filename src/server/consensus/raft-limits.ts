import type { Entry } from "../../raft/index.js";

const mebibyte = 1024 * 1024;

/** The limits of a member's raft, in bytes of entries unless the name says otherwise. */
export const raftLimits = {
  maxSizePerMessage: mebibyte,
  maxInflightMessages: 512,
  /**
   * Unanswered appends to one follower. It bounds the memory that a slow follower or connection takes, and is far more
   * than a fast network carries between two answers.
   */
  maxInflightBytes: 16 * mebibyte,
  /**
   * One write of the raft log. Nothing in it is acknowledged before all of it is synced, so a larger write would delay
   * small requests. Below this size the sync costs more than the bytes.
   */
  maxStoredSizePerReady: 4 * mebibyte,
  /**
   * An entry is long from this size on. Shorter ones before it are stored without it, and other work goes on while it
   * is stored.
   */
  longEntrySize: mebibyte / 4,
  /** Entries in the apply loop. Twice the size of a write, so that entries are applied while the disk writes. */
  maxCommittedSizePerReady: 8 * mebibyte,
  /**
   * Entries that were proposed to this leader and have not been applied yet. `ProposalWindow` stops clients of this
   * member and of followers of the same kind long before. This limit is for followers that run etcd, which forward
   * without one.
   */
  maxUncommittedEntriesSize: 128 * mebibyte,
} as const;

/** Whether to write these entries takes much longer than the sync. */
export function isLongWrite(entries: readonly Entry[]): boolean {
  return entries.some(({ data }) => data.length >= raftLimits.longEntrySize);
}
