import { assertNever, type ErrorKind, type MemberId } from "../base/index.js";
import type { ConfChangeV1 } from "../raft/index.js";
import { decodeConfChangeContext, decodeMember } from "./json.js";
import type { Member } from "./member.js";

/**
 * Checks that a member that starts allows the learners that there are, as etcd does.
 *
 * @throws Error when there are more
 */
export function checkLearners(members: readonly Member[], learnersMax: number): void {
  const learners = members.filter(({ isLearner }) => isLearner).length;
  if (learners <= learnersMax) return;
  throw new Error(
    `membership: too many learner members in cluster: there are ${learners}, and --max-learners is ${learnersMax}`,
  );
}

/**
 * The error with which the membership refuses a change; undefined when it allows the change. This is asked when the
 * change is proposed and again, decisively, when it is applied, since other changes may have come first.
 *
 * @param learnersMax the most learners at a time: each costs the leader bandwidth
 */
export function refuseConfChange(
  change: ConfChangeV1,
  members: ReadonlyMap<MemberId, Member>,
  removed: ReadonlySet<MemberId>,
  learnersMax: number,
): ErrorKind | undefined {
  const id = change.nodeId as MemberId;
  const member = members.get(id);
  // The id of a removed member never comes back: votes and acknowledgements of the old member must not count again.
  if (removed.has(id)) return "memberNotFound";
  switch (change.type) {
    case "ConfChangeAddNode":
    case "ConfChangeAddLearnerNode": {
      const { member: added, isPromote } = decodeConfChangeContext(change.context);
      if (!isPromote) return refuseNewMember(added, member, members, learnersMax);
      if (member === undefined) return "memberNotFound";
      return member.isLearner ? undefined : "memberNotLearner";
    }
    case "ConfChangeRemoveNode":
      if (member === undefined) return "memberNotFound";
      return isOnlyVoter(member, members) ? "memberNotEnoughStarted" : undefined;
    case "ConfChangeUpdateNode": {
      if (member === undefined) return "memberNotFound";
      const updated = decodeMember(Buffer.from(change.context).toString("utf8"));
      return sharesPeerUrl(updated, members) ? "peerUrlExists" : undefined;
    }
    default:
      return assertNever(change.type);
  }
}

/** Whether removing the member would leave no voter: nothing could be agreed on any more, not even a new member. */
function isOnlyVoter(member: Member, members: ReadonlyMap<MemberId, Member>): boolean {
  return !member.isLearner && [...members.values()].every(({ id, isLearner }) => isLearner || id === member.id);
}

function refuseNewMember(
  added: Member,
  same: Member | undefined,
  members: ReadonlyMap<MemberId, Member>,
  learnersMax: number,
): ErrorKind | undefined {
  if (same !== undefined) return "memberExists";
  if (sharesPeerUrl(added, members)) return "peerUrlExists";
  const learners = [...members.values()].filter((member) => member.isLearner).length;
  return added.isLearner && learners >= learnersMax ? "tooManyLearners" : undefined;
}

function sharesPeerUrl(member: Member, members: ReadonlyMap<MemberId, Member>): boolean {
  const taken = new Set([...members.values()].filter(({ id }) => id !== member.id).flatMap(({ peerUrls }) => peerUrls));
  return member.peerUrls.some((url) => taken.has(url));
}
