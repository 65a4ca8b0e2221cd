import { assertNever } from "../base/index.js";
import type { ConfChangeSingle, ConfChangeV2 } from "./conf-change.js";
import { planConfChange } from "./conf-change.js";
import { type InflightLimits, Progress } from "./progress.js";
import { isJoint, type ProgressMap, type TrackedConfig } from "./tracker.js";
import type { ConfState, NodeId } from "./types.js";

/** A configuration and the progress of its members, before or after a change. */
export interface Membership {
  readonly config: TrackedConfig;
  readonly progress: ProgressMap;
}

/** The change is not possible in the current configuration. */
export class ConfChangeError extends Error {
  override readonly name = "ConfChangeError";
}

/** Further inputs of a change. */
export interface ChangeContext {
  /** Last index of the leader's log, from which new members are probed. */
  readonly lastIndex: number;
  readonly limits: InflightLimits;
}

/**
 * Computes the membership after a change; `from` is not modified.
 *
 * @throws ConfChangeError
 */
export function changeMembership(from: Membership, change: ConfChangeV2, context: ChangeContext): Membership {
  const plan = planConfChange(change);
  switch (plan.protocol) {
    case "simple":
      return simpleChange(from, change.changes, context);
    case "enter joint":
      return enterJoint(from, change.changes, plan.autoLeave, context);
    case "leave joint":
      return leaveJoint(from);
    default:
      return assertNever(plan);
  }
}

/** Applies changes that affect at most one voter: old and new majorities overlap (thesis, 4.1). */
export function simpleChange(
  from: Membership,
  changes: readonly ConfChangeSingle[],
  context: ChangeContext,
): Membership {
  const draft = new Draft(from, context);
  if (isJoint(from.config)) throw new ConfChangeError("can't apply simple config change in joint config");
  draft.apply(changes);
  if (countDifferent(from.config.voters.incoming, draft.incoming) > 1) {
    throw new ConfChangeError("more than one voter changed without entering joint config");
  }
  return draft.finish(false);
}

/**
 * Applies any changes by entering a joint configuration: from now on both the old and the new voters must agree
 * (thesis, 4.3).
 */
export function enterJoint(
  from: Membership,
  changes: readonly ConfChangeSingle[],
  autoLeave: boolean,
  context: ChangeContext,
): Membership {
  const draft = new Draft(from, context);
  if (isJoint(from.config)) throw new ConfChangeError("config is already joint");
  if (draft.incoming.size === 0) throw new ConfChangeError("can't make a zero-voter config joint");
  for (const id of draft.incoming) draft.outgoing.add(id);
  draft.apply(changes);
  return draft.finish(autoLeave);
}

/** Leaves a joint configuration: only the new voters decide again. */
export function leaveJoint(from: Membership): Membership {
  const draft = new Draft(from, { lastIndex: 0, limits: { messages: 0, bytes: 0 } });
  if (!isJoint(from.config)) throw new ConfChangeError("can't leave a non-joint config");
  draft.leaveJoint();
  return draft.finish(false);
}

/** Builds the membership that a stored configuration describes, starting from an empty one. */
export function restoreMembership(empty: Membership, state: ConfState, context: ChangeContext): Membership {
  const add = (nodeId: NodeId): ConfChangeSingle => ({ type: "ConfChangeAddNode", nodeId });
  const remove = (nodeId: NodeId): ConfChangeSingle => ({ type: "ConfChangeRemoveNode", nodeId });
  const addLearner = (nodeId: NodeId): ConfChangeSingle => ({ type: "ConfChangeAddLearnerNode", nodeId });
  const incoming = [
    ...state.votersOutgoing.map(remove),
    ...state.voters.map(add),
    ...state.learners.map(addLearner),
    ...state.learnersNext.map(addLearner),
  ];
  // A joint configuration is rebuilt as it came about: first the configuration of the outgoing voters, then the
  // changes.
  const joint = state.votersOutgoing.length > 0;
  const steps = joint ? state.votersOutgoing.map(add) : incoming;
  const base = steps.reduce((membership, step) => simpleChange(membership, [step], context), empty);
  return joint ? enterJoint(base, incoming, state.autoLeave, context) : base;
}

/** A copy of a membership, on which changes are tried. */
class Draft {
  readonly incoming: Set<NodeId>;
  readonly outgoing: Set<NodeId>;
  readonly #learners: Set<NodeId>;
  readonly #learnersNext: Set<NodeId>;
  readonly #progress = new Map<NodeId, Progress>();
  readonly #context: ChangeContext;

  constructor(from: Membership, context: ChangeContext) {
    checkMembership(from);
    this.incoming = new Set(from.config.voters.incoming);
    this.outgoing = new Set(from.config.voters.outgoing);
    this.#learners = new Set(from.config.learners);
    this.#learnersNext = new Set(from.config.learnersNext);
    for (const [id, progress] of from.progress) this.#progress.set(id, progress.clone());
    this.#context = context;
  }

  apply(changes: readonly ConfChangeSingle[]): void {
    for (const { type, nodeId } of changes) {
      // The application voids a change that it refuses by setting the node to 0.
      if (nodeId === 0n) continue;
      switch (type) {
        case "ConfChangeAddNode":
          this.#makeVoter(nodeId);
          break;
        case "ConfChangeAddLearnerNode":
          this.#makeLearner(nodeId);
          break;
        case "ConfChangeRemoveNode":
          this.#remove(nodeId);
          break;
        case "ConfChangeUpdateNode":
          break;
        default:
          assertNever(type);
      }
    }
    if (this.incoming.size === 0) throw new ConfChangeError("removed all voters");
  }

  leaveJoint(): void {
    for (const id of this.#learnersNext) {
      this.#learners.add(id);
      const progress = this.#progress.get(id);
      if (progress !== undefined) progress.isLearner = true;
    }
    this.#learnersNext.clear();
    for (const id of this.outgoing) {
      if (!this.incoming.has(id) && !this.#learners.has(id)) this.#progress.delete(id);
    }
    this.outgoing.clear();
  }

  finish(autoLeave: boolean): Membership {
    const membership = {
      config: {
        voters: { incoming: this.incoming, outgoing: this.outgoing },
        learners: this.#learners,
        learnersNext: this.#learnersNext,
        autoLeave,
      },
      progress: this.#progress,
    };
    checkMembership(membership);
    return membership;
  }

  #makeVoter(id: NodeId): void {
    const progress = this.#progress.get(id);
    if (progress === undefined) this.#track(id, false);
    else progress.isLearner = false;
    this.#learners.delete(id);
    this.#learnersNext.delete(id);
    this.incoming.add(id);
  }

  #makeLearner(id: NodeId): void {
    const progress = this.#progress.get(id);
    if (progress === undefined) {
      this.#track(id, true);
      this.#learners.add(id);
      return;
    }
    if (progress.isLearner) return;
    this.#remove(id);
    this.#progress.set(id, progress);
    if (this.outgoing.has(id)) {
      this.#learnersNext.add(id);
    } else {
      progress.isLearner = true;
      this.#learners.add(id);
    }
  }

  #remove(id: NodeId): void {
    this.incoming.delete(id);
    this.#learners.delete(id);
    this.#learnersNext.delete(id);
    // While the node votes in the old configuration, the leader must send it the log.
    if (!this.outgoing.has(id)) this.#progress.delete(id);
  }

  #track(id: NodeId, isLearner: boolean): void {
    // A new member counts as active, since the next quorum check may come before it can answer.
    const start = { match: 0, next: Math.max(this.#context.lastIndex, 1), isLearner, active: true };
    this.#progress.set(id, new Progress(this.#context.limits, start));
  }
}

/** @throws ConfChangeError when roles overlap, or a member has no progress */
function checkMembership({ config, progress }: Membership): void {
  const { incoming, outgoing } = config.voters;
  const demand = (holds: boolean, breach: string): void => {
    if (!holds) throw new ConfChangeError(breach);
  };
  for (const ids of [incoming, outgoing, config.learners, config.learnersNext]) {
    for (const id of ids) demand(progress.has(id), `no progress for ${id}`);
  }
  for (const id of config.learnersNext) {
    demand(outgoing.has(id), `${id} is in LearnersNext, but not Voters[1]`);
    demand(progress.get(id)?.isLearner === false, `${id} is in LearnersNext, but is already marked as learner`);
  }
  for (const id of config.learners) {
    demand(!outgoing.has(id), `${id} is in Learners and Voters[1]`);
    demand(!incoming.has(id), `${id} is in Learners and Voters[0]`);
    demand(progress.get(id)?.isLearner === true, `${id} is in Learners, but is not marked as learner`);
  }
  if (!isJoint(config)) {
    demand(config.learnersNext.size === 0, "cfg.LearnersNext must be nil when not joint");
    demand(!config.autoLeave, "AutoLeave must be false when not joint");
  }
}

function countDifferent(left: ReadonlySet<NodeId>, right: ReadonlySet<NodeId>): number {
  let count = 0;
  for (const id of left) if (!right.has(id)) count++;
  for (const id of right) if (!left.has(id)) count++;
  return count;
}
