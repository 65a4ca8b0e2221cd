import type { Duration } from "./setting-types.js";

/** Settings that etcd 3.5 calls experimental. */
export interface FeatureSettings {
  /**
   * Switches for features that are not finished in etcd, such as `CompactHashCheck=true,LeaseCheckpoint=true`.
   * @defaultValue none
   */
  readonly featureGates?: string | undefined;
  /**
   * How often the leader compares the data of all members; 0 means never.
   * @defaultValue 0
   */
  readonly corruptCheckTime?: Duration | undefined;
  /**
   * How often the leader compares the hashes of compactions, with the feature `CompactHashCheck`.
   * @defaultValue 60000
   */
  readonly compactHashCheckTime?: Duration | undefined;
  /**
   * Largest number of revisions that one step of a compaction removes; 0 means 1,000.
   * @defaultValue 1000
   */
  readonly compactionBatchLimit?: number | undefined;
  /**
   * Pause between two steps of a compaction; 0 means 10 ms.
   * @defaultValue 10
   */
  readonly compactionSleepInterval?: Duration | undefined;
  /**
   * How often an idle watcher that asked for it is sent progress; 0 means 10 minutes.
   * @defaultValue 600000
   */
  readonly watchProgressNotifyInterval?: Duration | undefined;
  /**
   * A request that takes longer than this to be applied is logged as a warning.
   * @defaultValue 100
   */
  readonly warningApplyDuration?: Duration | undefined;
  /**
   * A start defragments the database when that frees at least this number of MiB; 0 means never.
   * @defaultValue 0
   */
  readonly bootstrapDefragThresholdMegabytes?: number | undefined;
  /**
   * Largest number of learners in the cluster. It must be the same on all members.
   * @defaultValue 1
   */
  readonly maxLearners?: number | undefined;
  /**
   * How often the leader looks whether a downgrade of the cluster is complete.
   * @defaultValue 5000
   */
  readonly downgradeCheckTime?: Duration | undefined;
  /**
   * Number of log entries that are kept before a raft snapshot, for followers that lag.
   * @defaultValue 5000
   */
  readonly snapshotCatchupEntries?: number | undefined;
}
