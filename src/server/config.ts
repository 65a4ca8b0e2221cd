import { type ApiLevel, defaultApiLevel } from "../base/index.js";
import type { CheckpointPace } from "../mvcc/index.js";
import { defaultFeatures, type Features } from "./features.js";

/** A member in `--initial-cluster`. */
export interface InitialMember {
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** Where to find the members in DNS: `_etcd-server._tcp` of a domain, or `_etcd-server-<serviceName>._tcp`. */
export interface DiscoverySrv {
  readonly domain: string;
  /** The suffix of the service's name; empty for none. */
  readonly serviceName: string;
}

/** Automatic compaction: of history older than a time, or of all but a number of revisions. */
export type AutoCompaction =
  | { readonly mode: "periodic"; readonly retentionMs: number }
  | { readonly mode: "revision"; readonly retention: number };

/** The settings of a member. `serverDefaults` contains etcd's defaults. */
export interface ServerConfig {
  readonly name: string;
  /** The release of etcd as which this member answers, and whose rules it follows in its cluster. */
  readonly apiLevel: ApiLevel;
  /** Which features of `--feature-gates` are on. The settings below that belong to a feature follow it. */
  readonly features: Features;
  /**
   * The data directory, which contains `member/db` and `member/wal`. It is created if missing. Undefined for a member
   * that keeps everything in memory: its data ends with it.
   */
  readonly dataDir: string | undefined;
  /** A separate directory for the raft log. */
  readonly walDir?: string;

  /** All members of the cluster to create or join, this one included. Ignored when the member has data already. */
  readonly initialCluster: readonly InitialMember[];
  /** Finds the members in DNS instead. */
  readonly discoverySrv?: DiscoverySrv;
  /**
   * Finds the members in a discovery service instead: the token under which they register. `ServerDeps.registry`
   * reaches the service.
   */
  readonly discoveryToken?: string;
  readonly initialClusterState: "new" | "existing";
  readonly initialClusterToken: string;
  /** Makes an existing member the only member of its cluster. */
  readonly forceNewCluster: boolean;
  /** Refuses membership changes that would leave too few running members. */
  readonly strictReconfigCheck: boolean;
  readonly advertisePeerUrls: readonly string[];
  readonly advertiseClientUrls: readonly string[];

  /** The length of a raft tick, which is also the interval of the leader's heartbeats. */
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly preVote: boolean;

  /** The number of entries applied between two raft snapshots. */
  readonly snapshotCount: number;
  /** The number of entries that the raft log keeps before a snapshot. */
  readonly snapshotCatchUpEntries: number;
  /** Memory of the newest entries of a raft log on disk, in bytes. Older ones are read back for slow followers. */
  readonly raftLogMemoryBytes: number;
  /** The number of snapshots that the raft log keeps; 0 means all. */
  readonly maxSnapshots: number;

  /** The maximum length of an encoded request. */
  readonly maxRequestBytes: number;
  /** The maximum number of operations in a branch of a transaction. */
  readonly maxTxnOps: number;
  /** The quota of the database in bytes; 0 means 2 GiB, a negative number no limit. */
  readonly quotaBackendBytes: number;
  /** An apply or a read that takes longer is logged. */
  readonly warningApplyDurationMs: number;

  readonly autoCompaction?: AutoCompaction;
  /** The number of revisions removed in a step of a compaction, and the pause between two steps. */
  readonly compactionBatchLimit: number;
  readonly compactionPauseMs: number;
  readonly backendBatchIntervalMs: number;
  readonly backendBatchLimit: number;

  /** Whether the leader writes the remaining time of leases to the raft log now and then. */
  readonly leaseCheckpoint: boolean;
  /** Whether these remaining times are also stored in the database. */
  readonly leaseCheckpointPersist: boolean;

  /** A start defragments the database when that frees at least so many bytes; 0 means never. */
  readonly bootstrapDefragBytes: number;
  /** The maximum number of learners when one is added. It must be the same on all members. */
  readonly maxLearners: number;
  /** How often the leader looks whether a downgrade is complete; 0 means never. */
  readonly downgradeCheckIntervalMs: number;
  readonly watchProgressIntervalMs: number;

  /** The kind of auth tokens: `simple`, `jwt` with its options, or empty for none. */
  readonly authToken: string;
  /** How long a simple token stays valid after its last use. */
  readonly authTokenTtlMs: number;
  /** The bcrypt cost of new password hashes. Each step doubles the time of a hash. */
  readonly bcryptCost: number;
  /** Whether the common name in a client's certificate is a user's name. */
  readonly clientCertAuth: boolean;

  /** Compares the data with the peers before a restarted member serves again. */
  readonly initialCorruptCheck: boolean;
  /** How often the leader compares the data of all members; 0 means never. */
  readonly corruptCheckIntervalMs: number;
  /** How often the leader compares the hashes of compactions; 0 means never. */
  readonly compactionCheckIntervalMs: number;
  /** Whether to shorten the first election timeout of a member that has just started. */
  readonly electionTickAdvance: boolean;
  /** The indexes of log entries that are applied as if they were empty. */
  readonly skippedEntries: ReadonlySet<number>;
  /** When checkpoints of the index are written; tests shorten it. */
  readonly checkpoints?: CheckpointPace;
  /** Disables fsync: a machine crash loses acknowledged writes, and may corrupt the cluster. */
  readonly unsafeNoSync: boolean;
  /** Whether the console's page offers changes. */
  readonly consoleWrites: boolean;
}

export const serverDefaults = {
  apiLevel: defaultApiLevel,
  features: defaultFeatures(defaultApiLevel),
  initialClusterState: "new",
  initialClusterToken: "etcd-cluster",
  forceNewCluster: false,
  strictReconfigCheck: true,
  tickMs: 100,
  electionTicks: 10,
  preVote: true,
  snapshotCount: 10_000,
  snapshotCatchUpEntries: 5_000,
  // As much as may be on its way to a follower: one that answers late by all of that is still served from memory.
  raftLogMemoryBytes: 16 * 1024 * 1024,
  maxSnapshots: 5,
  maxRequestBytes: 1.5 * 1024 * 1024,
  maxTxnOps: 128,
  quotaBackendBytes: 0,
  warningApplyDurationMs: 100,
  compactionBatchLimit: 1_000,
  compactionPauseMs: 10,
  backendBatchIntervalMs: 100,
  backendBatchLimit: 10_000,
  leaseCheckpoint: false,
  leaseCheckpointPersist: false,
  bootstrapDefragBytes: 0,
  maxLearners: 1,
  downgradeCheckIntervalMs: 5_000,
  watchProgressIntervalMs: 600_000,
  authToken: "simple",
  authTokenTtlMs: 300_000,
  bcryptCost: 10,
  clientCertAuth: false,
  initialCorruptCheck: false,
  corruptCheckIntervalMs: 0,
  compactionCheckIntervalMs: 0,
  electionTickAdvance: true,
  skippedEntries: new Set<number>(),
  unsafeNoSync: false,
  consoleWrites: false,
} as const satisfies Partial<ServerConfig>;

/** The quota of the database as Status reports it: in bytes, negative for no limit. */
export function reportedQuotaBytes({ quotaBackendBytes }: ServerConfig): number {
  return quotaBackendBytes === 0 ? defaultQuotaBytes : quotaBackendBytes;
}

const defaultQuotaBytes = 2 * 1024 * 1024 * 1024;

/** The quota of the database in bytes; Infinity for no limit. */
export function quotaBytes({ quotaBackendBytes }: ServerConfig): number {
  if (quotaBackendBytes === 0) return defaultQuotaBytes;
  return quotaBackendBytes < 0 ? Number.POSITIVE_INFINITY : quotaBackendBytes;
}

export function electionTimeoutMs(config: ServerConfig): number {
  return config.electionTicks * config.tickMs;
}

/** How long a request may wait for consensus: time for the disk, and for two elections, since one may fail. */
export function requestTimeoutMs(config: ServerConfig): number {
  return 5_000 + 2 * electionTimeoutMs(config);
}
