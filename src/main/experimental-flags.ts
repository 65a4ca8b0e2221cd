import type { Flag } from "./flag.js";

const experimental = "Experimental";

/** Flags that etcd 3.5 calls experimental. */
export const experimentalFlags = [
  {
    name: "experimental-initial-corrupt-check",
    group: experimental,
    kind: "boolean",
    initial: "false",
    help: "compare histories with the other members before a member that has run serves again",
  },
  {
    name: "experimental-corrupt-check-time",
    group: experimental,
    kind: "duration",
    initial: "0s",
    help: "how often the leader compares the histories of all members; 0s means never",
  },
  {
    name: "experimental-compact-hash-check-enabled",
    group: experimental,
    kind: "boolean",
    initial: "false",
    help: "the leader compares what compactions summed up of the history that they removed",
  },
  {
    name: "experimental-compact-hash-check-time",
    group: experimental,
    kind: "duration",
    initial: "1m0s",
    help: "how often it does",
  },
  {
    name: "experimental-enable-lease-checkpoint",
    group: experimental,
    kind: "boolean",
    initial: "false",
    help: "tell the log now and then how long each lease has left",
  },
  {
    name: "experimental-enable-lease-checkpoint-persist",
    group: experimental,
    kind: "boolean",
    initial: "false",
    help: "also store it; needs the flag before",
  },
  {
    name: "experimental-compaction-batch-limit",
    group: experimental,
    kind: "integer",
    initial: "0",
    help: "most revisions removed in one step of a compaction; 0 means 1000",
  },
  {
    name: "experimental-compaction-sleep-interval",
    group: experimental,
    kind: "duration",
    initial: "0s",
    help: "pause between two such steps; 0 means 10ms",
  },
  {
    name: "experimental-watch-progress-notify-interval",
    group: experimental,
    kind: "duration",
    initial: "0s",
    help: "how often a silent watcher that asked for it hears of progress; 0 means 10m",
  },
  {
    name: "experimental-warning-apply-duration",
    group: experimental,
    kind: "duration",
    initial: "100ms",
    help: "log a request that takes longer to apply",
  },
  {
    name: "experimental-warning-unary-request-duration",
    group: experimental,
    kind: "duration",
    initial: "300ms",
    help: "log a call that takes longer to answer",
  },
  {
    name: "experimental-snapshot-catchup-entries",
    group: experimental,
    kind: "count",
    initial: "5000",
    help: "entries before a raft snapshot that the log keeps",
  },
] as const satisfies readonly Flag[];
