import { emptyBytes } from "../base/index.js";
import { appendThread, applyThread, type Message, type MessageType, type NodeId, noNode } from "./types.js";

/** The fields of a message apart from its type, its ends and its term. */
export type MessageBody = Partial<Omit<Message, "type" | "to" | "from" | "term">>;

const nobody: MessageBody = {};
const none: readonly never[] = [];

/** Creates a message; all messages have the same fields, and those missing in `body` are zero or empty. */
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

/** Whether the id stands for a storage thread of the node, not for a member. */
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

/** Whether messages of this type come from the node itself, never from a peer. */
export function isLocalMessage(type: MessageType): boolean {
  return localMessages.has(type);
}

/** Whether messages of this type are answers; they mean nothing when the sender is not a member. */
export function isResponseMessage(type: MessageType): boolean {
  return responseMessages.has(type);
}

/** Whether messages of this type are meant for the leader; another node forwards them with `from` unchanged. */
export function isRequest(type: MessageType): boolean {
  return type === "MsgProp" || type === "MsgReadIndex" || type === "MsgTransferLeader";
}

/** Whether messages of this type promise that something is stored: they must not leave before it is. */
export function restsOnStorage(type: MessageType): boolean {
  return type === "MsgAppResp" || type === "MsgVoteResp" || type === "MsgPreVoteResp";
}
