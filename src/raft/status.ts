import type { ProgressView } from "./progress.js";
import type { Raft } from "./raft.js";
import { confStateOf } from "./tracker.js";
import type { ConfState, NodeId, StateType } from "./types.js";

/** Status of a node; cheap to compute. */
export interface BasicStatus {
  readonly id: NodeId;
  readonly term: number;
  readonly vote: NodeId;
  readonly commit: number;
  readonly lead: NodeId;
  readonly state: StateType;
  readonly applied: number;
  /** Member that leadership is being transferred to; 0 when there is no transfer. */
  readonly leadTransferee: NodeId;
}

export interface Status extends BasicStatus {
  readonly config: ConfState;
  /** Progress of every member, by ascending id; empty unless this node leads. */
  readonly progress: ReadonlyMap<NodeId, ProgressView>;
}

export function basicStatusOf(raft: Raft): BasicStatus {
  const { id, term, vote, lead, state, leadTransferee, log } = raft;
  return { id, term, vote, commit: log.committed, lead, state, applied: log.applied, leadTransferee };
}

export function statusOf(raft: Raft): Status {
  const { config, progress } = raft.tracker;
  const views = new Map<NodeId, ProgressView>();
  if (raft.state === "StateLeader") for (const [id, member] of progress) views.set(id, member.view());
  return { ...basicStatusOf(raft), config: confStateOf(config), progress: views };
}
