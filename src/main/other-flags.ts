/** A flag of etcd that this server does not act on. */
export interface OtherFlag {
  readonly name: string;
  /** Whether the flag may be given without a value, as Go's boolean flags may. */
  readonly boolean: boolean;
  /** Values that describe how this server behaves anyway. They are accepted without a warning. */
  readonly accepts: readonly string[];
  /** How this server behaves with any other value, or why it refuses other values. */
  readonly meaning: string;
  /** Whether other values are refused, because it would be unsafe to ignore them. */
  readonly refused: boolean;
  /** Only etcd 3.4 has the flag. As in etcd 3.5, the flag is refused, its variable and key ignored. */
  readonly ofAnotherVersion: boolean;
}

const noTraces = "no traces are sent";
const noProxy = "there is no v2 proxy that would use it";

/** Flags of etcd 3.5 that concern parts this server does not have. It is safe to ignore them. */
const idle: readonly (readonly [name: string, meaning: string, ...accepts: string[]])[] = [
  ["backend-bbolt-freelist-type", "the database is LevelDB, which keeps no list of free pages", "map", ""],
  ["discovery-proxy", "only the v2 discovery would use it, which is gone", ""],
  ["distributed-tracing-address", noTraces, "localhost:4317"],
  ["distributed-tracing-instance-id", noTraces, ""],
  ["distributed-tracing-sampling-rate", noTraces, "0"],
  ["distributed-tracing-service-name", noTraces, "etcd"],
  ["enable-distributed-tracing", noTraces, "false"],
  ["enable-v2", "the v2 API is not served", "false"],
  ["experimental-distributed-tracing-address", noTraces, "localhost:4317"],
  ["experimental-distributed-tracing-instance-id", noTraces, ""],
  ["experimental-distributed-tracing-sampling-rate", noTraces, "0"],
  ["experimental-distributed-tracing-service-name", noTraces, "etcd"],
  ["experimental-enable-distributed-tracing", noTraces, "false"],
  ["experimental-enable-v2v3", "the v2 API is not served", ""],
  ["experimental-memory-mlock", "memory is not locked; a machine without swap has the same effect", "false"],
  ["memory-mlock", "memory is not locked; a machine without swap has the same effect", "false"],
  ["max-wals", "a file of the raft log is removed as soon as none of its entries is needed any more", "5"],
  ["proxy-dial-timeout", noProxy, "1000"],
  ["proxy-failure-wait", noProxy, "5000"],
  ["proxy-read-timeout", noProxy, "0"],
  ["proxy-refresh-interval", noProxy, "30000"],
  ["proxy-write-timeout", noProxy, "5000"],
];

/** Flags of etcd 3.5 that decide which cluster a member joins. Values other than these are refused. */
const refused: readonly (readonly [name: string, meaning: string, ...accepts: string[]])[] = [
  ["discovery", "v2 discovery is gone, as in etcd 3.7; use --discovery-token and --discovery-endpoints", ""],
  ["proxy", "the v2 proxy is gone, as in etcd 3.6; use etcd grpc-proxy or etcd gateway", "off"],
];

/** Flags of etcd 3.4 that etcd 3.5 does not know any more. */
const ofOthers = ["debug", "experimental-backend-bbolt-freelist-type", "log-output", "log-package-levels"];

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
    ...{ name, meaning, accepts, refused: false, ofAnotherVersion: false },
    boolean: accepts[0] === "true" || accepts[0] === "false",
  })),
  ...refused.map(([name, meaning, ...accepts]) => ({
    ...{ name, meaning, accepts, refused: true, boolean: false, ofAnotherVersion: false },
  })),
  ...ofOthers.map((name) => ({
    ...{ name, meaning: "only etcd 3.4 and older have it", accepts: [], refused: true },
    ...{ boolean: name === "debug", ofAnotherVersion: true },
  })),
];

const byName = new Map(otherFlags.map((flag) => [flag.name, flag]));

export function findOtherFlag(name: string): OtherFlag | undefined {
  return byName.get(name);
}
