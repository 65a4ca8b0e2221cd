import { ConfChangeError, changeMembership, type Membership, restoreMembership } from "./changer.js";
import { asConfChangeV2, type ConfChange } from "./conf-change.js";
import { canonical } from "./conf-states.js";
import type { Raft } from "./raft.js";
import { releasePendingReads } from "./read-index.js";
import { advanceCommit, broadcastAppend, maybeSendAppend } from "./replication.js";
import { confStateOf, describeConfig, emptyConfig } from "./tracker.js";
import { type ConfState, noNode } from "./types.js";

/** Applies a committed conf change. A change that does not fit stops the node: otherwise members could differ. */
export function applyConfChange(raft: Raft, change: ConfChange): ConfState {
  const { config, progress } = raft.tracker;
  const context = { lastIndex: raft.log.lastIndex, limits: raft.tracker.limits };
  try {
    return switchTo(raft, changeMembership({ config, progress }, asConfChangeV2(change), context));
  } catch (error) {
    if (error instanceof ConfChangeError) raft.fail(`${raft.name} cannot apply a conf change: ${error.message}`);
    throw error;
  }
}

/** Replaces the configuration by a stored one. */
export function restoreConfig(raft: Raft, state: ConfState): void {
  const context = { lastIndex: raft.log.lastIndex, limits: raft.tracker.limits };
  const restored = switchTo(raft, restoreMembership({ config: emptyConfig, progress: new Map() }, state, context));
  if (canonical(restored) !== canonical(state)) {
    raft.fail(`ConfStates not equivalent after sorting: ${canonical(restored)}, ${canonical(state)}`);
  }
}

function switchTo(raft: Raft, membership: Membership): ConfState {
  const { tracker } = raft;
  tracker.switchTo(membership.config, membership.progress);
  raft.logger.info(() => `${raft.name} switched to configuration ${describeConfig(tracker.config)}`);
  const state = confStateOf(tracker.config);
  const own = tracker.progress.get(raft.id);
  raft.isLearner = own?.isLearner === true;
  if (raft.state !== "StateLeader") return state;
  if (own === undefined || raft.isLearner) {
    // The leader was removed or demoted. For availability it may continue until another member takes over.
    if (raft.config.stepDownOnRemoval) raft.becomeFollower(raft.term, noNode);
    return state;
  }
  if (advanceCommit(raft)) {
    // With fewer voters, more entries may be committed.
    releasePendingReads(raft);
    broadcastAppend(raft);
  } else {
    // New members need not wait for the next heartbeat.
    for (const id of tracker.progress.keys()) if (id !== raft.id) maybeSendAppend(raft, id, false);
  }
  if (raft.leadTransferee !== noNode && !tracker.isVoter(raft.leadTransferee)) raft.leadTransferee = noNode;
  return state;
}
