/** A flag of etcd that has no effect here. */
export interface OtherFlag {
  readonly name: string;
  /** It may stand alone on the command line, as Go's boolean flags may. */
  readonly boolean: boolean;
  /** Values that ask for what this server does anyway; any other value is refused. */
  readonly accepts: readonly string[];
}

/**
 * Flags of etcd 3.5: the name, its default, then what else is accepted. A default of true or false makes it a boolean.
 */
const of35: readonly (readonly [name: string, ...accepts: string[]])[] = [
  ["backend-bbolt-freelist-type", "map", ""],
  ["discovery", ""],
  ["discovery-fallback", "proxy", "exit"],
  ["discovery-proxy", ""],
  ["enable-pprof", "false"],
  ["enable-v2", "false"],
  ["experimental-bootstrap-defrag-threshold-megabytes", "0"],
  ["experimental-distributed-tracing-address", "localhost:4317"],
  ["experimental-distributed-tracing-instance-id", ""],
  ["experimental-distributed-tracing-sampling-rate", "0"],
  ["experimental-distributed-tracing-service-name", "etcd"],
  ["experimental-downgrade-check-time", "5s"],
  ["experimental-enable-distributed-tracing", "false"],
  ["experimental-enable-v2v3", ""],
  ["experimental-memory-mlock", "false"],
  ["experimental-stop-grpc-service-on-defrag", "false"],
  ["experimental-txn-mode-write-with-shared-buffer", "true"],
  ["max-wals", "5"],
  ["proxy", "off"],
  ["proxy-dial-timeout", "1000"],
  ["proxy-failure-wait", "5000"],
  ["proxy-read-timeout", "0"],
  ["proxy-refresh-interval", "30000"],
  ["proxy-write-timeout", "5000"],
  ["socket-reuse-port", "false"],
];

/** Flags that only an older or a newer etcd has. */
const ofOthers =
  "bootstrap-defrag-threshold-megabytes compact-hash-check-time compaction-batch-limit compaction-sleep-interval " +
  "corrupt-check-time debug discovery-cacert discovery-cert discovery-dial-timeout discovery-endpoints " +
  "discovery-insecure-skip-tls-verify discovery-insecure-transport discovery-keepalive-time " +
  "discovery-keepalive-timeout discovery-key discovery-password discovery-request-timeout discovery-token " +
  "discovery-user distributed-tracing-address distributed-tracing-instance-id distributed-tracing-sampling-rate " +
  "distributed-tracing-service-name downgrade-check-time enable-distributed-tracing " +
  "experimental-backend-bbolt-freelist-type feature-gates " +
  "log-output log-package-levels max-learners memory-mlock peer-skip-client-san-verification " +
  "snapshot-catchup-entries warning-apply-duration warning-unary-request-duration watch-progress-notify-interval";

const booleanOfOthers = new Set([
  "debug",
  "discovery-insecure-skip-tls-verify",
  "discovery-insecure-transport",
  "enable-distributed-tracing",
  "memory-mlock",
  "peer-skip-client-san-verification",
]);

/** Flags of etcd 2 that etcd 3.5 takes and forgets; so do we. */
export const forgottenFlags: readonly string[] = [
  "cluster-active-size",
  "cluster-remove-delay",
  "cluster-sync-interval",
  "config",
  "force",
  "max-result-buffer",
  "max-retry-attempts",
  "peer-heartbeat-interval",
  "peer-election-timeout",
  "retry-interval",
  "snapshot",
  "v",
  "vv",
];

export const otherFlags: readonly OtherFlag[] = [
  ...of35.map(([name, ...accepts]) => ({
    name,
    boolean: accepts[0] === "true" || accepts[0] === "false",
    accepts,
  })),
  ...ofOthers.split(" ").map((name) => ({ name, boolean: booleanOfOthers.has(name), accepts: [] })),
];

const byName = new Map(otherFlags.map((flag) => [flag.name, flag]));

export function findOtherFlag(name: string): OtherFlag | undefined {
  return byName.get(name);
}
