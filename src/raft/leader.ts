import { assertNever } from "../base/index.js";
import type { Progress } from "./progress.js";
import { propose } from "./proposal.js";
import { hex } from "./quorum.js";
import type { Raft } from "./raft.js";
import { confirmReads, releasePendingReads, requestRead } from "./read-index.js";
import { advanceCommit, broadcastAppend, broadcastHeartbeat, maybeSendAppend } from "./replication.js";
import { type Message, noNode, type StepResult } from "./types.js";

/** Handles a message at a leader, after terms have been compared. */
export function stepLeader(raft: Raft, message: Message): StepResult {
  switch (message.type) {
    case "MsgBeat":
      broadcastHeartbeat(raft);
      return "taken";
    case "MsgCheckQuorum":
      checkQuorum(raft);
      return "taken";
    case "MsgProp":
      return propose(raft, message);
    case "MsgReadIndex":
      requestRead(raft, message);
      return "taken";
    case "MsgAppResp":
      withMember(raft, message, appendAnswered);
      return "taken";
    case "MsgHeartbeatResp":
      withMember(raft, message, heartbeatAnswered);
      return "taken";
    case "MsgSnapStatus":
      withMember(raft, message, snapshotReported);
      return "taken";
    case "MsgUnreachable":
      withMember(raft, message, unreachableReported);
      return "taken";
    case "MsgTransferLeader":
      withMember(raft, message, transferLeadership);
      return "taken";
    case "MsgApp":
    case "MsgSnap":
    case "MsgHeartbeat":
    case "MsgVoteResp":
    case "MsgPreVoteResp":
    case "MsgTimeoutNow":
    case "MsgReadIndexResp":
      withMember(raft, message, ignore);
      return "taken";
    // These messages mean nothing to a leader, or were handled before the role matters.
    case "MsgForgetLeader":
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

const ignore = (): void => undefined;

/** Handles a message about one member's progress; ignores it when the member is unknown. */
function withMember(
  raft: Raft,
  message: Message,
  run: (raft: Raft, progress: Progress, message: Message) => void,
): void {
  const progress = raft.tracker.progress.get(message.from);
  if (progress !== undefined) run(raft, progress, message);
  else raft.logger.debug(() => `${raft.name} no progress available for ${hex(message.from)}`);
}

/** Steps down when no quorum has answered since the last check. Then the next period begins. */
export function checkQuorum(raft: Raft): void {
  if (!raft.tracker.quorumActive()) {
    raft.logger.warn(() => `${raft.name} stepped down to follower since quorum is not active`);
    raft.becomeFollower(raft.term, noNode);
  }
  for (const [id, progress] of raft.tracker.progress) if (id !== raft.id) progress.recentActive = false;
}

function appendAnswered(raft: Raft, progress: Progress, message: Message): void {
  progress.recentActive = true;
  if (message.reject) appendRejected(raft, progress, message);
  else appendAccepted(raft, progress, message);
}

/**
 * The follower's log lacks the entry before those sent. Its hint is the last position where the logs may agree, judged
 * by the terms in its log; judged by the terms in ours, that position may be further back still. So each round skips a
 * whole term, not a single entry.
 */
function appendRejected(raft: Raft, progress: Progress, message: Message): void {
  const { from, index, rejectHint, logTerm } = message;
  raft.logger.debug(() => {
    const hint = `hint: (index ${rejectHint}, term ${logTerm})`;
    return `${raft.name} received MsgAppResp(rejected, ${hint}) from ${hex(from)} for index ${index}`;
  });
  const agreement = logTerm > 0 ? raft.log.findConflictByTerm(rejectHint, logTerm).index : rejectHint;
  if (!progress.maybeStepBack(index, agreement)) return;
  raft.logger.debug(() => `${raft.name} decreased progress of ${hex(from)} to [${progress}]`);
  if (progress.state.kind === "StateReplicate") progress.becomeProbe();
  maybeSendAppend(raft, from, true);
}

function appendAccepted(raft: Raft, progress: Progress, message: Message): void {
  const { from, index } = message;
  // Even an answer without news ends probing: the follower is reachable, and its log matches.
  const recovers = progress.match === index && progress.state.kind === "StateProbe";
  if (!progress.maybeUpdate(index) && !recovers) return;
  resumeReplication(raft, progress, message);
  if (advanceCommit(raft)) {
    releasePendingReads(raft);
    broadcastAppend(raft);
  } else if (from !== raft.id && progress.canBumpCommit(raft.log.committed)) {
    maybeSendAppend(raft, from, true);
  }
  if (from === raft.id) return;
  // There may be room in the window for several messages now.
  while (maybeSendAppend(raft, from, false)) {}
  if (from === raft.leadTransferee && progress.match === raft.log.lastIndex) {
    raft.logger.info(() => `${raft.name} sent MsgTimeoutNow to ${hex(from)} after received MsgAppResp`);
    raft.send("MsgTimeoutNow", from);
  }
}

function resumeReplication(raft: Raft, progress: Progress, message: Message): void {
  const { state } = progress;
  switch (state.kind) {
    case "StateProbe":
      progress.becomeReplicate();
      return;
    case "StateReplicate":
      state.inflights.freeUpTo(message.index);
      return;
    case "StateSnapshot":
      // Whichever snapshot the follower received, our log must hold the entries after it.
      if (progress.match + 1 < raft.log.firstIndex) return;
      raft.logger.debug(() => {
        const event = "recovered from needing snapshot, resumed sending replication messages";
        return `${raft.name} ${event} to ${hex(message.from)} [${progress}]`;
      });
      progress.becomeProbe();
      progress.becomeReplicate();
      return;
    default:
      assertNever(state);
  }
}

function heartbeatAnswered(raft: Raft, progress: Progress, message: Message): void {
  progress.recentActive = true;
  // `stateMark` in follower.ts encodes the index.
  if (message.index > 0) progress.applied = message.index - 1;
  progress.flowPaused = false;
  // An empty append is sent even when the window is full: all messages in it may have been lost.
  if (progress.match < raft.log.lastIndex || progress.state.kind === "StateProbe") {
    maybeSendAppend(raft, message.from, true);
  }
  confirmReads(raft, message);
}

function snapshotReported(raft: Raft, progress: Progress, message: Message): void {
  if (progress.state.kind !== "StateSnapshot") return;
  if (message.reject) progress.snapshotFailed();
  else progress.becomeProbe();
  raft.logger.debug(() => {
    const outcome = message.reject ? "failed" : "succeeded";
    const event = `snapshot ${outcome}, resumed sending replication messages to ${hex(message.from)}`;
    return `${raft.name} ${event} [${progress}]`;
  });
  // After success, wait for the follower's own answer; after failure, wait for the next heartbeat response.
  progress.flowPaused = true;
}

/** An append has probably been lost: probe the follower before sending more. */
function unreachableReported(raft: Raft, progress: Progress, message: Message): void {
  if (progress.state.kind === "StateReplicate") progress.becomeProbe();
  raft.logger.debug(() => {
    const failure = `failed to send message to ${hex(message.from)} because it is unreachable`;
    return `${raft.name} ${failure} [${progress}]`;
  });
}

/**
 * Starts a leadership transfer: once the follower's log is complete, the leader tells it to campaign at once (thesis,
 * 3.10).
 */
function transferLeadership(raft: Raft, progress: Progress, message: Message): void {
  const { logger, name, term } = raft;
  const to = message.from;
  const earlier = raft.leadTransferee;
  if (progress.isLearner) {
    logger.debug(() => `${name} is learner. Ignored transferring leadership`);
    return;
  }
  if (earlier === to) {
    const transfer = `transfer leadership to ${hex(to)} is in progress`;
    logger.info(() => `${name} [term ${term}] ${transfer}, ignores request to same node ${hex(to)}`);
    return;
  }
  if (earlier !== noNode) {
    raft.leadTransferee = noNode;
    logger.info(() => `${name} [term ${term}] abort previous transferring leadership to ${hex(earlier)}`);
  }
  if (to === raft.id) {
    logger.debug(() => `${name} is already leader. Ignored transferring leadership to self`);
    return;
  }
  logger.info(() => `${name} [term ${term}] starts to transfer leadership to ${hex(to)}`);
  // The transfer may take one election timeout from now.
  raft.electionElapsed = 0;
  raft.leadTransferee = to;
  if (progress.match === raft.log.lastIndex) {
    raft.send("MsgTimeoutNow", to);
    const reason = `as ${hex(to)} already has up-to-date log`;
    logger.info(() => `${name} sends MsgTimeoutNow to ${hex(to)} immediately ${reason}`);
  } else {
    maybeSendAppend(raft, to, true);
  }
}
