import { assertNever } from "../base/index.js";
import { startElection } from "./election.js";
import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import { installSnapshot } from "./snapshot.js";
import { type Message, noNode, type StepResult } from "./types.js";

/** Handles a message at a follower, after terms have been compared. */
export function stepFollower(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case "MsgProp":
      return forwardProposal(raft, message);
    case "MsgApp":
      heardOfLeader(raft, message);
      followAppend(raft, message);
      return "taken";
    case "MsgHeartbeat":
      heardOfLeader(raft, message);
      followHeartbeat(raft, message);
      return "taken";
    case "MsgSnap":
      heardOfLeader(raft, message);
      followSnapshot(raft, message);
      return "taken";
    case "MsgTransferLeader":
      if (raft.lead !== noNode) raft.forward(message);
      else raft.logger.info(() => `${noLeader(raft)}; dropping leader transfer msg`);
      return "taken";
    case "MsgForgetLeader":
      forgetLeader(raft);
      return "taken";
    case "MsgTimeoutNow":
      raft.logger.info(() => {
        const event = `received MsgTimeoutNow from ${hex(message.from)}`;
        return `${raft.name} [term ${raft.term}] ${event} and starts an election to get leadership.`;
      });
      // No pre-vote is needed: the leader itself says that the election can be won.
      startElection(raft, "transfer");
      return "taken";
    case "MsgReadIndex":
      if (raft.lead !== noNode) raft.forward(message);
      else raft.logger.info(() => `${noLeader(raft)}; dropping index reading msg`);
      return "taken";
    case "MsgReadIndexResp":
      takeReadIndex(raft, message);
      return "taken";
    // These messages mean nothing to this role, or were handled before the role matters.
    case "MsgAppResp":
    case "MsgVoteResp":
    case "MsgPreVoteResp":
    case "MsgHeartbeatResp":
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

function noLeader(raft: Raft): string {
  return `${raft.name} no leader at term ${raft.term}`;
}

function heardOfLeader(raft: Raft, message: Message): void {
  raft.electionElapsed = 0;
  raft.lead = message.from;
}

function forwardProposal(raft: Raft, message: Message): StepResult {
  if (raft.lead === noNode) {
    raft.logger.info(() => `${noLeader(raft)}; dropping proposal`);
    return "dropped";
  }
  if (raft.config.disableProposalForwarding) {
    raft.logger.info(() => {
      return `${raft.name} not forwarding to leader ${hex(raft.lead)} at term ${raft.term}; dropping proposal`;
    });
    return "dropped";
  }
  raft.forward(message);
  return "taken";
}

function forgetLeader(raft: Raft): void {
  if (raft.config.readOnly === "lease-based") {
    // The leader's lease requires that no member votes for another one meanwhile.
    raft.logger.error(() => "ignoring MsgForgetLeader due to ReadOnlyLeaseBased");
  } else if (raft.lead !== noNode) {
    raft.logger.info(() => `${raft.name} forgetting leader ${hex(raft.lead)} at term ${raft.term}`);
    raft.lead = noNode;
  }
}

function takeReadIndex(raft: Raft, message: Message): void {
  const [request, ...more] = message.entries;
  if (request === undefined || more.length > 0) {
    raft.logger.error(() => {
      const count = `entries count: ${message.entries.length}`;
      return `${raft.name} invalid format of MsgReadIndexResp from ${hex(message.from)}, ${count}`;
    });
    return;
  }
  raft.readStates.push({ index: message.index, context: request.data });
}

/** Appends the leader's entries, or answers where the two logs may still agree. */
export function followAppend(raft: Raft, message: Message): void {
  const { from, index, logTerm, entries } = message;
  const { log } = raft;
  if (!isWellFormed(message)) {
    raft.logger.error(() => `${raft.name} ignored a MsgApp from ${hex(from)} whose entries are not a log`);
    return;
  }
  if (index < log.committed) {
    raft.send("MsgAppResp", from, { index: log.committed });
    return;
  }
  const last = log.follow({ index, term: logTerm }, entries, message.commit);
  if (last !== undefined) {
    raft.send("MsgAppResp", from, { index: last });
    return;
  }
  raft.logger.debug(() => {
    const own = `[logterm: ${log.termAt(index) ?? 0}, index: ${index}]`;
    const theirs = `[logterm: ${logTerm}, index: ${index}]`;
    return `${raft.name} ${own} rejected MsgApp ${theirs} from ${hex(from)}`;
  });
  // Our entries with a later term than the leader's entry there cannot be in the leader's log, so they are skipped at
  // once.
  const hint = log.findConflictByTerm(Math.min(index, log.lastIndex), logTerm);
  raft.send("MsgAppResp", from, { index, reject: true, rejectHint: hint.index, logTerm: hint.term });
}

/**
 * Whether the entries can be part of a leader's log: indexes without a gap, and terms that never fall. Peers are not
 * trusted.
 */
function isWellFormed({ term, logTerm, index, entries }: Message): boolean {
  let lastTerm = logTerm;
  let lastIndex = index;
  for (const entry of entries) {
    if (entry.index !== lastIndex + 1 || entry.term < lastTerm) return false;
    lastTerm = entry.term;
    lastIndex = entry.index;
  }
  return lastTerm <= term;
}

export function followHeartbeat(raft: Raft, message: Message): void {
  raft.log.commitTo(message.commit);
  raft.send("MsgHeartbeatResp", message.from, { index: stateMark(raft), context: message.context });
}

/**
 * Encodes the progress of the state in the `index` of a heartbeat's answer: the last applied index plus 1, 1 while the
 * state of a snapshot is loaded, and 0 when the member does not report it. Members of etcd send 0 and ignore the field.
 */
function stateMark({ config, log }: Raft): number {
  if (!config.reportsApplied) return 0;
  return log.awaitsState ? 1 : log.applied + 1;
}

export function followSnapshot(raft: Raft, message: Message): void {
  const { index, term } = message.snapshot?.metadata ?? { index: 0, term: 0 };
  const restored = message.snapshot !== undefined && installSnapshot(raft, message.snapshot);
  const { committed } = raft.log;
  raft.logger.info(() => {
    const verb = restored ? "restored" : "ignored";
    return `${raft.name} [commit: ${committed}] ${verb} snapshot [index: ${index}, term: ${term}]`;
  });
  raft.send("MsgAppResp", message.from, { index: restored ? raft.log.lastIndex : committed });
}
