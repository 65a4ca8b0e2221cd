/** Id of a member: 64 bits, never 0. */
export type NodeId = bigint;

/** No node: there is no leader, or no vote was cast. */
export const noNode: NodeId = 0n;
/** Target of `MsgStorageAppend`: the thread that writes the log, with asynchronous storage writes. */
export const appendThread: NodeId = 0xffff_ffff_ffff_ffffn;
/** Target of `MsgStorageApply`: the thread that applies committed entries, with asynchronous storage writes. */
export const applyThread: NodeId = 0xffff_ffff_ffff_fffen;

export type StateType = "StateFollower" | "StateCandidate" | "StateLeader" | "StatePreCandidate";

export type EntryType = "EntryNormal" | "EntryConfChange" | "EntryConfChangeV2";

/** An entry of the log. It is immutable, since log, messages and storage share the same object. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly type: EntryType;
  /** Data that the application proposed, or an encoded conf change; empty in the first entry of a leader. */
  readonly data: Uint8Array;
}

/** State that must be on disk before any message that depends on it is sent. */
export interface HardState {
  readonly term: number;
  readonly vote: NodeId;
  readonly commit: number;
}

/** State for logs and for observers of the leader; never stored. */
export interface SoftState {
  readonly lead: NodeId;
  readonly state: StateType;
}

/** A configuration of the group; every list is in ascending order when it comes from the core. */
export interface ConfState {
  readonly voters: readonly NodeId[];
  /** Old voters of a joint configuration; empty otherwise. */
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[];
  /** The leader itself proposes to leave the joint configuration. */
  readonly autoLeave: boolean;
}

export interface SnapshotMetadata {
  readonly confState: ConfState;
  /** The last entry that the snapshot covers; 0 means "no snapshot". */
  readonly index: number;
  readonly term: number;
}

export interface Snapshot {
  readonly metadata: SnapshotMetadata;
  readonly data: Uint8Array;
}

/** Messages that one node sends to another. */
type PeerMessageType =
  | "MsgProp"
  | "MsgApp"
  | "MsgAppResp"
  | "MsgVote"
  | "MsgVoteResp"
  | "MsgSnap"
  | "MsgHeartbeat"
  | "MsgHeartbeatResp"
  | "MsgTransferLeader"
  | "MsgTimeoutNow"
  | "MsgReadIndex"
  | "MsgReadIndexResp"
  | "MsgPreVote"
  | "MsgPreVoteResp"
  | "MsgForgetLeader";

/** Messages that never cross the network. */
type LocalMessageType =
  | "MsgHup"
  | "MsgBeat"
  | "MsgUnreachable"
  | "MsgSnapStatus"
  | "MsgCheckQuorum"
  | "MsgStorageAppend"
  | "MsgStorageAppendResp"
  | "MsgStorageApply"
  | "MsgStorageApplyResp";

export type MessageType = PeerMessageType | LocalMessageType;

/** Any event of a node. The type decides which fields have a meaning; the others are zero or empty. */
export interface Message {
  readonly type: MessageType;
  readonly to: NodeId;
  readonly from: NodeId;
  /** The sender's term; 0 for a local message and for a forwarded request. */
  readonly term: number;
  /** Term of the entry at `index`. */
  readonly logTerm: number;
  readonly index: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
  readonly vote: NodeId;
  readonly snapshot: Snapshot | undefined;
  readonly reject: boolean;
  readonly rejectHint: number;
  readonly context: Uint8Array;
  /** Messages to deliver after a storage message has been carried out. */
  readonly responses: readonly Message[];
}

/**
 * The answer to a read request: once `index` is applied, a read sees every write that was finished when the read was
 * requested.
 */
export interface ReadState {
  readonly index: number;
  /** The context that was passed to `readIndex`. */
  readonly context: Uint8Array;
}

/** The work of the application. Everything in it is read-only and stays valid. */
export interface Ready {
  readonly softState: SoftState | undefined;
  readonly hardState: HardState | undefined;
  readonly readStates: readonly ReadState[];
  /**
   * Entries to store, with `hardState`, before `messages` are sent. They replace the log from the index of the first of
   * them on.
   */
  readonly entries: readonly Entry[];
  /** Snapshot to store and apply before `messages` are sent. Never together with committed entries. */
  readonly snapshot: Snapshot | undefined;
  readonly committedEntries: readonly Entry[];
  /**
   * Indexes of stored entries that are not in memory. The log is to be read from each of them on, as far as the owner
   * likes, and `entriesRead` to be called then. Nothing else waits for that.
   */
  readonly reads: readonly number[];
  readonly messages: readonly Message[];
  /** The write must be synced; false when only the commit index moved. */
  readonly mustSync: boolean;
}

export const emptyConfState: ConfState = {
  voters: [],
  votersOutgoing: [],
  learners: [],
  learnersNext: [],
  autoLeave: false,
};

export function isEmptyHardState(state: HardState): boolean {
  return state.term === 0 && state.vote === noNode && state.commit === 0;
}

/** Outcome of a message; `dropped` means a proposal that no leader accepted. */
export type StepResult = "taken" | "dropped";
