import type { Clock, ErrorKind, Logger, MemberId } from "../../base/index.js";
import { type Cluster, idText, type Member } from "../../cluster/index.js";
import type { NodeId, ProgressView } from "../../raft/index.js";

/** What a change of the membership is judged by, beside the change. */
export interface ReconfigurationView {
  readonly cluster: Cluster;
  /** Since when a member has been reachable, on the clock's `now`; undefined while it is not. */
  readonly activeSince: (id: MemberId) => number | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What the readiness of a learner is judged by. */
export type LearnerProgress = Pick<ProgressView, "match" | "applied" | "state" | "isLearner">;

/** A learner that has less of the leader's log than this is not given a vote: it would hold the others up. */
const readyShare = 0.9;
/** A member counts as connected when it has been for so long. */
const healthMs = 5_000;

/** Why it would be careless to add that member; undefined when it would not. */
export function refuseToAdd(view: ReconfigurationView, added: Member): ErrorKind | undefined {
  const { cluster, logger } = view;
  const voters = votersOf(cluster);
  const fields = { "local-member-id": idText(cluster.localId), "requested-member-add": idText(added.id) };
  if (!added.isLearner && !canAddVoter(voters)) {
    logger.warn("rejecting member add request; not enough healthy members", fields);
    return "memberNotEnoughStarted";
  }
  // The one that is added counts as down until it has been seen.
  if (voters.length > 1 && connected(view, voters) < quorum(voters.length + 1)) {
    const reason = "local member has not been connected to majority peers, reconfigure breaks active quorum";
    logger.warn(`rejecting member add request; ${reason}`, fields);
    return "unhealthy";
  }
  return undefined;
}

/** Why it would be careless to remove that member; undefined when it would not, or when there is none of this id. */
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
  // Who is down is no part of the quorum that works.
  if (id !== cluster.localId && activeSince(id) === undefined) return undefined;
  const active = connected(view, voters);
  if (active - 1 < 1 + Math.floor((voters.length - 1) / 2)) {
    const reason = "local member has not been connected to all peers, reconfigure breaks active quorum";
    logger.warn(`rejecting member remove request; ${reason}`, { ...fields, "active-peers": active });
    return "unhealthy";
  }
  return undefined;
}

/** Why it would be careless to give that learner a vote; undefined when it would not. */
export function refuseToPromote({ cluster, logger }: ReconfigurationView, id: MemberId): ErrorKind | undefined {
  const voters = votersOf(cluster);
  // The learner keeps up with the log, hence has started.
  if (started(voters) + 1 >= quorum(voters.length + 1)) return undefined;
  const fields = { "local-member-id": idText(cluster.localId), "requested-member-promote-id": idText(id) };
  logger.warn("rejecting member promote request; not enough healthy members", fields);
  return "memberNotEnoughStarted";
}

/**
 * Why the leader would not give that learner a vote yet; undefined when it would. Only a leader can tell.
 *
 * etcd asks for the learner's log alone. A learner that loads a snapshot has all of the log and none of the state, so
 * this also asks for its state, when the learner says how far that is; a member of etcd does not, and loads no state.
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
  // A single member may always get a second one: that is how a lost cluster is built up again.
  return (up === 1 && voters.length === 1) || up >= quorum(voters.length + 1);
}

function votersOf(cluster: Cluster): Member[] {
  return cluster.members().filter((member) => !member.isLearner);
}

/** Who has published its name has run once. */
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
