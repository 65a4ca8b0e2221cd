import type { Backend } from "../../backend/index.js";
import { assert, type Logger } from "../../base/index.js";
import { encodeConfChangeContext, encodeMember, idText, loadConfState, type Member } from "../../cluster/index.js";
import { type ConfChangeV1, type ConfState, type Entry, emptyConfState } from "../../raft/index.js";
import type { OpenedWal, WalMetadata } from "../../wal/index.js";
import { confChangeCodec } from "../consensus/conf-change-codec.js";

/** The members of a raft group and their roles. */
type Roles = Map<bigint, "voter" | "learner">;

/**
 * Makes a member whose cluster is lost the only member of it: appends conf changes that remove all others, and treats
 * the whole log as committed.
 *
 * etcd drops entries that it does not know to be committed. Here the commit index is stored only with later entries, so
 * the last acknowledged writes may lie behind the stored index, and all entries are kept. Clients of writes that were
 * not committed were never told that these have failed. Only a conf change that may be uncommitted ends the log, since
 * it could remove this very member.
 *
 * @param peerUrls the peer URLs of this member, in case the log does not contain the member itself
 * @returns the log as it is on disk afterwards
 */
export async function standAlone(
  opened: OpenedWal,
  backend: Backend,
  ids: WalMetadata,
  applied: number,
  peerUrls: readonly string[],
  logger: Logger,
): Promise<OpenedWal> {
  const { wal, hardState } = opened;
  assert(hardState !== undefined, "a log that was begun has a hard state");
  const commit = Math.max(hardState.commit, applied);
  const end = opened.entries.find(({ index, type }) => index > commit && type !== "EntryNormal")?.index;
  const kept = opened.entries.filter(({ index }) => end === undefined || index < end);
  const last = kept.at(-1)?.index ?? applied;
  const roles = rolesAfter(loadConfState(backend) ?? emptyConfState, kept, applied);
  const local: Member = { id: ids.memberId, name: "", peerUrls, clientUrls: [], isLearner: false };
  const entries = changesToward(local, roles).map((change, at): Entry => {
    const data = confChangeCodec.encode(change);
    return { term: hardState.term, index: last + 1 + at, type: "EntryConfChange", data };
  });
  const forced = { ...hardState, commit: last + entries.length };
  await wal.save({ hardState: forced, entries });
  logger.info("forcing restart member", {
    "cluster-id": idText(ids.clusterId),
    "local-member-id": idText(ids.memberId),
    "wal-commit-index": hardState.commit,
    "number-of-discarded-entries": opened.entries.length - kept.length,
    "commit-index": forced.commit,
  });
  return { ...opened, hardState: forced, entries: [...kept, ...entries] };
}

/** The roles in `state`, changed by the entries that are not applied yet. */
function rolesAfter(state: ConfState, entries: readonly Entry[], applied: number): Roles {
  const roles: Roles = new Map();
  for (const id of [...state.votersOutgoing, ...state.voters]) roles.set(id, "voter");
  for (const id of [...state.learners, ...state.learnersNext]) roles.set(id, "learner");
  for (const { type, data } of entries.filter(({ index }) => index > applied)) {
    if (type !== "EntryConfChange") continue;
    const change = confChangeCodec.decode(type, data);
    assert(change.version === 1, "an entry of this type holds a change of one member");
    if (change.type === "ConfChangeRemoveNode") roles.delete(change.nodeId);
    else if (change.type === "ConfChangeAddNode") roles.set(change.nodeId, "voter");
    else if (change.type === "ConfChangeAddLearnerNode") roles.set(change.nodeId, "learner");
  }
  return roles;
}

/** Conf changes that make this member a voter first and then remove all others, since a group must have a voter. */
function changesToward(local: Member, roles: Roles): ConfChangeV1[] {
  const base = { version: 1, id: 0n } as const;
  const changes: ConfChangeV1[] = [];
  const role = roles.get(local.id);
  if (role !== "voter") {
    const promotion = encodeConfChangeContext({ member: { ...local, peerUrls: [] }, isPromote: true });
    const context = role === "learner" ? promotion : Buffer.from(encodeMember(local), "utf8");
    changes.push({ ...base, type: "ConfChangeAddNode", nodeId: local.id, context });
  }
  const others = [...roles.keys()].filter((id) => id !== local.id).sort((one, other) => (one < other ? -1 : 1));
  for (const id of others) {
    changes.push({ ...base, type: "ConfChangeRemoveNode", nodeId: id, context: new Uint8Array(0) });
  }
  return changes;
}
