import type { CountersByPeer } from "../transport/index.js";
import type { Assembly } from "./assembly.js";
import { quotaBytes, type ServerConfig } from "./config.js";
import type { ServerCounters } from "./counters.js";
import type { MemberState } from "./member-state.js";

/** The state of one member in numbers, for whoever renders `/metrics`. Counts are from the start of the process. */
export interface ServerMetrics {
  readonly counters: ServerCounters;
  readonly hasLeader: boolean;
  readonly isLeader: boolean;
  readonly isLearner: boolean;
  readonly leaderChanges: number;
  /** Indexes of the log, not counts. */
  readonly proposalsCommitted: number;
  readonly proposalsApplied: number;
  readonly proposalsPending: number;
  /** Bytes that the raft log was given. */
  readonly walBytes: number;
  readonly dbBytes: number;
  readonly dbBytesInUse: number;
  /** Infinity when there is no quota. */
  readonly quotaBytes: number;
  readonly keys: number;
  readonly revision: number;
  /** -1 while nothing was ever compacted. */
  readonly compactRevision: number;
  /** Revision of users and roles. */
  readonly authRevision: number;
  readonly watchers: number;
  readonly slowWatchers: number;
  readonly watchStreams: number;
  readonly peers: CountersByPeer;
}

/** The numbers of this moment. */
export function metricsOf(parts: Assembly, member: MemberState, config: ServerConfig): ServerMetrics {
  const { consensus, counters, watchable, maintenance } = parts;
  const { position, leadership, proposals } = consensus;
  const { backend, store, wal, auth } = member;
  return {
    counters,
    hasLeader: leadership.hasLeader,
    isLeader: leadership.leading,
    isLearner: maintenance.isLearner(),
    leaderChanges: leadership.changes,
    proposalsCommitted: position.committed,
    proposalsApplied: position.applied,
    proposalsPending: proposals.pending,
    walBytes: wal.bytesWritten,
    dbBytes: backend.size(),
    dbBytesInUse: backend.sizeInUse(),
    quotaBytes: quotaBytes(config),
    keys: store.keyCount,
    revision: store.revision,
    compactRevision: store.compactedRevision,
    authRevision: auth.revision,
    watchers: watchable.watcherCount,
    slowWatchers: watchable.slowWatcherCount,
    watchStreams: watchable.streamCount,
    peers: consensus.traffic.network.counters ?? new Map(),
  };
}
