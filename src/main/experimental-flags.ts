import type { Flag } from "./flag.js";

const group = "Old names";

/** Flags that etcd 3.5 calls experimental. `renamed-flags.ts` says which flag of today each of them stands for. */
export const experimentalFlags = [
  { name: "experimental-bootstrap-defrag-threshold-megabytes", group, kind: "count", initial: "0", help: "" },
  { name: "experimental-compact-hash-check-enabled", group, kind: "boolean", initial: "false", help: "" },
  { name: "experimental-compact-hash-check-time", group, kind: "duration", initial: "1m0s", help: "" },
  { name: "experimental-compaction-batch-limit", group, kind: "integer", initial: "0", help: "" },
  { name: "experimental-compaction-sleep-interval", group, kind: "duration", initial: "0s", help: "" },
  { name: "experimental-corrupt-check-time", group, kind: "duration", initial: "0s", help: "" },
  { name: "experimental-downgrade-check-time", group, kind: "duration", initial: "5s", help: "" },
  { name: "experimental-enable-lease-checkpoint", group, kind: "boolean", initial: "false", help: "" },
  { name: "experimental-enable-lease-checkpoint-persist", group, kind: "boolean", initial: "false", help: "" },
  { name: "experimental-initial-corrupt-check", group, kind: "boolean", initial: "false", help: "" },
  { name: "experimental-max-learners", group, kind: "count", initial: "1", help: "" },
  { name: "experimental-peer-skip-client-san-verification", group, kind: "boolean", initial: "false", help: "" },
  { name: "experimental-snapshot-catchup-entries", group, kind: "count", initial: "5000", help: "" },
  { name: "experimental-stop-grpc-service-on-defrag", group, kind: "boolean", initial: "false", help: "" },
  { name: "experimental-txn-mode-write-with-shared-buffer", group, kind: "boolean", initial: "true", help: "" },
  { name: "experimental-warning-apply-duration", group, kind: "duration", initial: "100ms", help: "" },
  { name: "experimental-warning-unary-request-duration", group, kind: "duration", initial: "300ms", help: "" },
  { name: "experimental-watch-progress-notify-interval", group, kind: "duration", initial: "0s", help: "" },
] as const satisfies readonly Flag[];
