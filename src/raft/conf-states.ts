import { changeMembership, restoreMembership } from "./changer.js";
import { asConfChangeV2, type ConfChange } from "./conf-change.js";
import { sortedIds } from "./quorum.js";
import { confStateOf, emptyConfig } from "./tracker.js";
import type { ConfState, NodeId } from "./types.js";

/** No entries are sent for the configurations that are computed here. */
const context = { lastIndex: 0, limits: { messages: 1, bytes: Number.POSITIVE_INFINITY } };

/**
 * Computes the configuration after a change, as a node does that applies it. For an application that does not share the
 * node's event loop.
 *
 * @param change one that the application refuses has `nodeId` 0
 * @throws ConfChangeError when the change does not fit
 */
export function confStateAfter(state: ConfState, change: ConfChange): ConfState {
  const membership = restoreMembership({ config: emptyConfig, progress: new Map() }, state, context);
  return confStateOf(changeMembership(membership, asConfChangeV2(change), context).config);
}

/** Whether two configurations are the same, in whatever order their members are listed. */
export function sameConfState(one: ConfState, other: ConfState): boolean {
  return canonical(one) === canonical(other);
}

/** Text of a configuration that does not depend on the order of its lists. */
export function canonical(state: ConfState): string {
  const lists = [state.voters, state.votersOutgoing, state.learners, state.learnersNext];
  return `${lists.map((ids: readonly NodeId[]) => sortedIds(ids).join(" ")).join("/")}/${state.autoLeave}`;
}
