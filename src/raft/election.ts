import { equalBytes } from "../base/index.js";
import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import type { Tally } from "./tracker.js";
import { type Message, type NodeId, noNode } from "./types.js";

/**
 * Kind of campaign: asking whether the node could win, an election, or an election that the leader requested for a
 * transfer.
 */
export type Campaign = "pre-election" | "election" | "transfer";

/**
 * Context of the vote requests of a transfer: the leader's lease must not block them, since the leader itself gives it
 * up.
 */
const transferContext = Buffer.from("CampaignTransfer");

/** Starts a campaign, if this node is allowed to. */
export function startElection(raft: Raft, campaign: Campaign): void {
  const { log, logger, name } = raft;
  if (raft.state === "StateLeader") {
    logger.debug(() => `${name} ignoring MsgHup because already leader`);
  } else if (!raft.promotable) {
    logger.warn(() => `${name} is unpromotable and can not campaign`);
  } else if (log.hasConfChange(log.applied + 1, log.committed + 1)) {
    // The applied configuration may be outdated: a node that it elects could lead a group that has changed since.
    logger.warn(() => {
      const change = "there are still pending configuration changes to apply";
      return `${name} cannot campaign at term ${raft.term} since ${change}`;
    });
  } else {
    logger.info(() => `${name} is starting a new election at term ${raft.term}`);
    requestVotes(raft, campaign);
  }
}

/** Becomes candidate or pre-candidate, and requests the votes of all voters, itself included. */
export function requestVotes(raft: Raft, campaign: Campaign): void {
  const asking = campaign === "pre-election";
  if (asking) raft.becomePreCandidate();
  else raft.becomeCandidate();
  const type = asking ? "MsgPreVote" : "MsgVote";
  const term = asking ? raft.term + 1 : raft.term;
  const last = raft.log.lastEntryId();
  for (const id of raft.tracker.voters) {
    if (id === raft.id) {
      // The node's own vote counts once it is stored, like any other.
      raft.sendAt(term, asking ? "MsgPreVoteResp" : "MsgVoteResp", id);
      continue;
    }
    raft.logger.info(() => {
      const own = `${raft.name} [logterm: ${last.term}, index: ${last.index}]`;
      return `${own} sent ${type} request to ${hex(id)} at term ${raft.term}`;
    });
    const body = { index: last.index, logTerm: last.term };
    raft.sendAt(term, type, id, campaign === "transfer" ? { ...body, context: transferContext } : body);
  }
}

/**
 * Whether a vote request with a higher term may disturb this node. It must not while the node hears from a leader that
 * checks its quorum: otherwise a member that was cut off or removed could depose a leader that all other members follow
 * (thesis, 4.2.3).
 */
export function mayDisturb(raft: Raft, message: Message): boolean {
  const { config, electionElapsed, lead } = raft;
  const leased = config.checkQuorum === true && lead !== noNode && electionElapsed < config.electionTicks;
  if (!leased || equalBytes(message.context, transferContext)) return true;
  raft.logger.info(() => {
    const own = raft.describeEnd(raft.log.lastEntryId());
    const remaining = `remaining ticks: ${config.electionTicks - electionElapsed}`;
    return `${own} ignored ${describeVote(message, raft.term)}: lease is not expired (${remaining})`;
  });
  return false;
}

/** Answers a vote request at this term, or a pre-vote request at this or a later term. */
export function answerVote(raft: Raft, message: Message): void {
  const { type, from } = message;
  const response = type === "MsgVote" ? "MsgVoteResp" : "MsgPreVoteResp";
  const free =
    raft.vote === from ||
    (raft.vote === noNode && raft.lead === noNode) ||
    (type === "MsgPreVote" && message.term > raft.term);
  const own = raft.log.lastEntryId();
  // A learner votes, too: it may have been promoted without knowing it yet, and the new quorum may need its vote.
  if (free && raft.log.isUpToDate({ term: message.logTerm, index: message.index })) {
    raft.logger.info(() => `${raft.describeEnd(own)} cast ${describeVote(message, raft.term, "for")}`);
    // Answer with the term of the request: a pre-candidate would take our own term for that of an old answer.
    raft.sendAt(message.term, response, from);
    if (type === "MsgVote") raft.castVote(from);
  } else {
    raft.logger.info(() => `${raft.describeEnd(own)} rejected ${describeVote(message, raft.term)}`);
    raft.send(response, from, { reject: true });
  }
}

/** Refuses a pre-vote of a lower term, so that a node with a short log and a high term cannot block the group. */
export function refusePreVote(raft: Raft, message: Message): void {
  const own = raft.log.lastEntryId();
  raft.logger.info(() => `${raft.describeEnd(own)} rejected ${describeVote(message, raft.term)}`);
  raft.send("MsgPreVoteResp", message.from, { reject: true });
}

/** Counts one answer to a vote request. */
export function poll(raft: Raft, from: NodeId, message: Message): Tally {
  const { type, reject } = message;
  raft.logger.info(() => {
    return `${raft.name} received ${type}${reject ? " rejection" : ""} from ${hex(from)} at term ${raft.term}`;
  });
  raft.tracker.recordVote(from, !reject);
  const tally = raft.tracker.tally();
  raft.logger.info(() => {
    return `${raft.name} has received ${tally.granted} ${type} votes and ${tally.rejected} vote rejections`;
  });
  return tally;
}

function describeVote(message: Message, term: number, link: "from" | "for" = "from"): string {
  const theirs = `[logterm: ${message.logTerm}, index: ${message.index}]`;
  return `${message.type} ${link} ${hex(message.from)} ${theirs} at term ${term}`;
}
