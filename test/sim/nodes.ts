import type { Random } from "../../src/base/index.js";
import type { RawNode } from "../../src/raft/index.js";

const nodes = new WeakMap<Random, RawNode>();

/** Registers a new raft node by its random source, which identifies its member. */
export function madeNode(random: Random, node: RawNode): void {
  nodes.set(random, node);
}

/** The raft node of the member that was started with this random source; undefined before the node is made. */
export function nodeOf(random: Random): RawNode | undefined {
  return nodes.get(random);
}
