import { storageAppended, storageApplied, storedSnapshot } from "./acknowledge.js";
import { stepCandidate } from "./candidate.js";
import { answerVote, mayDisturb, refusePreVote, startElection } from "./election.js";
import { stepFollower } from "./follower.js";
import { checkQuorum, stepLeader } from "./leader.js";
import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import { broadcastHeartbeat } from "./replication.js";
import type { StepResult } from "./step-result.js";
import { type Message, noNode } from "./types.js";

// What moves a node, whatever its role: time, and messages once their terms are compared with its own.

/** One unit of time has passed. */
export function tick(raft: Raft): void {
  raft.electionElapsed++;
  if (raft.state === "StateLeader") tickLeader(raft);
  else tickElection(raft);
}

function tickElection(raft: Raft): void {
  if (!raft.promotable || raft.electionElapsed < raft.randomizedElectionTimeout) return;
  raft.electionElapsed = 0;
  campaign(raft);
}

function tickLeader(raft: Raft): void {
  raft.heartbeatElapsed++;
  if (raft.electionElapsed >= raft.config.electionTicks) {
    raft.electionElapsed = 0;
    if (raft.config.checkQuorum) checkQuorum(raft);
    // A transfer that takes longer than an election has failed: proposals are taken again.
    raft.leadTransferee = noNode;
  }
  if (raft.state === "StateLeader" && raft.heartbeatElapsed >= raft.config.heartbeatTicks) {
    raft.heartbeatElapsed = 0;
    broadcastHeartbeat(raft);
  }
}

/** Stands for election now, by way of a pre-vote when that is configured. */
export function campaign(raft: Raft): void {
  startElection(raft, raft.config.preVote ? "pre-election" : "election");
}

/** One message, at any role. */
export function step(raft: Raft, message: Message): StepResult {
  if (message.term > raft.term) {
    if (stepHigherTerm(raft, message) === "ignored") return "taken";
  } else if (message.term !== 0 && message.term < raft.term) {
    stepLowerTerm(raft, message);
    return "taken";
  }
  switch (message.type) {
    case "MsgHup":
      campaign(raft);
      return "taken";
    case "MsgStorageAppendResp":
      storageAppended(raft, message);
      return "taken";
    case "MsgStorageApplyResp":
      storageApplied(raft, message);
      return "taken";
    case "MsgVote":
    case "MsgPreVote":
      answerVote(raft, message);
      return "taken";
    default:
      return stepByRole(raft, message);
  }
}

function stepByRole(raft: Raft, message: Message): StepResult {
  if (raft.state === "StateLeader") return stepLeader(raft, message);
  return raft.state === "StateFollower" ? stepFollower(raft, message) : stepCandidate(raft, message);
}

/** A node that hears of a higher term follows it, unless the message only asks whether it could come to be. */
function stepHigherTerm(raft: Raft, message: Message): "accepted" | "ignored" {
  const { type, from, term } = message;
  if ((type === "MsgVote" || type === "MsgPreVote") && !mayDisturb(raft, message)) return "ignored";
  if (type === "MsgPreVote" || (type === "MsgPreVoteResp" && !message.reject)) return "accepted";
  raft.logger.info(() => {
    const own = `${raft.name} [term: ${raft.term}]`;
    return `${own} received a ${type} message with higher term from ${hex(from)} [term: ${term}]`;
  });
  const fromLeader = type === "MsgApp" || type === "MsgHeartbeat" || type === "MsgSnap";
  raft.becomeFollower(term, fromLeader ? from : noNode);
  return "accepted";
}

function stepLowerTerm(raft: Raft, message: Message): void {
  const { type, from, term } = message;
  if ((raft.config.checkQuorum || raft.config.preVote) && (type === "MsgHeartbeat" || type === "MsgApp")) {
    // A leader of an old term: perhaps a late message, perhaps this node raised its term while cut off, and with these
    // settings nobody would hear of it through a vote. The answer lets the leader know of the newer term.
    raft.send("MsgAppResp", from);
  } else if (type === "MsgPreVote") {
    refusePreVote(raft, message);
  } else if (type === "MsgStorageAppendResp") {
    if (message.index !== 0) {
      // The entries may have been overwritten since, and be on their way to the disk a second time.
      raft.logger.info(() => {
        const own = `${raft.name} [term: ${raft.term}]`;
        return `${own} ignored entry appends from a ${type} message with lower term [term: ${term}]`;
      });
    }
    // What a snapshot covers is committed, at whatever term it was applied.
    if (message.snapshot !== undefined) storedSnapshot(raft, message.snapshot);
  } else {
    raft.logger.info(() => {
      const own = `${raft.name} [term: ${raft.term}]`;
      return `${own} ignored a ${type} message with lower term from ${hex(from)} [term: ${term}]`;
    });
  }
}
