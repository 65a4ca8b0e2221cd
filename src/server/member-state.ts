import type { AlarmStore, ConsistentIndex } from "../apply/index.js";
import type { AuthStore, Passwords } from "../auth/index.js";
import type { Backend, MemberBackend } from "../backend/index.js";
import type { Cluster, Member } from "../cluster/index.js";
import type { MemoryStorage, RawNode } from "../raft/index.js";
import type { Wal, WalMetadata } from "../wal/index.js";
import type { ServerCounters } from "./counters.js";
import type { Databases } from "./snapshots/databases.js";
import type { ReceivedSnapshots } from "./snapshots/received-snapshots.js";
import type { Stores } from "./start/stores.js";
import type { AwakeTime } from "./upkeep/awake-time.js";

/** The whole state of a member, either new or read from disk, with a raft node at the same position. */
export interface MemberState extends Stores {
  readonly ids: WalMetadata;
  readonly counters: ServerCounters;
  readonly wal: Wal;
  readonly backend: MemberBackend;
  readonly databases: Databases;
  readonly received: ReceivedSnapshots;
  readonly consistentIndex: ConsistentIndex;
  readonly cluster: Cluster;
  readonly alarms: AlarmStore;
  readonly auth: AuthStore;
  readonly passwords: Passwords;
  /** The time during which this member was awake, on which leases count down. */
  readonly awakeTime: AwakeTime;
  /** Reads the stores from another backend, such as a received snapshot. */
  readonly openStores: (backend: Backend) => Promise<Stores>;
  readonly storage: MemoryStorage;
  readonly node: RawNode;
  /** Members that a joining member may hear from before its log says who is in the cluster; otherwise empty. */
  readonly remotes: readonly Member[];
}
