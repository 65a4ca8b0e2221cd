import type { ErrorKind, MemberId, RequestId } from "../../base/index.js";
import type {
  ConfChangeV1,
  ConfState,
  Entry,
  Message,
  NodeId,
  ReadState,
  Snapshot,
  SnapshotMetadata,
  SoftState,
  Status,
} from "../../raft/index.js";
import type { CountersByPeer, OutgoingSnapshot, PeerTakes } from "../../transport/index.js";

/** A value that is known at once when consensus runs on the caller's event loop, and has to be asked for otherwise. */
export type Asked<Value> = Value | Promise<Value>;

/** A member of the cluster, as the network needs it. */
export interface PeerAddress {
  readonly id: MemberId;
  readonly peerUrls: readonly string[];
}

/**
 * Consensus as the owner of the keys sees it: raft, its log on disk, and the messages to and from other members. It may
 * run on another event loop. So no call returns a result of raft at once; results come to a `ConsensusClient`. Calls
 * and events each arrive in their order.
 */
export interface ConsensusCore {
  /**
   * Starts to drive raft, and connects to the members.
   *
   * @param removed the ids of all members that were ever removed
   */
  start(members: readonly PeerAddress[], removed: readonly MemberId[]): void;

  /** Proposes data. Without a leader the proposal waits for one. `refused` tells when raft does not take it. */
  propose(id: RequestId, data: Uint8Array): void;
  /**
   * Proposes a decision of this member as the leader of `term`. It is neither forwarded to another leader nor kept for
   * a later term: its entry has this term, or there is none.
   */
  proposeInTerm(id: RequestId, term: number, data: Uint8Array): void;
  /** Proposes a conf change, like `propose`. Its id is the request's id. */
  proposeConfChange(change: ConfChangeV1): void;
  /** The proposer of a request has given up: it is not proposed any more if it still waits for a leader. */
  withdraw(id: RequestId): void;

  /** Makes consensus call `beforeReady` soon, before it does anything else. */
  askSoon(): void;
  /** Requests an index at which reads are linearizable. `readStates` returns it with the context, or it gets lost. */
  readIndex(context: Uint8Array): void;
  /** Asks raft to transfer the leadership. `leaderNews` shows whether it succeeds. */
  transferLeadership(to: NodeId): void;

  /** Everything up to `index` has been applied. Raft may have waited for that. */
  applied(index: number): void;
  /**
   * A conf change has been applied; a refused one with `nodeId` 0.
   *
   * @param state the configuration after it. Raft must come to the same one.
   */
  applyConfChange(change: ConfChangeV1, state: ConfState): void;
  /** The members have changed. The arguments are those of `start`. */
  membersAre(members: readonly PeerAddress[], removed: readonly MemberId[]): void;

  /** The answer to `commitDatabase`: the state on disk covers the log up to this position, so the log may be cut. */
  recordSnapshot(covered: SnapshotMetadata): void;
  /** The answer to `sendSnapshot`: the database of this member, to be sent to the peer. */
  sendSnapshot(snapshot: OutgoingSnapshot): void;
  /**
   * Makes the log want to be cut soon, however short it is.
   *
   * @param dropThrough all entries up to this applied one are dropped then; 0 to drop no more than usual
   */
  cutLog(dropThrough: number): void;
  /** The other answer to `sendSnapshot`: there is no database to send now. */
  snapshotUnsent(to: NodeId): void;

  /** The latest commit index: at least that of every entry that any member has applied before the call. */
  commitIndex(): Asked<number>;
  status(): Asked<Status>;
  /** The time, by the clock, since which a member has been reachable; undefined while it is not. */
  activeSince(id: MemberId): number | undefined;
  /** The numbers of consensus, as of the last `countNow`. */
  readonly numbers: ConsensusNumbers;
  /** Brings `numbers` and the counters of the log up to date. */
  countNow(): Asked<void>;

  /** Resolves when no snapshot is being recorded. */
  settled(): Promise<void>;
  /** Stops raft and its connections. Raft's last state is on disk then. */
  stop(): Promise<void>;
  /** Closes the log. */
  close(): Promise<void>;
}

export interface ConsensusNumbers {
  /** The number of bytes written to the raft log. */
  readonly walBytes: number;
  readonly peers: CountersByPeer;
}

/** The owner of the keys, as consensus sees it. For one `Ready` of raft the first five are called in this order. */
export interface ConsensusClient {
  /** Called before raft's next work is taken, so that a ReadIndex request can still be added. */
  beforeReady(): void;
  /**
   * The log is committed up to `index`. Called before any message with this commit index is sent: a follower may apply
   * an entry and answer its client at once, and the client's next request to this member must wait for that entry.
   */
  commitMoved(index: number): void;
  /** The leader or the role of this member has changed. @param term the leader's term, or the latest known one */
  leaderNews(state: SoftState, term: number): void;
  readStates(states: readonly ReadState[]): void;
  /**
   * Committed entries that are also on the local disk, in order and each once. They may be applied later, which
   * `applied` reports. Consensus does not wait for that.
   */
  committed(entries: readonly Entry[]): void;
  /** A snapshot has replaced the whole log on disk. Later entries build on it. */
  restored(snapshot: Snapshot): void;

  /** Raft does not take a proposal: `leaderChanged`, or `tooManyRequests`. */
  refused(id: RequestId, reason: ErrorKind): void;
  /** A tick of raft has passed. */
  tick(): void;
  /** The log wants to be cut. The database must be written to the disk, and `recordSnapshot` tells how far it is. */
  commitDatabase(): void;
  /** The answer to `recordSnapshot`: the log holds a snapshot at this index. */
  snapshotRecorded(index: number): void;
  /**
   * Raft wants to send a snapshot to a peer. Answered by `sendSnapshot` or `snapshotUnsent`.
   *
   * @param takes the form in which the peer takes a database at best
   */
  sendSnapshot(message: Message, takes: PeerTakes): void;
  /** A peer reports that this member has been removed for good. */
  removed(): void;
  /**
   * The log could not be written, or an invariant is broken. Raft has stopped and the member must stop. Called once.
   */
  failed(error: Error): void;
}

/** Consensus that has read its log and does nothing yet. */
export interface OpenedConsensus {
  /** The commit index in the log, whose entries are applied before the first election. */
  readonly commit: number;
  /** Raft's configuration as of the last applied entry; for a founder, all founding members. */
  readonly confState: ConfState;
  /** Connects consensus with the owner of the keys. */
  connect(client: ConsensusClient): ConsensusCore;
  /** Closes the log of consensus that was never connected. */
  close(): Promise<void>;
}
