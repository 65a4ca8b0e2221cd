import type { DiscoverySettings } from "./discovery-settings.js";
import type { FeatureSettings } from "./feature-settings.js";
import type { SecuritySettings } from "./security-settings.js";
import type { Duration, TextList } from "./setting-types.js";

/**
 * Every setting of the server: the flags of the command in camelCase (`maxTxnOps` for `--max-txn-ops`), with the same
 * meaning and checks. A setting that is left out or undefined has its default.
 */
export interface EtcdSettings extends SecuritySettings, DiscoverySettings, FeatureSettings {
  // ---- Member ----

  /**
   * Name of this member, unique in its cluster.
   * @defaultValue "default"
   */
  readonly name?: string | undefined;
  /**
   * Release of etcd as which this member answers and takes part in its cluster; an older one for an upgrade.
   * @defaultValue "3.7"
   */
  readonly apiLevel?: "3.5" | "3.6" | "3.7" | undefined;
  /**
   * Directory of the raft log, instead of one in `dataDir`. A member in memory has no log, and refuses this.
   * @defaultValue `wal` in the directory of the member
   */
  readonly walDir?: string | undefined;
  /**
   * Number of log entries that are applied between two raft snapshots; 100,000 by default at level 3.5.
   * @defaultValue 10000
   */
  readonly snapshotCount?: number | undefined;
  /**
   * Milliseconds between two heartbeats of the leader.
   * @defaultValue 100
   */
  readonly heartbeatInterval?: number | undefined;
  /**
   * Milliseconds without a leader after which a member holds an election: at least five heartbeats, at most 50,000.
   * @defaultValue 1000
   */
  readonly electionTimeout?: number | undefined;
  /**
   * URLs to listen on for other members.
   * @defaultValue none; with `initialCluster`, http://localhost:2380
   */
  readonly listenPeerUrls?: TextList | undefined;
  /**
   * URLs to listen on for clients, over gRPC and HTTP; `unix://` names a socket file. Give this or `clientUrl`.
   * @defaultValue `clientUrl`
   */
  readonly listenClientUrls?: TextList | undefined;
  /**
   * URLs to listen on for HTTP alone. `listenClientUrls` then serve gRPC alone.
   * @defaultValue none
   */
  readonly listenClientHttpUrls?: TextList | undefined;
  /**
   * Number of raft snapshots to keep; 0 keeps all.
   * @defaultValue 5
   */
  readonly maxSnapshots?: number | undefined;
  /**
   * Size of the data in bytes from which on writes are refused. 0 means 2 GiB, a negative number no limit.
   * @defaultValue 0
   */
  readonly quotaBackendBytes?: number | undefined;
  /**
   * Longest time before changes are written to the database; 0 means 100 ms.
   * @defaultValue 0
   */
  readonly backendBatchInterval?: Duration | undefined;
  /**
   * Largest number of changes before they are written to the database; 0 means 10,000.
   * @defaultValue 0
   */
  readonly backendBatchLimit?: number | undefined;
  /**
   * Largest number of operations in a transaction.
   * @defaultValue 128
   */
  readonly maxTxnOps?: number | undefined;
  /**
   * Largest size of a request in bytes.
   * @defaultValue 1572864
   */
  readonly maxRequestBytes?: number | undefined;
  /**
   * Largest number of calls that one connection may have open, and that the JSON gateway may have in all.
   * @defaultValue 16384
   */
  readonly maxConcurrentStreams?: number | undefined;
  /**
   * Bytes of memory that the process may use; 0 means the limit of its container or machine. An eighth of them, 64 MiB
   * at least, may be held for clients.
   * @defaultValue 0
   */
  readonly maxMemory?: number | undefined;
  /**
   * Clients that send pings more often than this are disconnected.
   * @defaultValue 5000
   */
  readonly grpcKeepaliveMinTime?: Duration | undefined;
  /**
   * A client that has been silent for this long is sent a ping; 0 means never.
   * @defaultValue 7200000
   */
  readonly grpcKeepaliveInterval?: Duration | undefined;
  /**
   * The connection of a client that has not answered a ping for this long is closed; 0 means 20 s.
   * @defaultValue 20000
   */
  readonly grpcKeepaliveTimeout?: Duration | undefined;
  /**
   * Whether the API is also served as JSON over HTTP, under `/v3/`.
   * @defaultValue true
   */
  readonly enableGrpcGateway?: boolean | undefined;
  /**
   * Whether the console is served at `/console/` of the URLs for clients: a page that shows what is in the store.
   * @defaultValue false
   */
  readonly enableConsole?: boolean | undefined;
  /**
   * Additional URLs that serve the console, with the JSON API that it calls, and nothing else.
   * @defaultValue none
   */
  readonly listenConsoleUrls?: TextList | undefined;
  /**
   * Whether the console offers changes. Rights and the API itself stay the same.
   * @defaultValue false
   */
  readonly consoleWrites?: boolean | undefined;
  /**
   * Origins (URLs) whose pages may send requests from a browser; `*` or an empty text means all.
   * @defaultValue "*"
   */
  readonly cors?: TextList | undefined;
  /**
   * Host names for which requests over plain HTTP are answered; `*` or an empty text means all.
   * @defaultValue "*"
   */
  readonly hostWhitelist?: TextList | undefined;
  /**
   * A connection to another member that has been silent for this long is closed; at least 5 s.
   * @defaultValue 5000
   */
  readonly raftReadTimeout?: Duration | undefined;
  /**
   * A connection to another member that has taken no data for this long is closed; at least 5 s.
   * @defaultValue 5000
   */
  readonly raftWriteTimeout?: Duration | undefined;
  /**
   * Whether the ports are shared with other processes that do the same; needs Node.js 22.12 or newer.
   * @defaultValue false
   */
  readonly socketReusePort?: boolean | undefined;
  /**
   * Whether addresses in the state TIME_WAIT can be listened on. They always can; the setting is there for etcd's flag.
   * @defaultValue false
   */
  readonly socketReuseAddress?: boolean | undefined;

  // ---- Clustering ----

  /**
   * URLs at which other members reach this one. Ids of members are computed from them.
   * @defaultValue http://localhost:2380
   */
  readonly initialAdvertisePeerUrls?: TextList | undefined;
  /**
   * All members of the cluster that is created or joined, as `name=url,name=url`.
   * @defaultValue this member alone
   */
  readonly initialCluster?: string | undefined;
  /**
   * `new` creates a cluster, `existing` joins one that has added this member.
   * @defaultValue "new"
   */
  readonly initialClusterState?: "new" | "existing" | undefined;
  /**
   * Distinguishes clusters that are created with the same URLs.
   * @defaultValue "etcd-cluster"
   */
  readonly initialClusterToken?: string | undefined;
  /**
   * DNS domain whose SRV records list the members, instead of `initialCluster`.
   * @defaultValue none
   */
  readonly discoverySrv?: string | undefined;
  /**
   * Suffix of the SRV records' name `_etcd-server-`.
   * @defaultValue none
   */
  readonly discoverySrvName?: string | undefined;
  /**
   * URLs at which clients reach this member, as it tells them.
   * @defaultValue `listenClientUrls`
   */
  readonly advertiseClientUrls?: TextList | undefined;
  /**
   * Whether membership changes are refused that would leave too few running members.
   * @defaultValue true
   */
  readonly strictReconfigCheck?: boolean | undefined;
  /**
   * Makes this existing member the only one of its cluster, when the others are lost.
   * @defaultValue false
   */
  readonly forceNewCluster?: boolean | undefined;
  /**
   * Whether a member that has just started waits for a shorter time before its first election.
   * @defaultValue true
   */
  readonly initialElectionTickAdvance?: boolean | undefined;
  /**
   * Whether a member asks if it could win an election before it holds one.
   * @defaultValue true
   */
  readonly preVote?: boolean | undefined;
  /**
   * History to keep: a duration (hours when it has no unit) or a number of revisions, by `autoCompactionMode`; `0`
   * keeps all.
   * @defaultValue "0"
   */
  readonly autoCompactionRetention?: string | undefined;
  /**
   * Unit of `autoCompactionRetention`: `periodic` for time, `revision` for revisions.
   * @defaultValue "periodic"
   */
  readonly autoCompactionMode?: string | undefined;
  /**
   * Has no effect, since there is no v2 store here; the setting is there for etcd's flag.
   * @defaultValue "write-only"
   */
  readonly v2Deprecation?:
    | "not-yet"
    | "write-only"
    | "write-only-skip-check"
    | "write-only-drop-data"
    | "gone"
    | undefined;

  // ---- Authentication ----

  /**
   * Kind of token that a login returns: `simple`, or `jwt,sign-method=RS256,priv-key=FILE,ttl=5m`.
   * @defaultValue "simple"
   */
  readonly authToken?: string | undefined;
  /**
   * Cost of new password hashes, from 4 to 31; each step doubles the time of a login.
   * @defaultValue 10
   */
  readonly bcryptCost?: number | undefined;
  /**
   * Seconds for which a simple token is valid after its last use; 0 means 300.
   * @defaultValue 300
   */
  readonly authTokenTtl?: number | undefined;

  // ---- Monitoring ----

  /**
   * Whether Node's profiles of CPU and heap are served below `/debug/pprof/` at the URLs for clients, to everybody.
   * @defaultValue false
   */
  readonly enablePprof?: boolean | undefined;
  /**
   * A unary call that takes longer than this is logged as a warning.
   * @defaultValue 300
   */
  readonly warningUnaryRequestDuration?: Duration | undefined;
  /**
   * `basic`, or `extensive` to add histograms of the duration of calls.
   * @defaultValue "basic"
   */
  readonly metrics?: string | undefined;
  /**
   * Additional URLs that serve `/metrics` and `/health`.
   * @defaultValue none
   */
  readonly listenMetricsUrls?: TextList | undefined;

  // ---- Unsafe ----

  /**
   * Indexes of log entries that are applied as if they were empty, for an entry that stops every member. Its change is
   * lost, and all members must skip the same entries, or their data will differ.
   * @defaultValue none
   */
  readonly logSkipEntry?: TextList | undefined;
  /**
   * Whether fsync is disabled: a machine crash then loses acknowledged writes, and may corrupt the cluster.
   * @defaultValue false
   */
  readonly unsafeNoFsync?: boolean | undefined;
}
