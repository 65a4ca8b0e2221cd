import type { Random } from "../../src/base/index.js";
import type { RawNode } from "../../src/raft/index.js";

const nodes = new WeakMap<Random, RawNode>();

/** Told of every raft node that is made; it is known by the source of chance that it was given. */
export function madeNode(random: Random, node: RawNode): void {
  nodes.set(random, node);
}

/** The raft node inside of a member that was started with this source of chance; undefined before it is made. */
export function nodeOf(random: Random): RawNode | undefined {
  return nodes.get(random);
}
