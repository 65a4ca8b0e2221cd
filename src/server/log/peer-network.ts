import type { ClusterId, MemberId } from "../../base/index.js";
import type { PeerClient, RaftSink, SnapshotSink, Transport } from "../../transport/index.js";

/** The way to the other members; HTTP in a real cluster. None of its calls waits for anybody. */
export type PeerNetwork = Omit<Transport, "handler" | "counters"> & Partial<Pick<Transport, "counters">>;

/** What a network delivers to its member. */
export interface PeerLink {
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  readonly raft: RaftSink;
  readonly snapshotSink: SnapshotSink;
  /** A peer says that this member has been removed for good. */
  readonly onRemoved: () => void;
}

/** How a member is tied to its peers. */
export interface PeerAccess {
  connect(link: PeerLink): PeerNetwork;
  /** Questions that do not go through raft. */
  readonly client: PeerClient;
}

/** The network of a member that has no peers. */
export const noPeers: PeerNetwork = {
  send: () => undefined,
  sendSnapshot: (snapshot) => snapshot.release(),
  addPeer: () => undefined,
  addRemote: () => undefined,
  updatePeer: () => undefined,
  removePeer: () => undefined,
  activeSince: () => undefined,
  activePeers: () => 0,
  stop: async () => undefined,
};
