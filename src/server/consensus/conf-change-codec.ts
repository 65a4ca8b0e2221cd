import { assert } from "../../base/index.js";
import type {
  ConfChange,
  ConfChangeCodec,
  ConfChangeSingle,
  ConfChangeTransition,
  ConfChangeType,
} from "../../raft/index.js";
import { raftpb } from "../../wire/index.js";

/** The types in the order of their numbers in raftpb. */
const types: readonly ConfChangeType[] = [
  "ConfChangeAddNode",
  "ConfChangeRemoveNode",
  "ConfChangeUpdateNode",
  "ConfChangeAddLearnerNode",
];
const transitions: readonly ConfChangeTransition[] = [
  "ConfChangeTransitionAuto",
  "ConfChangeTransitionJointImplicit",
  "ConfChangeTransitionJointExplicit",
];

/** Encodes and decodes the conf changes in entries: `raftpb.ConfChange` and `raftpb.ConfChangeV2`. */
export const confChangeCodec: ConfChangeCodec = {
  encode(change) {
    if (change.version === 1) return raftpb.ConfChange.encode({ ...change, type: types.indexOf(change.type) });
    return raftpb.ConfChangeV2.encode({
      transition: transitions.indexOf(change.transition),
      changes: change.changes.map(({ type, nodeId }) => ({ type: types.indexOf(type), nodeId })),
      context: change.context,
    });
  },

  decode(entryType, data): ConfChange {
    if (entryType === "EntryConfChange") {
      const { id, type, nodeId, context } = raftpb.ConfChange.decode(data);
      return { version: 1, id, type: known(types, type), nodeId, context };
    }
    const { transition, changes, context } = raftpb.ConfChangeV2.decode(data);
    return {
      version: 2,
      transition: known(transitions, transition),
      changes: changes.map(({ type, nodeId }): ConfChangeSingle => ({ type: known(types, type), nodeId })),
      context,
    };
  },
};

function known<Name>(names: readonly Name[], number: number): Name {
  const name = names[number];
  assert(name !== undefined, "a conf change in the log is of a kind that this version knows");
  return name;
}
