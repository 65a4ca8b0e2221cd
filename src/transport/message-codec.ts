import { emptyBytes } from "../base/index.js";
import {
  createMessage,
  type Entry,
  type EntryType,
  type Message,
  type MessageType,
  type Snapshot,
} from "../raft/index.js";
import { openedField, raftpb, WireError } from "../wire/index.js";

/** Message types in the order of their numbers in raftpb. A type that is missing here never leaves a node. */
const messageTypes: readonly MessageType[] = [
  "MsgHup",
  "MsgBeat",
  "MsgProp",
  "MsgApp",
  "MsgAppResp",
  "MsgVote",
  "MsgVoteResp",
  "MsgSnap",
  "MsgHeartbeat",
  "MsgHeartbeatResp",
  "MsgUnreachable",
  "MsgSnapStatus",
  "MsgCheckQuorum",
  "MsgTransferLeader",
  "MsgTimeoutNow",
  "MsgReadIndex",
  "MsgReadIndexResp",
  "MsgPreVote",
  "MsgPreVoteResp",
];
const messageNumbers: ReadonlyMap<MessageType, number> = new Map(messageTypes.map((type, number) => [type, number]));
const entryTypes: readonly EntryType[] = ["EntryNormal", "EntryConfChange", "EntryConfChangeV2"];

/**
 * The message that keeps an idle stream alive. No raft message equals it, since each of those names a sender and a
 * target.
 */
export const linkHeartbeat: Message = createMessage("MsgHeartbeat", 0n, 0n, 0);

export function isLinkHeartbeat({ type, from, to }: Message): boolean {
  return type === "MsgHeartbeat" && from === 0n && to === 0n;
}

/** Encodes a `raftpb.Message`, as etcd 3.5 does. */
export function encodeMessage(message: Message): Uint8Array {
  const { entries } = message;
  return raftpb.Message.encode({
    type: numberOf(message.type),
    to: message.to,
    from: message.from,
    term: message.term,
    logTerm: message.logTerm,
    index: message.index,
    entries: entries.length === 0 ? none : entries.map(wireEntry),
    commit: message.commit,
    snapshot: message.snapshot,
    reject: message.reject,
    rejectHint: message.rejectHint,
    context: message.context,
  });
}

/**
 * Decodes the message in `bytes`, which must not change while the message is in use: the data of its entries are views.
 *
 * @throws WireError when the bytes are malformed, or a number in them is larger than any log can reach
 */
export function decodeMessage(bytes: Uint8Array): Message {
  const wire = raftpb.Message.decode(bytes);
  const type = messageTypes[wire.type];
  if (type === undefined) throw new WireError(`raft message of unknown type ${wire.type}`);
  return {
    type,
    to: wire.to,
    from: wire.from,
    term: counted(wire.term),
    logTerm: counted(wire.logTerm),
    index: counted(wire.index),
    entries: wire.entries.length === 0 ? none : wire.entries.map(entryOf),
    commit: counted(wire.commit),
    vote: 0n,
    // The field is always present; it has a meaning in MsgSnap only.
    snapshot: type === "MsgSnap" ? snapshotOf(wire.snapshot) : undefined,
    reject: wire.reject,
    rejectHint: counted(wire.rejectHint),
    context: wire.context,
    responses: none,
  };
}

/**
 * Appends the bytes of a `raftpb.Entry` to `pieces`: a long entry's data, which is its last field, as a piece of its
 * own, so that sending a large value to several members copies nothing.
 *
 * @returns the number of bytes
 */
export function encodeEntry(entry: Entry, pieces: Uint8Array[]): number {
  const { data } = entry;
  if (data.byteLength < longDataBytes) {
    const whole = raftpb.Entry.encode(wireEntry(entry));
    pieces.push(whole);
    return whole.byteLength;
  }
  const head = raftpb.Entry.encode(wireEntry({ ...entry, data: emptyBytes }));
  const opened = openedField(dataField, data.byteLength);
  pieces.push(head, opened, data);
  return head.byteLength + opened.byteLength + data.byteLength;
}

/** Decodes the entry in `bytes`; its data is a view. */
export function decodeEntry(bytes: Uint8Array): Entry {
  return entryOf(raftpb.Entry.decode(bytes));
}

/** Refuses a number that decoding may have rounded: decoding saturates at the largest safe integer. */
export function counted(value: number): number {
  if (value >= Number.MAX_SAFE_INTEGER) throw new WireError("a number in a raft message is 2^53 or more");
  return value;
}

/** The number of the field `data` in `raftpb.Entry`. */
const dataField = 4;
/** Shorter data is copied, since a piece costs more than that. */
const longDataBytes = 16 * 1024;

const none: readonly never[] = [];

function numberOf(type: MessageType): number {
  const number = messageNumbers.get(type);
  if (number === undefined) throw new Error(`${type} never leaves a node`);
  return number;
}

function wireEntry({ term, index, type, data }: Entry): raftpb.Entry {
  return { type: entryTypes.indexOf(type), term, index, data };
}

function entryOf({ term, index, type, data }: raftpb.Entry): Entry {
  const known = entryTypes[type];
  if (known === undefined) throw new WireError(`raft entry of unknown type ${type}`);
  return { term: counted(term), index: counted(index), type: known, data };
}

function snapshotOf(snapshot: raftpb.Snapshot | undefined): Snapshot {
  const { index, term, confState } = raftpb.SnapshotMetadata.create(snapshot?.metadata);
  return {
    data: snapshot?.data ?? emptyBytes,
    metadata: { index: counted(index), term: counted(term), confState: raftpb.ConfState.create(confState) },
  };
}
