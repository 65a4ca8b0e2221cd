import type { Clock, ErrorKind, Logger, MemberId } from "../../base/index.js";
import { type Cluster, idText, type Member } from "../../cluster/index.js";
import type { NodeId, ProgressView } from "../../raft/index.js";

/** The state by which a membership change is judged. */
export interface ReconfigurationView {
  readonly cluster: Cluster;
  /** The time, by the clock, since which a member has been reachable; undefined while it is not. */
  readonly activeSince: (id: MemberId) => number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The state by which the readiness of a learner is judged. */
export type LearnerProgress = Pick<ProgressView, "match" | "applied" | "state" | "isLearner">;

/** The share of the leader's log that a learner must have before it may vote. Otherwise it would delay commits. */
const readyShare = 0.9;
/** How long a member must have been connected to count as healthy. */
const healthMs = 5_000;

/** Why it would be unsafe to add a member; undefined when it is safe. */
export function refuseToAdd(view: ReconfigurationView, added: Member): ErrorKind | undefined {
  const { cluster, logger } = view;
  const voters = votersOf(cluster);
  const fields = { "local-member-id": idText(cluster.localId), "requested-member-add": idText(added.id) };
  if (!added.isLearner && !canAddVoter(voters)) {
    logger.warn("rejecting member add request; not enough healthy members", fields);
    return "memberNotEnoughStarted";
  }
  // The new member counts as down, since it has not been started.
  if (voters.length > 1 && connected(view, voters) < quorum(voters.length + 1)) {
    const reason = "local member has not been connected to majority peers, reconfigure breaks active quorum";
    logger.warn(`rejecting member add request; ${reason}`, fields);
    return "unhealthy";
  }
  return undefined;
}

/** Why it would be unsafe to remove a member; undefined when it is safe or there is no such member. */
export function refuseToRemove(view: ReconfigurationView, id: MemberId): ErrorKind | undefined {
  const { cluster, activeSince, logger } = view;
  if (cluster.member(id)?.isLearner) return undefined;
  const voters = votersOf(cluster);
  const fields = { "local-member-id": idText(cluster.localId), "requested-member-remove-id": idText(id) };
  const left = voters.filter((member) => member.id !== id);
  if (started(left) < quorum(left.length)) {
    logger.warn("rejecting member remove request; not enough healthy members", fields);
    return "memberNotEnoughStarted";
  }
  // Removing a member that is down does not weaken the working quorum.
  if (id !== cluster.localId && activeSince(id) === undefined) return undefined;
  const active = connected(view, voters);
  if (active - 1 < 1 + Math.floor((voters.length - 1) / 2)) {
    const reason = "local member has not been connected to all peers, reconfigure breaks active quorum";
    logger.warn(`rejecting member remove request; ${reason}`, { ...fields, "active-peers": active });
    return "unhealthy";
  }
  return undefined;
}

/** Why it would be unsafe to promote a learner; undefined when it is safe. */
export function refuseToPromote({ cluster, logger }: ReconfigurationView, id: MemberId): ErrorKind | undefined {
  const voters = votersOf(cluster);
  // The learner counts as started, since it keeps up with the log.
  if (started(voters) + 1 >= quorum(voters.length + 1)) return undefined;
  const fields = { "local-member-id": idText(cluster.localId), "requested-member-promote-id": idText(id) };
  logger.warn("rejecting member promote request; not enough healthy members", fields);
  return "memberNotEnoughStarted";
}

/**
 * Why a learner is not ready to vote; undefined when it is ready. Only a leader can tell.
 *
 * etcd checks only how much of the log the learner has. A learner that is loading a snapshot has the log but not the
 * state, so this also checks how much the learner has applied, if it reports that. Members of etcd do not report it.
 */
export function refuseUnready(
  { id: self, progress }: { readonly id: NodeId; readonly progress: ReadonlyMap<NodeId, LearnerProgress> },
  id: MemberId,
): ErrorKind | undefined {
  const leader = progress.get(self);
  if (leader === undefined) return "notLeader";
  const learner = progress.get(id);
  if (learner === undefined) return "memberNotFound";
  // A member with a vote is refused when the change is applied. etcd already refuses one as unready while it is a few
  // entries behind, so that its answer depends on the moment.
  if (!learner.isLearner) return undefined;
  const needed = leader.match * readyShare;
  const { match, applied = match, state } = learner;
  return state === "StateSnapshot" || match < needed || applied < needed ? "learnerNotReady" : undefined;
}

function canAddVoter(voters: readonly Member[]): boolean {
  const up = started(voters);
  // A single member may always get a second one, since that is how a lost cluster is rebuilt.
  return (up === 1 && voters.length === 1) || up >= quorum(voters.length + 1);
}

function votersOf(cluster: Cluster): Member[] {
  return cluster.members().filter((member) => !member.isLearner);
}

/** The number of members that have been started at least once, and have published their name. */
function started(members: readonly Member[]): number {
  return members.filter(({ name }) => name !== "").length;
}

function connected({ cluster, activeSince, clock }: ReconfigurationView, members: readonly Member[]): number {
  const since = clock.now() - healthMs;
  return members.filter(({ id }) => {
    const active = id === cluster.localId ? Number.NEGATIVE_INFINITY : activeSince(id);
    return active !== undefined && active < since;
  }).length;
}

function quorum(count: number): number {
  return Math.floor(count / 2) + 1;
}
