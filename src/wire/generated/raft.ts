// Written by `npm run generate` from proto/raft.proto; changes belong there.
import { emptyBytes } from "../../base/index.js";
import type { FieldNumbers } from "../malformed.js";
import { type Codec } from "../protobuf.js";
import { Reader } from "../reader.js";
import { sharedWriter } from "../writer.js";

export const EntryType = {
  EntryNormal: 0,
  EntryConfChange: 1,
  EntryConfChangeV2: 2,
} as const;
/** Open: a number that is not listed stays as it came. */
export type EntryType = number;

export interface Entry {
  readonly type: EntryType;
  readonly term: number;
  readonly index: number;
  readonly data: Uint8Array;
}

const fieldsOfEntry: FieldNumbers = {
  message: "raftpb.Entry",
  numbers: [1, 2, 3, 4],
};

export const Entry: Codec<Entry> = {
  create({
    type = 0,
    term = 0,
    index = 0,
    data = emptyBytes,
  }: Partial<Entry> = {}) {
    return { type, term, index, data };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Entry.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Entry.read(new Reader(bytes));
  },
  read(reader) {
    let type = 0;
    let term = 0;
    let index = 0;
    let data = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          type = reader.int32();
          break;
        case 16:
          term = reader.uint53();
          break;
        case 24:
          index = reader.uint53();
          break;
        case 34:
          data = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfEntry);
      }
    }
    return { type, term, index, data };
  },
  write(writer, message) {
    if (message.data.length > 0) writer.bytes(34, message.data);
    writer.int53(24, message.index);
    writer.int53(16, message.term);
    writer.int32(8, message.type);
  },
};

export interface HardState {
  readonly term: number;
  readonly vote: bigint;
  readonly commit: number;
}

const fieldsOfHardState: FieldNumbers = {
  message: "raftpb.HardState",
  numbers: [1, 2, 3],
};

export const HardState: Codec<HardState> = {
  create({
    term = 0,
    vote = 0n,
    commit = 0,
  }: Partial<HardState> = {}) {
    return { term, vote, commit };
  },
  encode(message) {
    const writer = sharedWriter.start();
    HardState.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return HardState.read(new Reader(bytes));
  },
  read(reader) {
    let term = 0;
    let vote = 0n;
    let commit = 0;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          term = reader.uint53();
          break;
        case 16:
          vote = reader.uint64();
          break;
        case 24:
          commit = reader.uint53();
          break;
        default:
          reader.skip(tag, fieldsOfHardState);
      }
    }
    return { term, vote, commit };
  },
  write(writer, message) {
    writer.int53(24, message.commit);
    writer.int64(16, message.vote);
    writer.int53(8, message.term);
  },
};

/** The voters and learners. In a joint configuration `voters_outgoing` has the voters of the old configuration. */
export interface ConfState {
  readonly voters: readonly bigint[];
  readonly learners: readonly bigint[];
  readonly votersOutgoing: readonly bigint[];
  /** voters that become learners when the joint configuration is left */
  readonly learnersNext: readonly bigint[];
  /** the leader leaves the joint configuration automatically */
  readonly autoLeave: boolean;
}

const fieldsOfConfState: FieldNumbers = {
  message: "raftpb.ConfState",
  numbers: [1, 2, 3, 4, 5],
};

export const ConfState: Codec<ConfState> = {
  create({
    voters = [],
    learners = [],
    votersOutgoing = [],
    learnersNext = [],
    autoLeave = false,
  }: Partial<ConfState> = {}) {
    return { voters, learners, votersOutgoing, learnersNext, autoLeave };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ConfState.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ConfState.read(new Reader(bytes));
  },
  read(reader, base) {
    const voters: bigint[] = base === undefined ? [] : [...base.voters];
    const learners: bigint[] = base === undefined ? [] : [...base.learners];
    const votersOutgoing: bigint[] = base === undefined ? [] : [...base.votersOutgoing];
    const learnersNext: bigint[] = base === undefined ? [] : [...base.learnersNext];
    let autoLeave = base === undefined ? false : base.autoLeave;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          reader.countPart();
          voters.push(reader.uint64());
          break;
        case 10: {
          const outer = reader.open();
          while (reader.more()) {
            reader.countPart();
            voters.push(reader.uint64());
          }
          reader.close(outer);
          break;
        }
        case 16:
          reader.countPart();
          learners.push(reader.uint64());
          break;
        case 18: {
          const outer = reader.open();
          while (reader.more()) {
            reader.countPart();
            learners.push(reader.uint64());
          }
          reader.close(outer);
          break;
        }
        case 24:
          reader.countPart();
          votersOutgoing.push(reader.uint64());
          break;
        case 26: {
          const outer = reader.open();
          while (reader.more()) {
            reader.countPart();
            votersOutgoing.push(reader.uint64());
          }
          reader.close(outer);
          break;
        }
        case 32:
          reader.countPart();
          learnersNext.push(reader.uint64());
          break;
        case 34: {
          const outer = reader.open();
          while (reader.more()) {
            reader.countPart();
            learnersNext.push(reader.uint64());
          }
          reader.close(outer);
          break;
        }
        case 40:
          autoLeave = reader.bool();
          break;
        default:
          reader.skip(tag, fieldsOfConfState);
      }
    }
    return { voters, learners, votersOutgoing, learnersNext, autoLeave };
  },
  write(writer, message) {
    writer.bool(40, message.autoLeave);
    for (let i = message.learnersNext.length - 1; i >= 0; i--) {
      const item = message.learnersNext[i];
      if (item === undefined) continue;
      writer.int64(32, item);
    }
    for (let i = message.votersOutgoing.length - 1; i >= 0; i--) {
      const item = message.votersOutgoing[i];
      if (item === undefined) continue;
      writer.int64(24, item);
    }
    for (let i = message.learners.length - 1; i >= 0; i--) {
      const item = message.learners[i];
      if (item === undefined) continue;
      writer.int64(16, item);
    }
    for (let i = message.voters.length - 1; i >= 0; i--) {
      const item = message.voters[i];
      if (item === undefined) continue;
      writer.int64(8, item);
    }
  },
};

export interface SnapshotMetadata {
  readonly confState: ConfState | undefined;
  readonly index: number;
  readonly term: number;
}

const fieldsOfSnapshotMetadata: FieldNumbers = {
  message: "raftpb.SnapshotMetadata",
  numbers: [1, 2, 3],
};

export const SnapshotMetadata: Codec<SnapshotMetadata> = {
  create({
    confState,
    index = 0,
    term = 0,
  }: Partial<SnapshotMetadata> = {}) {
    return { confState, index, term };
  },
  encode(message) {
    const writer = sharedWriter.start();
    SnapshotMetadata.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return SnapshotMetadata.read(new Reader(bytes));
  },
  read(reader, base) {
    let confState = base === undefined ? undefined : base.confState;
    let index = base === undefined ? 0 : base.index;
    let term = base === undefined ? 0 : base.term;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10: {
          const outer = reader.open();
          confState = ConfState.read(reader, confState);
          reader.close(outer);
          break;
        }
        case 16:
          index = reader.uint53();
          break;
        case 24:
          term = reader.uint53();
          break;
        default:
          reader.skip(tag, fieldsOfSnapshotMetadata);
      }
    }
    return { confState, index, term };
  },
  write(writer, message) {
    writer.int53(24, message.term);
    writer.int53(16, message.index);
    {
      const before = writer.written();
      ConfState.write(writer, (message.confState ?? ConfState.create()));
      writer.close(10, before);
    }
  },
};

export interface Snapshot {
  readonly data: Uint8Array;
  readonly metadata: SnapshotMetadata | undefined;
}

const fieldsOfSnapshot: FieldNumbers = {
  message: "raftpb.Snapshot",
  numbers: [1, 2],
};

export const Snapshot: Codec<Snapshot> = {
  create({
    data = emptyBytes,
    metadata,
  }: Partial<Snapshot> = {}) {
    return { data, metadata };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Snapshot.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Snapshot.read(new Reader(bytes));
  },
  read(reader, base) {
    let data = base === undefined ? emptyBytes : base.data;
    let metadata = base === undefined ? undefined : base.metadata;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 10:
          data = reader.bytes();
          break;
        case 18: {
          const outer = reader.open();
          metadata = SnapshotMetadata.read(reader, metadata);
          reader.close(outer);
          break;
        }
        default:
          reader.skip(tag, fieldsOfSnapshot);
      }
    }
    return { data, metadata };
  },
  write(writer, message) {
    {
      const before = writer.written();
      SnapshotMetadata.write(writer, (message.metadata ?? SnapshotMetadata.create()));
      writer.close(18, before);
    }
    if (message.data.length > 0) writer.bytes(10, message.data);
  },
};

export const MessageType = {
  MsgHup: 0,
  MsgBeat: 1,
  MsgProp: 2,
  MsgApp: 3,
  MsgAppResp: 4,
  MsgVote: 5,
  MsgVoteResp: 6,
  MsgSnap: 7,
  MsgHeartbeat: 8,
  MsgHeartbeatResp: 9,
  MsgUnreachable: 10,
  MsgSnapStatus: 11,
  MsgCheckQuorum: 12,
  MsgTransferLeader: 13,
  MsgTimeoutNow: 14,
  MsgReadIndex: 15,
  MsgReadIndexResp: 16,
  MsgPreVote: 17,
  MsgPreVoteResp: 18,
} as const;
/** Open: a number that is not listed stays as it came. */
export type MessageType = number;

export interface Message {
  readonly type: MessageType;
  readonly to: bigint;
  readonly from: bigint;
  readonly term: number;
  /**
   * The entry before `entries`: the entry at `index` has the term `logTerm`. In a rejection, the position from which
   * the leader should try again.
   */
  readonly logTerm: number;
  readonly index: number;
  readonly entries: readonly Entry[];
  readonly commit: number;
  readonly snapshot: Snapshot | undefined;
  readonly reject: boolean;
  readonly rejectHint: number;
  readonly context: Uint8Array;
}

const fieldsOfMessage: FieldNumbers = {
  message: "raftpb.Message",
  numbers: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
};

export const Message: Codec<Message> = {
  create({
    type = 0,
    to = 0n,
    from = 0n,
    term = 0,
    logTerm = 0,
    index = 0,
    entries = [],
    commit = 0,
    snapshot,
    reject = false,
    rejectHint = 0,
    context = emptyBytes,
  }: Partial<Message> = {}) {
    return {
      type,
      to,
      from,
      term,
      logTerm,
      index,
      entries,
      commit,
      snapshot,
      reject,
      rejectHint,
      context,
    };
  },
  encode(message) {
    const writer = sharedWriter.start();
    Message.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return Message.read(new Reader(bytes));
  },
  read(reader) {
    let type = 0;
    let to = 0n;
    let from = 0n;
    let term = 0;
    let logTerm = 0;
    let index = 0;
    const entries: Entry[] = [];
    let commit = 0;
    let snapshot: Snapshot | undefined;
    let reject = false;
    let rejectHint = 0;
    let context = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          type = reader.int32();
          break;
        case 16:
          to = reader.uint64();
          break;
        case 24:
          from = reader.uint64();
          break;
        case 32:
          term = reader.uint53();
          break;
        case 40:
          logTerm = reader.uint53();
          break;
        case 48:
          index = reader.uint53();
          break;
        case 58: {
          const outer = reader.open();
          entries.push(Entry.read(reader));
          reader.close(outer);
          break;
        }
        case 64:
          commit = reader.uint53();
          break;
        case 74: {
          const outer = reader.open();
          snapshot = Snapshot.read(reader, snapshot);
          reader.close(outer);
          break;
        }
        case 80:
          reject = reader.bool();
          break;
        case 88:
          rejectHint = reader.uint53();
          break;
        case 98:
          context = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfMessage);
      }
    }
    return {
      type,
      to,
      from,
      term,
      logTerm,
      index,
      entries,
      commit,
      snapshot,
      reject,
      rejectHint,
      context,
    };
  },
  write(writer, message) {
    if (message.context.length > 0) writer.bytes(98, message.context);
    writer.int53(88, message.rejectHint);
    writer.bool(80, message.reject);
    {
      const before = writer.written();
      Snapshot.write(writer, (message.snapshot ?? Snapshot.create()));
      writer.close(74, before);
    }
    writer.int53(64, message.commit);
    for (let i = message.entries.length - 1; i >= 0; i--) {
      const item = message.entries[i];
      if (item === undefined) continue;
      const before = writer.written();
      Entry.write(writer, item);
      writer.close(58, before);
    }
    writer.int53(48, message.index);
    writer.int53(40, message.logTerm);
    writer.int53(32, message.term);
    writer.int64(24, message.from);
    writer.int64(16, message.to);
    writer.int32(8, message.type);
  },
};

export const ConfChangeType = {
  ConfChangeAddNode: 0,
  ConfChangeRemoveNode: 1,
  ConfChangeUpdateNode: 2,
  ConfChangeAddLearnerNode: 3,
} as const;
/** Open: a number that is not listed stays as it came. */
export type ConfChangeType = number;

export interface ConfChange {
  /** the id of the request that waits for the change */
  readonly id: bigint;
  readonly type: ConfChangeType;
  readonly nodeId: bigint;
  readonly context: Uint8Array;
}

const fieldsOfConfChange: FieldNumbers = {
  message: "raftpb.ConfChange",
  numbers: [1, 2, 3, 4],
};

export const ConfChange: Codec<ConfChange> = {
  create({
    id = 0n,
    type = 0,
    nodeId = 0n,
    context = emptyBytes,
  }: Partial<ConfChange> = {}) {
    return { id, type, nodeId, context };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ConfChange.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ConfChange.read(new Reader(bytes));
  },
  read(reader) {
    let id = 0n;
    let type = 0;
    let nodeId = 0n;
    let context = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          id = reader.uint64();
          break;
        case 16:
          type = reader.int32();
          break;
        case 24:
          nodeId = reader.uint64();
          break;
        case 34:
          context = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfConfChange);
      }
    }
    return { id, type, nodeId, context };
  },
  write(writer, message) {
    if (message.context.length > 0) writer.bytes(34, message.context);
    writer.int64(24, message.nodeId);
    writer.int32(16, message.type);
    writer.int64(8, message.id);
  },
};

export const ConfChangeTransition = {
  /** simple for a single change, otherwise like JointImplicit */
  ConfChangeTransitionAuto: 0,
  /** joint, and raft leaves it */
  ConfChangeTransitionJointImplicit: 1,
  /** joint, and the application leaves it */
  ConfChangeTransitionJointExplicit: 2,
} as const;
/** Open: a number that is not listed stays as it came. */
export type ConfChangeTransition = number;

export interface ConfChangeSingle {
  readonly type: ConfChangeType;
  readonly nodeId: bigint;
}

const fieldsOfConfChangeSingle: FieldNumbers = {
  message: "raftpb.ConfChangeSingle",
  numbers: [1, 2],
};

export const ConfChangeSingle: Codec<ConfChangeSingle> = {
  create({
    type = 0,
    nodeId = 0n,
  }: Partial<ConfChangeSingle> = {}) {
    return { type, nodeId };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ConfChangeSingle.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ConfChangeSingle.read(new Reader(bytes));
  },
  read(reader) {
    let type = 0;
    let nodeId = 0n;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          type = reader.int32();
          break;
        case 16:
          nodeId = reader.uint64();
          break;
        default:
          reader.skip(tag, fieldsOfConfChangeSingle);
      }
    }
    return { type, nodeId };
  },
  write(writer, message) {
    writer.int64(16, message.nodeId);
    writer.int32(8, message.type);
  },
};

/** Any number of changes at once. Without changes it leaves the joint configuration. */
export interface ConfChangeV2 {
  readonly transition: ConfChangeTransition;
  readonly changes: readonly ConfChangeSingle[];
  readonly context: Uint8Array;
}

const fieldsOfConfChangeV2: FieldNumbers = {
  message: "raftpb.ConfChangeV2",
  numbers: [1, 2, 3],
};

export const ConfChangeV2: Codec<ConfChangeV2> = {
  create({
    transition = 0,
    changes = [],
    context = emptyBytes,
  }: Partial<ConfChangeV2> = {}) {
    return { transition, changes, context };
  },
  encode(message) {
    const writer = sharedWriter.start();
    ConfChangeV2.write(writer, message);
    return writer.finish();
  },
  decode(bytes) {
    return ConfChangeV2.read(new Reader(bytes));
  },
  read(reader) {
    let transition = 0;
    const changes: ConfChangeSingle[] = [];
    let context = emptyBytes;
    while (reader.more()) {
      const tag = reader.tag();
      switch (tag) {
        case 8:
          transition = reader.int32();
          break;
        case 18: {
          const outer = reader.open();
          changes.push(ConfChangeSingle.read(reader));
          reader.close(outer);
          break;
        }
        case 26:
          context = reader.bytes();
          break;
        default:
          reader.skip(tag, fieldsOfConfChangeV2);
      }
    }
    return { transition, changes, context };
  },
  write(writer, message) {
    if (message.context.length > 0) writer.bytes(26, message.context);
    for (let i = message.changes.length - 1; i >= 0; i--) {
      const item = message.changes[i];
      if (item === undefined) continue;
      const before = writer.written();
      ConfChangeSingle.write(writer, item);
      writer.close(18, before);
    }
    writer.int32(8, message.transition);
  },
};
