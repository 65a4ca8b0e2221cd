import { join } from "node:path";
import { type ApiLevel, formatDuration, isAtLeast, parseDuration, parseInteger } from "../base/index.js";
import type { HttpAccess } from "../rpc/index.js";
import { type AutoCompaction, type Features, featuresOf, type ServerConfig, serverDefaults } from "../server/index.js";
import { Wal } from "../wal/index.js";
import { type ConsoleSettings, consoleSettings } from "./console-settings.js";
import { type DiscoverySettings, discoverySettings } from "./discovery-settings.js";
import { FlagError } from "./flag-error.js";
import type { FlagName } from "./flag-table.js";
import type { FlagValues } from "./flag-values.js";
import { beginningOf } from "./initial-cluster.js";
import { type LogSettings, logSettings } from "./log-settings.js";
import { withNewNames } from "./renamed-flags.js";
import { canReusePort } from "./reuse-port.js";
import { type SecuritySettings, securitySettings } from "./security-settings.js";
import { threadCount } from "./thread-count.js";
import { type Address, listenAddress, namesHost } from "./urls.js";
import { apiLevelOf } from "./versions.js";

/** An address to listen on, with the URL that it comes from. */
export interface Listen {
  readonly url: string;
  readonly address: Address;
}

/** When a connection to another member counts as broken. */
export interface PeerTimeouts {
  /** The time without receiving anything. */
  readonly readMs: number;
  /** The time in which the peer accepts none of the bytes that wait to be sent. */
  readonly writeMs: number;
}

/** All settings of a member. */
export interface Settings {
  readonly server: ServerConfig;
  readonly log: LogSettings;
  readonly listenPeers: readonly Listen[];
  readonly listenClients: readonly Listen[];
  readonly listenClientsHttp: readonly Listen[];
  readonly listenMetrics: readonly Listen[];
  readonly listenConsole: readonly Listen[];
  readonly security: SecuritySettings;
  /** Where the members of a new cluster find each other; absent when other settings name them. */
  readonly discovery?: DiscoverySettings;
  readonly peerTimeouts: PeerTimeouts;
  /** Whether other processes may listen on the same ports. */
  readonly reusePort: boolean;
  readonly extensiveMetrics: boolean;
  /** Whether profiles of the process are served to clients. */
  readonly profiles: boolean;
  /** A unary call that takes longer is logged with a warning. */
  readonly warningCallMs: number;
  /** Whether the API is also served as JSON over HTTP. */
  readonly gateway: boolean;
  readonly access: HttpAccess;
  readonly console: ConsoleSettings;
  /** Whether to print the address for clients as JSON when they are served: `--port` is given. */
  readonly printsEndpoints: boolean;
  readonly maxConcurrentStreams: number;
  /** How many threads share the work; 1 when one loop does all of it. */
  readonly threads: number;
  /** `--max-memory`: the bytes that this process may use; 0 means the limit of its container or machine. */
  readonly maxMemoryBytes: number;
  /** How long a client is silent before the server sends a ping. */
  readonly keepaliveIntervalMs: number;
  /** How long the answer to a ping may take. */
  readonly keepaliveTimeoutMs: number;
  /** The least time between two pings of a client. */
  readonly keepaliveMsMin: number;
}

/**
 * Combines the flags to settings and checks them in etcd's order.
 *
 * @param fromFile the values come from a config file, which may leave out `advertise-client-urls`
 * @throws FlagError when a value is invalid or two values contradict each other
 */
export function settingsOf(given: FlagValues, fromFile: boolean): Settings {
  const flags = withNewNames(given);
  const log = logSettings(flags);
  const listenPeers = listens(flags, "listen-peer-urls");
  const listenClients = listens(flags, "listen-client-urls");
  const listenClientsHttp = listens(flags, "listen-client-http-urls");
  const listenMetrics = listens(flags, "listen-metrics-urls");
  const listenConsole = listens(flags, "listen-console-urls");
  checkHosts(flags, "initial-advertise-peer-urls", '"host:port"');
  const level = apiLevelOf(flags);
  checkHosts(flags, "advertise-client-urls", isAtLeast(level, "3.7") ? clientUrlForms : '"host:port"');
  checkTimes(flags);
  if (!fromFile && flags.given("listen-client-urls") && !flags.given("advertise-client-urls")) {
    throw new FlagError("--advertise-client-urls is required when --listen-client-urls is set explicitly");
  }
  const autoCompaction = autoCompactionOf(flags);
  const features = featuresAt(level, flags);
  checkRetired(level, flags);
  const security = securitySettings(flags, fromFile);
  const extensiveMetrics = metricsLevel(flags);
  const discovery = discoverySettings(flags);
  const server = { ...serverSettings(level, features, flags), ...(autoCompaction && { autoCompaction }) };
  return {
    server,
    log,
    listenPeers,
    listenClients,
    listenClientsHttp,
    listenMetrics,
    listenConsole,
    security,
    ...(discovery && { discovery }),
    reusePort: reusePortOf(flags),
    peerTimeouts: {
      readMs: flags.durationMs("raft-read-timeout"),
      writeMs: flags.durationMs("raft-write-timeout"),
    },
    extensiveMetrics,
    // As in etcd, the log level debug has the same effect.
    profiles: flags.boolean("enable-pprof") || log.level === "debug",
    warningCallMs: flags.durationMs("warning-unary-request-duration"),
    gateway: flags.boolean("enable-grpc-gateway"),
    access: { origins: originsOf(flags), hosts: new Set(flags.list("host-whitelist")) },
    console: consoleSettings(flags),
    printsEndpoints: flags.given("port"),
    maxConcurrentStreams: flags.number("max-concurrent-streams"),
    threads: threadCount(flags.text("threads")),
    maxMemoryBytes: flags.number("max-memory"),
    keepaliveIntervalMs: flags.durationMs("grpc-keepalive-interval"),
    keepaliveTimeoutMs: flags.durationMs("grpc-keepalive-timeout") || 20_000,
    keepaliveMsMin: flags.durationMs("grpc-keepalive-min-time"),
  };
}

function serverSettings(level: ApiLevel, features: Features, flags: FlagValues): ServerConfig {
  const name = flags.text("name");
  const dataDir = dataDirOf(flags, name);
  const walDir = flags.text("wal-dir");
  const tickMs = flags.number("heartbeat-interval");
  const begun = dataDir !== undefined && Wal.exists(walDir || join(dataDir, "member", "wal"));
  return {
    name,
    apiLevel: level,
    features,
    dataDir,
    ...(walDir && { walDir }),
    ...beginningOf(level, flags, begun),
    initialClusterState: flags.text("initial-cluster-state") === "existing" ? "existing" : "new",
    // As in etcd, the token of a discovery is also that of the cluster.
    initialClusterToken: flags.text("discovery-token") || flags.text("initial-cluster-token"),
    forceNewCluster: flags.boolean("force-new-cluster"),
    strictReconfigCheck: flags.boolean("strict-reconfig-check"),
    advertiseClientUrls: flags.urls("advertise-client-urls"),
    tickMs,
    electionTicks: Math.floor(flags.number("election-timeout") / tickMs),
    electionTickAdvance: flags.boolean("initial-election-tick-advance"),
    skippedEntries: skippedEntries(flags),
    unsafeNoSync: flags.boolean("unsafe-no-fsync"),
    preVote: flags.boolean("pre-vote"),
    snapshotCount: (flags.given("snapshot-count") && flags.number("snapshot-count")) || snapshotCountAt(level),
    snapshotCatchUpEntries: flags.number("snapshot-catchup-entries"),
    raftLogMemoryBytes: serverDefaults.raftLogMemoryBytes,
    maxSnapshots: flags.number("max-snapshots"),
    maxRequestBytes: flags.number("max-request-bytes"),
    maxTxnOps: flags.number("max-txn-ops"),
    quotaBackendBytes: flags.number("quota-backend-bytes"),
    warningApplyDurationMs: flags.durationMs("warning-apply-duration"),
    compactionBatchLimit: flags.number("compaction-batch-limit") || 1_000,
    compactionPauseMs: flags.durationMs("compaction-sleep-interval") || 10,
    backendBatchIntervalMs: flags.durationMs("backend-batch-interval") || 100,
    backendBatchLimit: flags.number("backend-batch-limit") || 10_000,
    authToken: flags.text("auth-token"),
    authTokenTtlMs: (flags.number("auth-token-ttl") || 300) * 1_000,
    bcryptCost: flags.number("bcrypt-cost"),
    clientCertAuth: flags.boolean("client-cert-auth"),
    leaseCheckpoint: features.LeaseCheckpoint,
    leaseCheckpointPersist: features.LeaseCheckpointPersist,
    initialCorruptCheck: features.InitialCorruptCheck,
    corruptCheckIntervalMs: flags.durationMs("corrupt-check-time"),
    compactionCheckIntervalMs: compactionCheckMs(features, flags),
    bootstrapDefragBytes: flags.number("bootstrap-defrag-threshold-megabytes") * 1024 * 1024,
    maxLearners: flags.number("max-learners"),
    downgradeCheckIntervalMs: flags.durationMs("downgrade-check-time"),
    watchProgressIntervalMs: flags.durationMs("watch-progress-notify-interval") || 600_000,
    consoleWrites: flags.boolean("console-writes"),
  };
}

/** @returns undefined for a member that keeps everything in memory */
function dataDirOf(flags: FlagValues, name: string): string | undefined {
  if (!flags.boolean("memory")) return flags.text("data-dir") || `${name}.etcd`;
  for (const flag of ["data-dir", "wal-dir"] as const) {
    if (flags.text(flag) !== "") throw new FlagError(`--${flag} has no use with --memory, which writes nothing`);
  }
  for (const flag of ["auto-tls", "peer-auto-tls"] as const) {
    if (!flags.boolean(flag)) continue;
    throw new FlagError(`--${flag} writes its certificate to the data directory, and --memory has none`);
  }
  return undefined;
}

function skippedEntries(flags: FlagValues): ReadonlySet<number> {
  const indexes = flags.list("log-skip-entry").map((text) => {
    const index = parseInteger(text);
    if (index !== undefined && index > 0n && index < 2n ** 53n) return Number(index);
    throw new FlagError(`invalid value "${text}" for --log-skip-entry: expected the index of an entry, from 1`);
  });
  return new Set(indexes);
}

function listens(flags: FlagValues, name: FlagName): readonly Listen[] {
  return flags.urls(name).map((url) => {
    const address = listenAddress(url);
    if ("fault" in address) throw new FlagError(address.fault);
    return { url, address };
  });
}

/** The origins of `--cors`. The port may be missing, since browsers leave out the default port of a scheme. */
function originsOf(flags: FlagValues): ReadonlySet<string> {
  const origins = flags.list("cors");
  for (const origin of origins) {
    if (origin !== "*" && !/^https?:\/\/[^/?#\s]+$/.test(origin)) {
      throw new FlagError(`invalid value "${origin}" for --cors: expected http://host:port, https://host:port or *`);
    }
  }
  return new Set(origins);
}

/** The forms of client URLs, in the words of etcd 3.7. Socket files are accepted at every level. */
const clientUrlForms = 'in the format "host:port", "unix:/path/to/socket" or "unixs:/path/to/socket"';

function checkHosts(flags: FlagValues, name: FlagName, forms: string): void {
  for (const url of flags.urls(name)) {
    if (!namesHost(url)) throw new FlagError(`--${name} "${url}" must be ${forms} (unexpected empty host)`);
  }
}

function checkTimes(flags: FlagValues): void {
  const heartbeat = flags.number("heartbeat-interval");
  const election = flags.number("election-timeout");
  if (heartbeat === 0) throw new FlagError("--heartbeat-interval must be >0 (set to 0ms)");
  if (election === 0) throw new FlagError("--election-timeout must be >0 (set to 0ms)");
  if (5 * heartbeat > election) {
    const least = `should be at least as 5 times as --heartbeat-interval[${heartbeat}ms]`;
    throw new FlagError(`--election-timeout[${election}ms] ${least}`);
  }
  if (election > 50_000) {
    throw new FlagError(`--election-timeout[${election}ms] is too long, and should be set less than 50000ms`);
  }
}

/** The features of the level, with the switches of `--feature-gates`. */
function featuresAt(level: ApiLevel, flags: FlagValues): Features {
  const features = featuresOf(level, flags.text("feature-gates"));
  if ("fault" in features) throw new FlagError(features.fault);
  if (features.LeaseCheckpointPersist && !features.LeaseCheckpoint) {
    throw new FlagError(
      isAtLeast(level, "3.6")
        ? "enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint"
        : "setting experimental-enable-lease-checkpoint-persist requires experimental-enable-lease-checkpoint",
    );
  }
  return features;
}

/** etcd 3.5 keeps ten times as many entries between two raft snapshots as its successors. */
function snapshotCountAt(level: ApiLevel): number {
  return isAtLeast(level, "3.6") ? 10_000 : 100_000;
}

function reusePortOf(flags: FlagValues): boolean {
  const reuse = flags.boolean("socket-reuse-port");
  if (!reuse || canReusePort(process.versions.node)) return reuse;
  throw new FlagError(`--socket-reuse-port needs Node.js 22.12 or newer, and this is ${process.version}`);
}

/** Refuses values that etcd accepts up to 3.5 only. */
function checkRetired(level: ApiLevel, flags: FlagValues): void {
  if (!isAtLeast(level, "3.6")) return;
  if (flags.given("discovery-fallback") && flags.text("discovery-fallback") === "proxy") {
    throw new FlagError(`v2 proxy is deprecated, and --discovery-fallback can't be configured as "proxy"`);
  }
  if (flags.given("v2-deprecation") && flags.text("v2-deprecation") === "not-yet") {
    throw new FlagError('invalid value "not-yet" for --v2-deprecation: etcd has dropped it in 3.6');
  }
}

/** The interval at which the leader compares hashes of compactions; 0 when the check is disabled. */
function compactionCheckMs({ CompactHashCheck }: Features, flags: FlagValues): number {
  const name = "compact-hash-check-time";
  const intervalMs = flags.durationMs(name);
  if (intervalMs <= 0) throw new FlagError(`--${name} must be >0 (set to ${formatDuration(intervalMs)})`);
  return CompactHashCheck ? intervalMs : 0;
}

function metricsLevel(flags: FlagValues): boolean {
  const level = flags.text("metrics");
  if (level === "basic" || level === "extensive") return level === "extensive";
  throw new FlagError(`invalid value "${level}" for --metrics: expected basic or extensive`);
}

/** A number without a unit means hours in periodic mode, and revisions in revision mode. */
function autoCompactionOf(flags: FlagValues): AutoCompaction | undefined {
  const mode = flags.text("auto-compaction-mode");
  if (mode !== "periodic" && mode !== "revision") throw new FlagError(`unknown auto-compaction-mode "${mode}"`);
  const text = flags.text("auto-compaction-retention") || "0";
  const count = /^[0-9]+$/.test(text) ? Number(parseInteger(text.replace(/^0+(?=.)/, ""))) : undefined;
  if (mode === "revision") {
    if (count === undefined) {
      throw new FlagError(`invalid auto-compaction-retention "${text}": expected a number of revisions`);
    }
    return count === 0 ? undefined : { mode, retention: count };
  }
  const retentionMs = count === undefined ? parseDuration(text) : count * 3_600_000;
  if (retentionMs === undefined || retentionMs < 0) {
    throw new FlagError(`invalid auto-compaction-retention "${text}": expected a duration, or a number of hours`);
  }
  return retentionMs === 0 ? undefined : { mode, retentionMs };
}
