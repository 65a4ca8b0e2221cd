import type { ClusterId, MemberId } from "../../base/index.js";
import type { KeptParts, PeerClient, RaftSink, SnapshotSink, Transport } from "../../transport/index.js";

/** The network to the other members, which is HTTP in a real cluster. None of its calls blocks. */
export type PeerNetwork = Omit<Transport, "handler" | "counters" | "takes"> &
  Partial<Pick<Transport, "counters" | "takes">>;

/** The callbacks by which a network delivers messages to its member. */
export interface PeerLink {
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  readonly raft: RaftSink;
  readonly snapshotSink: SnapshotSink;
  /** Set for a member that also takes databases as tables, and in parts. */
  readonly parts?: KeptParts | undefined;
  /** Called when a peer reports that this member has been removed for good. */
  readonly onRemoved: () => void;
}

/** Connects a member with its peers. */
export interface PeerAccess {
  connect(link: PeerLink): PeerNetwork;
  /** Sends requests to peers that do not go through raft. */
  readonly client: PeerClient;
}

/** The network of a member without peers. */
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
