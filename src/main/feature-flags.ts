import type { Flag } from "./flag.js";

const features = "Features";

/** Flags that etcd 3.5 calls experimental, under their names since 3.6. */
export const featureFlags = [
  {
    name: "feature-gates",
    group: features,
    kind: "gates",
    initial: "",
    help: "switches for features that are not finished in etcd, such as CompactHashCheck=true,LeaseCheckpoint=true",
  },
  {
    name: "corrupt-check-time",
    group: features,
    kind: "duration",
    initial: "0s",
    help: "how often the leader compares the data of all members; 0s means never",
  },
  {
    name: "compact-hash-check-time",
    group: features,
    kind: "duration",
    initial: "1m0s",
    help: "how often the leader compares the hashes of compactions, with the feature CompactHashCheck",
  },
  {
    name: "compaction-batch-limit",
    group: features,
    kind: "integer",
    initial: "1000",
    help: "maximum number of revisions removed in one step of a compaction; 0 means 1000",
  },
  {
    name: "compaction-sleep-interval",
    group: features,
    kind: "duration",
    initial: "10ms",
    help: "pause between two steps of a compaction; 0 means 10ms",
  },
  {
    name: "watch-progress-notify-interval",
    group: features,
    kind: "duration",
    initial: "10m0s",
    help: "how often an idle watcher is sent progress if it asked for that; 0 means 10m",
  },
  {
    name: "warning-apply-duration",
    group: features,
    kind: "duration",
    initial: "100ms",
    help: "log a warning when a request takes longer to apply",
  },
  {
    name: "bootstrap-defrag-threshold-megabytes",
    group: features,
    kind: "count",
    initial: "0",
    help: "defragment at the start when that frees at least this many MiB; 0 means never",
  },
  {
    name: "max-learners",
    group: features,
    kind: "count",
    initial: "1",
    help: "maximum number of learners in the cluster; must be the same on all members",
  },
  {
    name: "downgrade-check-time",
    group: features,
    kind: "duration",
    initial: "5s",
    help: "how often the leader looks whether a downgrade of the cluster is complete",
  },
  {
    name: "snapshot-catchup-entries",
    group: features,
    kind: "count",
    initial: "5000",
    help: "number of log entries kept before a raft snapshot, for followers that lag",
  },
] as const satisfies readonly Flag[];
