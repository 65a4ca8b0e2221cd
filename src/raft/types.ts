/** 64 bits, one per member of the group, never 0. */
export type NodeId = bigint;

/** No node: "nobody leads", "has not voted". */
export const noNode: NodeId = 0n;
/** Target of `MsgStorageAppend`: whoever writes the log, with asynchronous storage writes. */
export const appendThread: NodeId = 0xffff_ffff_ffff_ffffn;
/** Target of `MsgStorageApply`: whoever applies committed entries, with asynchronous storage writes. */
export const applyThread: NodeId = 0xffff_ffff_ffff_fffen;

export type StateType = "StateFollower" | "StateCandidate" | "StateLeader" | "StatePreCandidate";

export type EntryType = "EntryNormal" | "EntryConfChange" | "EntryConfChangeV2";

/** One position of the log. Immutable: the same object is shared by log, messages and storage. */
export interface Entry {
  readonly term: number;
  readonly index: number;
  readonly type: EntryType;
  /** What the application proposed, or an encoded conf change; empty for the first entry of a leader. */
  readonly data: Uint8Array;
}

/** What must be on disk before a message that rests on it leaves. */
export interface HardState {
  readonly term: number;
  readonly vote: NodeId;
  readonly commit: number;
}

/** For logs and for who wants to know the leader; never stored. */
export interface SoftState {
  readonly lead: NodeId;
  readonly state: StateType;
}

/** A configuration of the group; every list is in ascending order when it comes from the core. */
export interface ConfState {
  readonly voters: readonly NodeId[];
  /** The old voters of a joint configuration; empty otherwise. */
  readonly votersOutgoing: readonly NodeId[];
  readonly learners: readonly NodeId[];
  /** Outgoing voters that become learners when the joint configuration is left. */
  readonly learnersNext: readonly NodeId[];
  /** The leader proposes to leave the joint configuration on its own. */
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

/** Everything that happens to a node. Which fields mean something depends on the type; the rest are zero or empty. */
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
  /** What to deliver after a storage message has been carried out. */
  readonly responses: readonly Message[];
}

/** An index at or after which a read of the state machine sees every write that was finished when it was asked for. */
export interface ReadState {
  readonly index: number;
  /** What `readIndex` was called with. */
  readonly context: Uint8Array;
}

/** What the application has to do now. Everything in it is read-only and stays valid. */
export interface Ready {
  readonly softState: SoftState | undefined;
  readonly hardState: HardState | undefined;
  readonly readStates: readonly ReadState[];
  /** To be stored, with `hardState`, before `messages` are sent; in place of what the log holds from their first on. */
  readonly entries: readonly Entry[];
  /** To be stored and applied, before `messages` are sent. Never together with committed entries. */
  readonly snapshot: Snapshot | undefined;
  readonly committedEntries: readonly Entry[];
  readonly messages: readonly Message[];
  /** Storing must reach the disk; false when only the commit index moved. */
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
