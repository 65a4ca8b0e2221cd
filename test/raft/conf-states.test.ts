import { expect, test } from "vitest";
import { seededRandom } from "../../src/base/index.js";
import { type ConfChangeType, confStateAfter, sameConfState } from "../../src/raft/index.js";
import { TestNode } from "./kit.js";

const types: readonly ConfChangeType[] = [
  "ConfChangeAddNode",
  "ConfChangeAddLearnerNode",
  "ConfChangeRemoveNode",
  "ConfChangeUpdateNode",
];

test("an application that computes configurations comes to those of its node, refused changes included", () => {
  const random = seededRandom(1);
  const node = new TestNode({ size: 3 });
  let state = node.raw.status().config;
  for (let made = 0; made < 300; made++) {
    const type = types[random.int(types.length)] ?? "ConfChangeAddNode";
    // Node 1 stays, since a configuration without voters is an error.
    const nodeId = random.int(5) === 0 ? 0n : BigInt(2 + random.int(5));
    const change = { version: 1, id: 0n, type, nodeId, context: new Uint8Array(0) } as const;
    state = confStateAfter(state, change);
    expect(state).toEqual(node.raw.applyConfChange(change));
  }
  expect(sameConfState(state, { ...state, voters: state.voters.toReversed() })).toBe(true);
  expect(sameConfState(state, { ...state, voters: [...state.voters, 99n] })).toBe(false);
});
