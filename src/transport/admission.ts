import type { MemberId } from "../base/index.js";
import { isLocalMessage, isLocalTarget, type Message } from "../raft/index.js";
import type { TransportConfig } from "./config.js";

/** Why a message must not reach raft: the HTTP status and the text that its sender gets. */
export interface Refusal {
  readonly status: 400 | 403;
  readonly text: string;
}

/** Why this member must not process `message`; undefined when it may. */
export function refusalOfMessage(message: Message, config: TransportConfig): Refusal | undefined {
  const { type, from, to } = message;
  if (isLocalMessage(type) || isLocalTarget(from) || from === 0n) {
    return { status: 400, text: "cannot process message that no member sends" };
  }
  if (config.raft.isIdRemoved(from as MemberId)) {
    return { status: 403, text: "cannot process message from removed member" };
  }
  if (to !== config.memberId) return { status: 403, text: "cannot process message to mismatch member" };
  return undefined;
}
