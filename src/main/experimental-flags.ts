import type { Flag } from "./flag.js";

const experimental = "Experimental";

/** Flags that etcd 3.5 calls experimental. */
export const experimentalFlags = [
  {
    name: "experimental-initial-corrupt-check",
    group: experimental,
    kind: "boolean",
    initial: "false",
    help: "compare the data with the other members before a restarted member serves again",
  },
  {
    name: "experimental-corrupt-check-time",
    group: experimental,
    kind: "duration",
    initial: "0s",
    help: "how often the leader compares the data of all members; 0s means never",
  },
  {
    name: "experimental-compact-hash-check-enabled",
    group: experimental,
    kind: "boolean",
    initial: "false",
    help: "the leader compares the hashes that members compute when they compact their history",
  },
  {
    name: "experimental-compact-hash-check-time",
    group: experimental,
    kind: "duration",
    initial: "1m0s",
    help: "how often the leader compares the hashes of compactions",
  },
  {
    name: "experimental-enable-lease-checkpoint",
    group: experimental,
    kind: "boolean",
    initial: "false",
    help: "write the remaining time of long leases to the raft log, so that a new leader does not renew them",
  },
  {
    name: "experimental-enable-lease-checkpoint-persist",
    group: experimental,
    kind: "boolean",
    initial: "false",
    help: "also store these remaining times; needs --experimental-enable-lease-checkpoint",
  },
  {
    name: "experimental-compaction-batch-limit",
    group: experimental,
    kind: "integer",
    initial: "0",
    help: "maximum number of revisions removed in one step of a compaction; 0 means 1000",
  },
  {
    name: "experimental-compaction-sleep-interval",
    group: experimental,
    kind: "duration",
    initial: "0s",
    help: "pause between two steps of a compaction; 0 means 10ms",
  },
  {
    name: "experimental-watch-progress-notify-interval",
    group: experimental,
    kind: "duration",
    initial: "0s",
    help: "how often an idle watcher is sent progress if it asked for that; 0 means 10m",
  },
  {
    name: "experimental-warning-apply-duration",
    group: experimental,
    kind: "duration",
    initial: "100ms",
    help: "log a warning when a request takes longer to apply",
  },
  {
    name: "experimental-warning-unary-request-duration",
    group: experimental,
    kind: "duration",
    initial: "300ms",
    help: "log a warning when a unary call takes longer",
  },
  {
    name: "experimental-snapshot-catchup-entries",
    group: experimental,
    kind: "count",
    initial: "5000",
    help: "number of log entries kept before a raft snapshot, for followers that lag",
  },
] as const satisfies readonly Flag[];
