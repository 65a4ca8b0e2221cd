/** A flag of etcd that this server does not act on. */
export interface OtherFlag {
  readonly name: string;
  /** Whether the flag may be given without a value, as Go's boolean flags may. */
  readonly boolean: boolean;
  /** Values that describe how this server behaves anyway. They are accepted without a warning. */
  readonly accepts: readonly string[];
  /**
   * How this server behaves with any other value, for the warning; absent when other values are refused because it
   * would be unsafe to ignore them.
   */
  readonly meaning?: string;
  /** Only older or newer versions have the flag. As in etcd 3.5, the flag is refused, its variable and key ignored. */
  readonly ofAnotherVersion: boolean;
}

const noTraces = "no traces are sent";
const noProxy = "there is no v2 proxy that would use it";
const noDiscovery = "there is no discovery service that would use it";

/** Flags of etcd 3.5 that concern parts this server does not have. It is safe to ignore them. */
const idle: readonly (readonly [name: string, meaning: string, ...accepts: string[]])[] = [
  ["backend-bbolt-freelist-type", "the database is LevelDB, which keeps no list of free pages", "map", ""],
  ["discovery-fallback", noDiscovery, "proxy", "exit"],
  ["discovery-proxy", noDiscovery, ""],
  ["enable-pprof", "there are no profiles of a Go program to serve below /debug/pprof", "false"],
  ["enable-v2", "the v2 API is not served", "false"],
  ["experimental-bootstrap-defrag-threshold-megabytes", "a start does not defragment; etcdctl defrag does", "0"],
  ["experimental-distributed-tracing-address", noTraces, "localhost:4317"],
  ["experimental-distributed-tracing-instance-id", noTraces, ""],
  ["experimental-distributed-tracing-sampling-rate", noTraces, "0"],
  ["experimental-distributed-tracing-service-name", noTraces, "etcd"],
  ["experimental-downgrade-check-time", "the progress of a downgrade is not watched", "5s"],
  ["experimental-enable-distributed-tracing", noTraces, "false"],
  ["experimental-enable-v2v3", "the v2 API is not served", ""],
  ["experimental-memory-mlock", "memory is not locked; a machine without swap has the same effect", "false"],
  ["experimental-stop-grpc-service-on-defrag", "calls are served during a defragmentation too", "false"],
  ["experimental-txn-mode-write-with-shared-buffer", "a transaction copies no buffer in either case", "true"],
  ["max-wals", "the raft log is not made of files that could be counted; snapshots free it", "5"],
  ["proxy-dial-timeout", noProxy, "1000"],
  ["proxy-failure-wait", noProxy, "5000"],
  ["proxy-read-timeout", noProxy, "0"],
  ["proxy-refresh-interval", noProxy, "30000"],
  ["proxy-write-timeout", noProxy, "5000"],
  ["socket-reuse-port", "the port is not shared with other processes", "false"],
];

/** Flags of etcd 3.5 that decide which cluster a member joins. Values other than these are refused. */
const refused: readonly (readonly [name: string, ...accepts: string[]])[] = [
  ["discovery", ""],
  ["proxy", "off"],
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

/** Flags of etcd 2 that etcd 3.5 accepts and ignores. */
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
  ...idle.map(([name, meaning, ...accepts]) => ({
    ...{ name, meaning, accepts, ofAnotherVersion: false },
    boolean: accepts[0] === "true" || accepts[0] === "false",
  })),
  ...refused.map(([name, ...accepts]) => ({ name, boolean: false, accepts, ofAnotherVersion: false })),
  ...ofOthers.split(" ").map((name) => ({
    ...{ name, accepts: [], ofAnotherVersion: true },
    boolean: booleanOfOthers.has(name),
  })),
];

const byName = new Map(otherFlags.map((flag) => [flag.name, flag]));

export function findOtherFlag(name: string): OtherFlag | undefined {
  return byName.get(name);
}
