import type { WatchableStore } from "../mvcc/index.js";
import type { CountersByPeer } from "../transport/index.js";
import { quotaBytes, type ServerConfig } from "./config.js";
import type { ServerCounters } from "./counters.js";
import type { Consensus } from "./log/consensus.js";
import type { MemberState } from "./member-state.js";

/** The state of a member in numbers, for `/metrics`. Counters start with the process. */
export interface ServerMetrics {
  readonly counters: ServerCounters;
  readonly hasLeader: boolean;
  readonly isLeader: boolean;
  readonly isLearner: boolean;
  readonly leaderChanges: number;
  /** Log indexes, as in etcd's metrics of the same name. */
  readonly proposalsCommitted: number;
  readonly proposalsApplied: number;
  readonly proposalsPending: number;
  /** The number of bytes written to the raft log. */
  readonly walBytes: number;
  readonly dbBytes: number;
  readonly dbBytesInUse: number;
  /** The quota in bytes; Infinity for none. */
  readonly quotaBytes: number;
  readonly keys: number;
  readonly revision: number;
  /** The compacted revision; -1 when nothing was compacted yet. */
  readonly compactRevision: number;
  /** The revision of users and roles. */
  readonly authRevision: number;
  readonly watchers: number;
  readonly slowWatchers: number;
  readonly watchStreams: number;
  readonly peers: CountersByPeer;
}

/** The parts of a member that have numbers. */
interface MeasuredParts {
  readonly consensus: Consensus;
  readonly counters: ServerCounters;
  readonly watchable: WatchableStore;
}

/** Collects the current numbers. */
export function metricsOf(parts: MeasuredParts, member: MemberState, config: ServerConfig): ServerMetrics {
  const { consensus, counters, watchable } = parts;
  const { position, leadership, proposals } = consensus;
  const { backend, store, auth } = member;
  const { walBytes, peers } = consensus.numbers;
  return {
    counters,
    hasLeader: leadership.hasLeader,
    isLeader: leadership.leading,
    isLearner: member.cluster.localIsLearner,
    leaderChanges: leadership.changes,
    proposalsCommitted: position.committed,
    proposalsApplied: position.applied,
    proposalsPending: proposals.pending,
    walBytes,
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
    peers,
  };
}
