import { assert, assertNever } from "../base/index.js";
import { poll, requestVotes } from "./election.js";
import { followAppend, followHeartbeat, followSnapshot } from "./follower.js";
import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import { appendEntries, broadcastAppend } from "./replication.js";
import { type Message, noNode, type StepResult } from "./types.js";

/** Handles a message at a candidate or pre-candidate, after terms have been compared. */
export function stepCandidate(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case "MsgProp":
      raft.logger.info(() => `${raft.name} no leader at term ${raft.term}; dropping proposal`);
      return "dropped";
    case "MsgApp":
      raft.becomeFollower(message.term, message.from);
      followAppend(raft, message);
      return "taken";
    case "MsgHeartbeat":
      raft.becomeFollower(message.term, message.from);
      followHeartbeat(raft, message);
      return "taken";
    case "MsgSnap":
      raft.becomeFollower(message.term, message.from);
      followSnapshot(raft, message);
      return "taken";
    case "MsgVoteResp":
      if (raft.state === "StateCandidate") countVote(raft, message);
      return "taken";
    case "MsgPreVoteResp":
      // A candidate may still get answers to its pre-vote.
      if (raft.state === "StatePreCandidate") countVote(raft, message);
      return "taken";
    case "MsgTimeoutNow":
      raft.logger.debug(() => {
        const own = `${raft.name} [term ${raft.term} state ${raft.state}]`;
        return `${own} ignored MsgTimeoutNow from ${hex(message.from)}`;
      });
      return "taken";
    // These messages mean nothing to this role, or were handled before the role matters.
    case "MsgAppResp":
    case "MsgHeartbeatResp":
    case "MsgTransferLeader":
    case "MsgReadIndex":
    case "MsgReadIndexResp":
    case "MsgForgetLeader":
    case "MsgBeat":
    case "MsgCheckQuorum":
    case "MsgUnreachable":
    case "MsgSnapStatus":
    case "MsgHup":
    case "MsgVote":
    case "MsgPreVote":
    case "MsgStorageAppend":
    case "MsgStorageAppendResp":
    case "MsgStorageApply":
    case "MsgStorageApplyResp":
      return "taken";
    default:
      return assertNever(message.type);
  }
}

function countVote(raft: Raft, message: Message): void {
  const { result } = poll(raft, message.from, message);
  switch (result) {
    case "VoteWon":
      if (raft.state === "StatePreCandidate") {
        requestVotes(raft, "election");
      } else {
        lead(raft);
      }
      return;
    case "VoteLost":
      // Keep our own term: the answer to a pre-vote may carry a term that never began.
      raft.becomeFollower(raft.term, noNode);
      return;
    case "VotePending":
      return;
    default:
      assertNever(result);
  }
}

/** Becomes leader and announces it. */
function lead(raft: Raft): void {
  raft.becomeLeader();
  // Earlier entries can only be committed along with an entry of the leader's own term (paper, 5.4.2). An empty entry
  // is never too large.
  const appended = appendEntries(raft, [{ type: "EntryNormal", data: new Uint8Array(0) }]);
  assert(appended, "the first entry of a term is taken");
  raft.logger.info(() => `${raft.name} became leader at term ${raft.term}`);
  broadcastAppend(raft);
}
