import { expect, test } from "vitest";
import { type ClusterId, defaultApiLevel, ManualClock, type MemberId, silentLogger } from "../../../src/base/index.js";
import { Cluster, encodeConfChangeContext, encodeMember, type Member } from "../../../src/cluster/index.js";
import type { ConfChangeV1 } from "../../../src/raft/index.js";
import { noPeers } from "../../../src/server/consensus/peer-network.js";
import { PeerTraffic, type PeerTrafficConfig } from "../../../src/server/consensus/peer-traffic.js";
import { openBackend } from "../../cluster/fixtures.js";
import { memberOf } from "../fake-peers.js";

/** Applies conf changes to a cluster and passes each to the traffic. @returns the calls of the network */
async function traffic(): Promise<{
  apply: (change: Pick<ConfChangeV1, "type" | "context">) => void;
  calls: string[];
}> {
  const calls: string[] = [];
  const cluster = new Cluster({
    ...{ level: defaultApiLevel, backend: await openBackend(), logger: silentLogger },
    ...{ clusterId: 1n as ClusterId, localId: 1n as MemberId },
  });
  const network = {
    ...noPeers,
    addPeer: (id: MemberId, urls: readonly string[]) => void calls.push(`add ${id} ${urls}`),
    updatePeer: (id: MemberId, urls: readonly string[]) => void calls.push(`update ${id} ${urls}`),
    removePeer: (id: MemberId) => void calls.push(`remove ${id}`),
  };
  const unused = (): never => {
    throw new Error("nobody asks for this here");
  };
  const config = {
    ...{
      connect: () => network,
      ids: { memberId: 1n as MemberId, clusterId: 1n as ClusterId },
      received: {},
      clock: new ManualClock(),
    },
    ...{ logger: silentLogger, raftNode: unused, onRemoved: unused, reportSnapshot: unused },
  };
  const one = new PeerTraffic(config as unknown as PeerTrafficConfig);
  return {
    calls,
    apply(part) {
      const change: ConfChangeV1 = { version: 1, id: 0n, nodeId: 2n, ...part };
      cluster.applyConfChange(change);
      one.meet(cluster.members(), cluster.removedIds());
    },
  };
}

const learner: Member = memberOf(2, { isLearner: true, name: "" });
const bytes = (text: string): Uint8Array => Buffer.from(text, "utf8");

test("a promotion keeps the connections to the learner, and their age", async () => {
  const { apply, calls } = await traffic();
  apply({ type: "ConfChangeAddLearnerNode", context: bytes(encodeMember(learner)) });
  expect(calls).toEqual([`add 2 ${learner.peerUrls}`]);
  const promotion = encodeConfChangeContext({ member: { ...learner, peerUrls: [] }, isPromote: true });
  apply({ type: "ConfChangeAddNode", context: promotion });
  expect(calls).toHaveLength(1);
  apply({ type: "ConfChangeRemoveNode", context: bytes("") });
  expect(calls.slice(1)).toEqual(["remove 2"]);
});
