import { storageAppended, storageApplied, storedSnapshot } from "./acknowledge.js";
import { stepCandidate } from "./candidate.js";
import { answerVote, mayDisturb, refusePreVote, startElection } from "./election.js";
import { stepFollower } from "./follower.js";
import { checkQuorum, stepLeader } from "./leader.js";
import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import { broadcastHeartbeat } from "./replication.js";
import { type Message, noNode, type StepResult } from "./types.js";

// Drives a node in every role: by ticks, and by messages after their terms have been compared with its own.

/** Advances time by one tick. */
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
    // A transfer that takes longer than an election timeout has failed: proposals are accepted again.
    raft.leadTransferee = noNode;
  }
  if (raft.state === "StateLeader" && raft.heartbeatElapsed >= raft.config.heartbeatTicks) {
    raft.heartbeatElapsed = 0;
    broadcastHeartbeat(raft);
  }
}

/** Starts a campaign now, with a pre-vote if configured. */
export function campaign(raft: Raft): void {
  startElection(raft, raft.config.preVote ? "pre-election" : "election");
}

/** Handles a message in any role. */
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

/** Moves to a higher term, unless the message only asks whether such a term could begin. */
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
    // The sender leads an old term. Perhaps the message is late; perhaps this node raised its term while it was cut
    // off, and with these settings no vote would tell the others. The answer tells the leader about the newer term.
    raft.send("MsgAppResp", from);
  } else if (type === "MsgPreVote") {
    refusePreVote(raft, message);
  } else if (type === "MsgStorageAppendResp") {
    if (message.index !== 0) {
      // The entries may have been overwritten since, and the new ones may still be on their way to the disk.
      raft.logger.info(() => {
        const own = `${raft.name} [term: ${raft.term}]`;
        return `${own} ignored entry appends from a ${type} message with lower term [term: ${term}]`;
      });
    }
    // Entries that a snapshot covers are committed, regardless of the term at which it was stored.
    if (message.snapshot !== undefined) storedSnapshot(raft, message.snapshot);
  } else {
    raft.logger.info(() => {
      const own = `${raft.name} [term: ${raft.term}]`;
      return `${own} ignored a ${type} message with lower term from ${hex(from)} [term: ${term}]`;
    });
  }
}
