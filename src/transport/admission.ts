import type { MemberId } from "../base/index.js";
import { isLocalMessage, isLocalTarget, type Message } from "../raft/index.js";
import type { TransportConfig } from "./config.js";

/** A message that must not reach raft, and the status with which whoever posted it hears that. */
export interface Refusal {
  readonly status: 400 | 403;
  readonly text: string;
}

/** Why `message` is not for this member's raft; undefined when it is. */
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
