import type { LevelStore } from "../backend/index.js";
import type { Clock, Logger, MemoryAccount, Random } from "../base/index.js";
import type { ServerConfig } from "./config.js";
import type { OpenedConsensus } from "./consensus/contract.js";
import type { LogCounters } from "./consensus/log-counters.js";
import type { RaftOrigin } from "./consensus/opened-raft.js";
import type { PeerAccess } from "./consensus/peer-network.js";
import type { MemberDisk } from "./disk/member-disk.js";
import type { ReceivedSnapshots } from "./snapshots/received-snapshots.js";
import type { Registry } from "./start/discovery.js";
import type { Names } from "./start/name-lookup.js";
import type { HeapUse } from "./upkeep/heap-guard.js";

/** The facts about a member that consensus needs to open its log on another event loop. It is plain data. */
export interface ConsensusPlace {
  readonly settings: ServerConfig;
  readonly origin: RaftOrigin;
}

/** The world outside as a member needs it: clock, chance, log, memory, disk and network. */
export interface ServerDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Counts the bytes that clients' requests hold. Without it, no request is refused for lack of memory. */
  readonly memory?: MemoryAccount;
  /** Measures the heap. Without it, the member does not watch the heap's limit. */
  readonly heap?: () => HeapUse;
  /** The share of time in which the busiest event loop of the process has worked since the last call. */
  readonly loopLoad?: () => number;
  /** Where the data is kept; by default in `ServerConfig.dataDir`, or in memory without it. */
  readonly disk?: MemberDisk;
  /** Opens the databases in the data directory. Tests hand in one whose disk fails. */
  readonly openStore?: (dir: string) => Promise<LevelStore>;
  /** Keeps the databases that peers send; by default in `member/snap`. */
  readonly receivedSnapshots?: ReceivedSnapshots;
  /**
   * Reaches the peers. Absent for a member that has no peers and never gets any. With `openConsensus` only its `client`
   * is used.
   */
  readonly peers?: Pick<PeerAccess, "client"> & Partial<PeerAccess>;
  /** Opens consensus on another event loop. By default it shares the loop of the keys. */
  readonly openConsensus?: (place: ConsensusPlace, counters: LogCounters) => Promise<OpenedConsensus>;
  /** Opens the discovery service, for a member with a `discoveryToken`. */
  readonly registry?: () => Registry;
  /** Finds hosts and services by name; by default with the system's resolver. */
  readonly names?: Names;
}
