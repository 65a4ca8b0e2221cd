import { type InflightLimits, Progress } from "./progress.js";
import {
  describeIds,
  type JointQuorum,
  jointCommitted,
  jointVote,
  jointVoters,
  sortedIds,
  type VoteResult,
} from "./quorum.js";
import type { ConfState, NodeId } from "./types.js";

/**
 * The members of the group. A learner is never a voter in either half; an outgoing voter that becomes a learner waits
 * in `learnersNext` until the joint configuration is left.
 */
export interface TrackedConfig {
  readonly voters: JointQuorum;
  readonly learners: ReadonlySet<NodeId>;
  readonly learnersNext: ReadonlySet<NodeId>;
  readonly autoLeave: boolean;
}

export type ProgressMap = ReadonlyMap<NodeId, Progress>;

const noIds: ReadonlySet<NodeId> = new Set();

export const emptyConfig: TrackedConfig = {
  voters: { incoming: noIds, outgoing: noIds },
  learners: noIds,
  learnersNext: noIds,
  autoLeave: false,
};

export function isJoint(config: TrackedConfig): boolean {
  return config.voters.outgoing.size > 0;
}

export function confStateOf(config: TrackedConfig): ConfState {
  return {
    voters: sortedIds(config.voters.incoming),
    votersOutgoing: sortedIds(config.voters.outgoing),
    learners: sortedIds(config.learners),
    learnersNext: sortedIds(config.learnersNext),
    autoLeave: config.autoLeave,
  };
}

/** Text of a configuration for log lines. */
export function describeConfig(config: TrackedConfig): string {
  const { incoming, outgoing } = config.voters;
  let text = `voters=${describeIds(incoming)}`;
  if (outgoing.size > 0) text += `&&${describeIds(outgoing)}`;
  if (config.learners.size > 0) text += ` learners=${describeIds(config.learners)}`;
  if (config.learnersNext.size > 0) text += ` learners_next=${describeIds(config.learnersNext)}`;
  return config.autoLeave ? `${text} autoleave` : text;
}

export interface Tally {
  readonly granted: number;
  readonly rejected: number;
  readonly result: VoteResult;
}

/** The configuration in force, the progress of every member, and the votes of the election under way. */
export class Tracker {
  readonly limits: InflightLimits;
  #config = emptyConfig;
  /** In ascending order of ids, so that iteration is deterministic. */
  #progress: ProgressMap = new Map();
  #votes = new Map<NodeId, boolean>();
  readonly #matched = (id: NodeId): number | undefined => this.#progress.get(id)?.match;

  constructor(limits: InflightLimits) {
    this.limits = limits;
  }

  get config(): TrackedConfig {
    return this.#config;
  }

  get progress(): ProgressMap {
    return this.#progress;
  }

  switchTo(config: TrackedConfig, progress: ProgressMap): void {
    this.#config = config;
    this.#progress = new Map([...progress].sort(([left], [right]) => (left < right ? -1 : 1)));
  }

  /** Resets the progress of every member: no log is known to match, except that of `self`, up to `lastIndex`. */
  restart(self: NodeId, lastIndex: number): void {
    const restarted = new Map<NodeId, Progress>();
    for (const [id, { isLearner }] of this.#progress) {
      const match = id === self ? lastIndex : 0;
      restarted.set(id, new Progress(this.limits, { match, next: lastIndex + 1, isLearner, active: false }));
    }
    this.#progress = restarted;
  }

  /** There is one voter and no joint configuration. */
  get isSingleton(): boolean {
    return this.#config.voters.incoming.size === 1 && !isJoint(this.#config);
  }

  /** Voters of both halves, in order. */
  get voters(): NodeId[] {
    return jointVoters(this.#config.voters);
  }

  isVoter(id: NodeId): boolean {
    return this.#config.voters.incoming.has(id) || this.#config.voters.outgoing.has(id);
  }

  /** The highest index that the logs of a quorum of voters are known to hold. */
  committed(): number {
    return jointCommitted(this.#config.voters, this.#matched);
  }

  /** Whether a quorum has answered since the last check. */
  quorumActive(): boolean {
    const active = new Map<NodeId, boolean>();
    for (const [id, progress] of this.#progress) {
      if (!progress.isLearner) active.set(id, progress.recentActive);
    }
    return jointVote(this.#config.voters, active) === "VoteWon";
  }

  resetVotes(): void {
    this.#votes = new Map();
  }

  /** Records a vote; only the first answer of a member counts. */
  recordVote(id: NodeId, granted: boolean): void {
    if (!this.#votes.has(id)) this.#votes.set(id, granted);
  }

  tally(): Tally {
    let granted = 0;
    let rejected = 0;
    for (const [id, progress] of this.#progress) {
      const vote = progress.isLearner ? undefined : this.#votes.get(id);
      if (vote === true) granted++;
      else if (vote === false) rejected++;
    }
    return { granted, rejected, result: jointVote(this.#config.voters, this.#votes) };
  }
}
