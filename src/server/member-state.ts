import type { AlarmStore, ConsistentIndex } from "../apply/index.js";
import type { AuthStore, Passwords } from "../auth/index.js";
import type { Backend, MemberBackend } from "../backend/index.js";
import type { Cluster } from "../cluster/index.js";
import type { WalMetadata } from "../wal/index.js";
import type { OpenedConsensus } from "./consensus/contract.js";
import type { ServerCounters } from "./counters.js";
import type { LogDemands } from "./log/log-demands.js";
import type { Databases } from "./snapshots/databases.js";
import type { ReceivedSnapshots } from "./snapshots/received-snapshots.js";
import type { Stores } from "./start/stores.js";
import type { AwakeTime } from "./upkeep/awake-time.js";

/** The whole state of a member, either new or read from disk, with consensus at the same position. */
export interface MemberState extends Stores {
  readonly ids: WalMetadata;
  readonly counters: ServerCounters;
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
  /** The releases that can read the entries of the log. */
  readonly demands: LogDemands;
  readonly consensus: OpenedConsensus;
}
