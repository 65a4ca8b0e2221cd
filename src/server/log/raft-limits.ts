const mebibyte = 1024 * 1024;

/** What one member's raft may hold, hand out and send at a time, in bytes of entries unless the name says otherwise. */
export const raftLimits = {
  maxSizePerMessage: mebibyte,
  maxInflightMessages: 512,
  /**
   * To one follower, so that one that is slow, or whose connection is, holds up no memory here. It is far more than
   * what a fast network carries between two answers.
   */
  maxInflightBytes: 16 * mebibyte,
  /**
   * One write of the raft log, with its sync. Nothing in it is acknowledged before all of it is stored, so a large one
   * makes everybody wait for the slowest; below this size a sync costs more than the bytes.
   */
  maxStoredSizePerReady: 4 * mebibyte,
  /** Handed to the apply loop and not applied yet; twice a write, so that applying goes on while the disk writes. */
  maxCommittedSizePerReady: 8 * mebibyte,
  /**
   * Proposed to this leader and not applied yet. Its own clients are stopped long before this, and so are those of
   * followers of our kind (see ProposalWindow): it is for members of etcd, which forward without a bound.
   */
  maxUncommittedEntriesSize: 128 * mebibyte,
} as const;
