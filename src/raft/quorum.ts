import type { NodeId } from "./types.js";

export type VoteResult =
  /** Neither side has a quorum yet. */
  "VotePending" | "VoteLost" | "VoteWon";

/** The index that a voter has acknowledged; undefined when it has not answered. */
export type AckedIndex = (voter: NodeId) => number | undefined;

/**
 * Voters of which more than half decide. An empty set agrees to everything, so that the other half of a joint pair
 * decides.
 */
export type Majority = ReadonlySet<NodeId>;

/** Two majorities that must agree; the outgoing one is empty unless the configuration is joint. */
export interface JointQuorum {
  readonly incoming: Majority;
  readonly outgoing: Majority;
}

/** The highest index that a majority has acknowledged; `Infinity` when there are no voters. */
export function majorityCommitted(voters: Majority, acked: AckedIndex): number {
  if (voters.size === 0) return Number.POSITIVE_INFINITY;
  const indexes: number[] = [];
  for (const voter of voters) indexes.push(acked(voter) ?? 0);
  if (indexes.length > 1) indexes.sort((left, right) => right - left);
  return indexes[Math.floor(voters.size / 2)] ?? 0;
}

export function majorityVote(voters: Majority, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  let granted = 0;
  let missing = 0;
  for (const voter of voters) {
    const vote = votes.get(voter);
    if (vote === undefined) missing++;
    else if (vote) granted++;
  }
  const quorum = voters.size === 0 ? 0 : Math.floor(voters.size / 2) + 1;
  if (granted >= quorum) return "VoteWon";
  return granted + missing >= quorum ? "VotePending" : "VoteLost";
}

/** The index that both halves have committed. */
export function jointCommitted(quorum: JointQuorum, acked: AckedIndex): number {
  const incoming = majorityCommitted(quorum.incoming, acked);
  return quorum.outgoing.size === 0 ? incoming : Math.min(incoming, majorityCommitted(quorum.outgoing, acked));
}

/** Won when both halves have won, lost as soon as one has lost. */
export function jointVote(quorum: JointQuorum, votes: ReadonlyMap<NodeId, boolean>): VoteResult {
  const incoming = majorityVote(quorum.incoming, votes);
  const outgoing = majorityVote(quorum.outgoing, votes);
  if (incoming === outgoing) return incoming;
  return incoming === "VoteLost" || outgoing === "VoteLost" ? "VoteLost" : "VotePending";
}

/** The members of both halves, in ascending order. */
export function jointVoters(quorum: JointQuorum): NodeId[] {
  return sortedIds(new Set([...quorum.incoming, ...quorum.outgoing]));
}

export function sortedIds(ids: Iterable<NodeId>): NodeId[] {
  return [...ids].sort((left, right) => (left < right ? -1 : left > right ? 1 : 0));
}

/** Text of a set of ids for log lines: hexadecimal, in order. */
export function describeIds(ids: Iterable<NodeId>): string {
  return `(${sortedIds(ids).map(hex).join(" ")})`;
}

/** A node id as in log lines. */
export function hex(id: NodeId): string {
  return id.toString(16);
}
