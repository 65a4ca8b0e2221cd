import type { ErrorKind, RequestId } from "../../base/index.js";
import type { Message, NodeId } from "../../raft/index.js";
import type { ConsensusClient } from "./contract.js";

/** The callbacks of the raft node loop. Those of the client are called as `ConsensusClient` says. */
export interface RaftHandler
  extends Pick<
    ConsensusClient,
    "beforeReady" | "commitMoved" | "leaderNews" | "readStates" | "restored" | "committed"
  > {
  /** Raft wants to send a snapshot to a peer. */
  sendSnapshot(message: Message): void;
  /** Raft does not take a proposal. */
  refused(id: RequestId, reason: ErrorKind): void;
  isRemoved(id: NodeId): boolean;
  /** A tick has passed. */
  tick(): void;
  /**
   * The log could not be written, or an invariant is broken. The loop has ended and the member must stop. Called once.
   */
  failed(error: Error): void;
}
