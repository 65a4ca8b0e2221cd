import { assertNever } from "../base/index.js";
import type { NodeId } from "./types.js";

export type ConfChangeType =
  | "ConfChangeAddNode"
  | "ConfChangeRemoveNode"
  | "ConfChangeUpdateNode"
  | "ConfChangeAddLearnerNode";

/** How a change of several members uses a joint configuration, and which proposal ends that configuration. */
export type ConfChangeTransition =
  /** Uses the simple protocol when one change suffices, otherwise as `JointImplicit`. */
  | "ConfChangeTransitionAuto"
  /** Uses a joint configuration, which the leader leaves as soon as it is applied. */
  | "ConfChangeTransitionJointImplicit"
  /** Uses a joint configuration until an empty change is proposed. */
  | "ConfChangeTransitionJointExplicit";

export interface ConfChangeSingle {
  readonly type: ConfChangeType;
  /**
   * Member that changes; 0 makes the change void. An application applies a void change in place of one that it refuses.
   */
  readonly nodeId: NodeId;
}

/** One change of one member, as etcd proposes them. */
export interface ConfChangeV1 extends ConfChangeSingle {
  readonly version: 1;
  /** Id for the application; the core ignores it. */
  readonly id: bigint;
  readonly context: Uint8Array;
}

/** Any number of changes at once; none at all leaves a joint configuration. */
export interface ConfChangeV2 {
  readonly version: 2;
  readonly transition: ConfChangeTransition;
  readonly changes: readonly ConfChangeSingle[];
  readonly context: Uint8Array;
}

export type ConfChange = ConfChangeV1 | ConfChangeV2;

/** Converts conf changes to and from the data of entries: the core defines no encoding. */
export interface ConfChangeCodec {
  encode(change: ConfChange): Uint8Array;
  /** Empty data of `EntryConfChangeV2` is the change that leaves a joint configuration. Throws on other bytes. */
  decode(type: "EntryConfChange" | "EntryConfChangeV2", data: Uint8Array): ConfChange;
}

/** Converts a change to the more general form. */
export function asConfChangeV2(change: ConfChange): ConfChangeV2 {
  if (change.version === 2) return change;
  const { type, nodeId, context } = change;
  return { version: 2, transition: "ConfChangeTransitionAuto", changes: [{ type, nodeId }], context };
}

/** The protocol that carries out a change. */
export type ConfChangePlan =
  | { readonly protocol: "simple" }
  | { readonly protocol: "enter joint"; readonly autoLeave: boolean }
  | { readonly protocol: "leave joint" };

export function planConfChange(change: ConfChangeV2): ConfChangePlan {
  switch (change.transition) {
    case "ConfChangeTransitionAuto":
      if (change.changes.length === 0) return { protocol: "leave joint" };
      // Some pairs of changes would be safe one by one, but which pairs depends on the configuration when they are
      // applied.
      return change.changes.length === 1 ? { protocol: "simple" } : { protocol: "enter joint", autoLeave: true };
    case "ConfChangeTransitionJointImplicit":
      return { protocol: "enter joint", autoLeave: true };
    case "ConfChangeTransitionJointExplicit":
      return { protocol: "enter joint", autoLeave: false };
    default:
      return assertNever(change.transition);
  }
}

/** Text of a change for log lines. */
export function describeConfChange(change: ConfChange): string {
  const { transition, changes, context } = asConfChangeV2(change);
  const singles = changes.map(({ type, nodeId }) => ` changes:{type:${type} node_id:${nodeId}}`).join("");
  const tail = context.length > 0 ? ` context:${JSON.stringify(Buffer.from(context).toString("latin1"))}` : "";
  return `transition:${transition}${singles}${tail}`;
}
