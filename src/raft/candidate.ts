import { assert, assertNever } from "../base/index.js";
import { poll, requestVotes } from "./election.js";
import { followAppend, followHeartbeat, followSnapshot } from "./follower.js";
import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import { appendEntries, broadcastAppend } from "./replication.js";
import type { StepResult } from "./step-result.js";
import { type Message, noNode } from "./types.js";

/** One message at a candidate or pre-candidate, after terms were compared. */
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
      // A candidate may still get answers to what it asked as pre-candidate.
      if (raft.state === "StatePreCandidate") countVote(raft, message);
      return "taken";
    case "MsgTimeoutNow":
      raft.logger.debug(() => {
        const own = `${raft.name} [term ${raft.term} state ${raft.state}]`;
        return `${own} ignored MsgTimeoutNow from ${hex(message.from)}`;
      });
      return "taken";
    // Nothing for this role to do; and what was dealt with whatever the role.
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
      // At the own term: the answer to a pre-vote may carry one that never came to be.
      raft.becomeFollower(raft.term, noNode);
      return;
    case "VotePending":
      return;
    default:
      assertNever(result);
  }
}

/** Takes the lead and makes it known. */
function lead(raft: Raft): void {
  raft.becomeLeader();
  // An entry of the own term is what lets earlier ones be committed (paper, 5.4.2). It is never too large.
  const appended = appendEntries(raft, [{ type: "EntryNormal", data: new Uint8Array(0) }]);
  assert(appended, "the first entry of a term is taken");
  raft.logger.info(() => `${raft.name} became leader at term ${raft.term}`);
  broadcastAppend(raft);
}
