/** One member of `--initial-cluster`. */
export interface InitialMember {
  readonly name: string;
  readonly peerUrls: readonly string[];
}

/** Where the DNS knows the members: under `_etcd-server._tcp` of a domain, or `_etcd-server-<serviceName>._tcp`. */
export interface DiscoverySrv {
  readonly domain: string;
  /** Empty for none. */
  readonly serviceName: string;
}

/** What the server compacts by itself: what is older than so long, or all but so many revisions. */
export type AutoCompaction =
  | { readonly mode: "periodic"; readonly retentionMs: number }
  | { readonly mode: "revision"; readonly retention: number };

/** The settings of one member. `serverDefaults` has etcd's default for whatever has one. */
export interface ServerConfig {
  readonly name: string;
  /** Holds `member/db` and `member/wal`; made when absent. */
  readonly dataDir: string;
  /** Another place for the raft log. */
  readonly walDir?: string;

  /** All members, this one too, of the cluster that is begun or joined; not looked at when this member exists. */
  readonly initialCluster: readonly InitialMember[];
  /** Has the DNS say who they are instead. */
  readonly discoverySrv?: DiscoverySrv;
  readonly initialClusterState: "new" | "existing";
  readonly initialClusterToken: string;
  /** Makes a member that exists the only one of its cluster. */
  readonly forceNewCluster: boolean;
  /** Refuses changes of the membership after which the members that are up could be too few. */
  readonly strictReconfigCheck: boolean;
  readonly advertisePeerUrls: readonly string[];
  readonly advertiseClientUrls: readonly string[];

  /** One tick of raft, which is also the leader's heartbeat. */
  readonly tickMs: number;
  readonly electionTicks: number;
  readonly preVote: boolean;

  /** Entries applied between two raft snapshots. */
  readonly snapshotCount: number;
  /** Entries before a snapshot that the raft log keeps. */
  readonly snapshotCatchUpEntries: number;
  /** Snapshots that the raft log keeps; 0 means all. */
  readonly maxSnapshots: number;

  /** Longest encoded request that is proposed. */
  readonly maxRequestBytes: number;
  /** Most operations in one branch of a transaction, checked where requests come in. */
  readonly maxTxnOps: number;
  /** 0 means 2 GiB, a negative number no limit. */
  readonly quotaBackendBytes: number;
  /** An apply, or a read, that takes longer is logged. */
  readonly warningApplyDurationMs: number;

  readonly autoCompaction?: AutoCompaction;
  /** Revisions removed in one step of a compaction, and the pause before the next. */
  readonly compactionBatchLimit: number;
  readonly compactionPauseMs: number;
  readonly backendBatchIntervalMs: number;
  readonly backendBatchLimit: number;

  /** The leader tells the log now and then how long each lease has left. */
  readonly leaseCheckpoint: boolean;
  /** What it told is also stored. */
  readonly leaseCheckpointPersist: boolean;

  readonly watchProgressIntervalMs: number;

  /** How users who have logged in are known again: `simple`, `jwt` with its options, or empty for not at all. */
  readonly authToken: string;
  /** How long a simple token is good for after it was used last. */
  readonly authTokenTtlMs: number;
  /** bcrypt cost of new password hashes; each step doubles the time that a hash takes. */
  readonly bcryptCost: number;
  /** Whether the name in a client's certificate is a user's. */
  readonly clientCertAuth: boolean;

  /** Compares histories with the peers before a member that has run serves again. */
  readonly initialCorruptCheck: boolean;
  /** How often the leader compares all members; 0 means never. */
  readonly corruptCheckIntervalMs: number;
  /** How often the leader compares what compactions summed up; 0 means never. */
  readonly compactionCheckIntervalMs: number;
  /** Whether a member that has just started waits for a leader for less than an election timeout. */
  readonly electionTickAdvance: boolean;
  /** Entries of the log that are applied as if they were empty, by their index. */
  readonly skippedEntries: ReadonlySet<number>;
  /** Nothing is synced: a crash of the machine loses what was acknowledged, and may break the cluster. */
  readonly unsafeNoSync: boolean;
}

export const serverDefaults = {
  initialClusterState: "new",
  initialClusterToken: "etcd-cluster",
  forceNewCluster: false,
  strictReconfigCheck: true,
  tickMs: 100,
  electionTicks: 10,
  preVote: true,
  snapshotCount: 10_000,
  snapshotCatchUpEntries: 5_000,
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
} as const satisfies Partial<ServerConfig>;

const defaultQuotaBytes = 2 * 1024 * 1024 * 1024;

/** Infinity when there is no quota. */
export function quotaBytes({ quotaBackendBytes }: ServerConfig): number {
  if (quotaBackendBytes === 0) return defaultQuotaBytes;
  return quotaBackendBytes < 0 ? Number.POSITIVE_INFINITY : quotaBackendBytes;
}

export function electionTimeoutMs(config: ServerConfig): number {
  return config.electionTicks * config.tickMs;
}

/** How long a request may wait for consensus: time for the disk, and for two elections, as one may fail. */
export function requestTimeoutMs(config: ServerConfig): number {
  return 5_000 + 2 * electionTimeoutMs(config);
}
