import { emptyBytes } from "../base/index.js";
import { appendThread, applyThread, type Message, type MessageType, type NodeId, noNode } from "./types.js";

/** What a message says beside who speaks to whom at which term. */
export type MessageBody = Partial<Omit<Message, "type" | "to" | "from" | "term">>;

const nobody: MessageBody = {};
const none: readonly never[] = [];

/** A message of one shape for all types: what `body` does not give is zero or empty. */
export function createMessage(
  type: MessageType,
  to: NodeId,
  from: NodeId,
  term: number,
  body: MessageBody = nobody,
): Message {
  return {
    type,
    to,
    from,
    term,
    logTerm: body.logTerm ?? 0,
    index: body.index ?? 0,
    entries: body.entries ?? none,
    commit: body.commit ?? 0,
    vote: body.vote ?? noNode,
    snapshot: body.snapshot,
    reject: body.reject ?? false,
    rejectHint: body.rejectHint ?? 0,
    context: body.context ?? emptyBytes,
    responses: body.responses ?? none,
  };
}

/** Stands for a thread of the node itself, not for a member. */
export function isLocalTarget(id: NodeId): boolean {
  return id === appendThread || id === applyThread;
}

const localMessages: ReadonlySet<MessageType> = new Set<MessageType>([
  "MsgHup",
  "MsgBeat",
  "MsgUnreachable",
  "MsgSnapStatus",
  "MsgCheckQuorum",
  "MsgStorageAppend",
  "MsgStorageAppendResp",
  "MsgStorageApply",
  "MsgStorageApplyResp",
]);

const responseMessages: ReadonlySet<MessageType> = new Set<MessageType>([
  "MsgAppResp",
  "MsgVoteResp",
  "MsgHeartbeatResp",
  "MsgUnreachable",
  "MsgReadIndexResp",
  "MsgPreVoteResp",
  "MsgStorageAppendResp",
  "MsgStorageApplyResp",
]);

/** Comes from the node itself, never from a peer. */
export function isLocalMessage(type: MessageType): boolean {
  return localMessages.has(type);
}

/** Answers something; means nothing when its sender is not a member. */
export function isResponseMessage(type: MessageType): boolean {
  return responseMessages.has(type);
}

/** Meant for the leader: whoever is not forwards it and leaves `from` as it is. */
export function isRequest(type: MessageType): boolean {
  return type === "MsgProp" || type === "MsgReadIndex" || type === "MsgTransferLeader";
}

/** The answers that promise something stored: they leave only after it is. */
export function restsOnStorage(type: MessageType): boolean {
  return type === "MsgAppResp" || type === "MsgVoteResp" || type === "MsgPreVoteResp";
}
