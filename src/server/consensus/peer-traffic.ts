import type { Clock, Logger, MemberId } from "../../base/index.js";
import { type Cluster, idText } from "../../cluster/index.js";
import { type ConfChangeV1, type Message, type NodeId, RaftError } from "../../raft/index.js";
import type { RaftSink } from "../../transport/index.js";
import type { ReceivedSnapshots } from "../snapshots/received-snapshots.js";
import { noPeers, type PeerAccess, type PeerNetwork } from "./peer-network.js";
import type { RaftNode } from "./raft-node.js";

export interface PeerTrafficConfig {
  readonly access: PeerAccess | undefined;
  readonly cluster: Cluster;
  readonly received: ReceivedSnapshots;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns the raft node, which is created later than this. */
  readonly raftNode: () => RaftNode;
  /** Called when a peer reports that this member has been removed for good. */
  readonly onRemoved: () => void;
  /** Called with the outcome of sending a snapshot, after raft has been informed. */
  readonly onSnapshotReport: (id: NodeId, outcome: "finish" | "failure") => void;
}

/** The raft messages to and from the other members. It adds and removes peers of the network with the membership. */
export class PeerTraffic implements RaftSink {
  readonly network: PeerNetwork;
  readonly #config: PeerTrafficConfig;
  /** The members that were added to the network. */
  readonly #known = new Set<MemberId>();

  constructor(config: PeerTrafficConfig) {
    const { access, cluster, onRemoved } = config;
    this.#config = config;
    this.network =
      access?.connect({
        memberId: cluster.localId,
        clusterId: cluster.clusterId,
        raft: this,
        snapshotSink: (message, body) => this.#store(message, body),
        onRemoved,
      }) ?? noPeers;
  }

  /** Makes the network's peers equal to the current members. */
  meet(): void {
    const { cluster } = this.#config;
    for (const id of [...this.#known]) if (cluster.member(id) === undefined) this.#remove(id);
    for (const { id, peerUrls } of cluster.members()) {
      if (this.#known.has(id)) this.network.updatePeer(id, peerUrls);
      else this.#add(id, peerUrls);
    }
  }

  /** Updates the network after a membership change has been applied. */
  membershipChanged({ type, nodeId }: ConfChangeV1): void {
    const id = nodeId as MemberId;
    const member = this.#config.cluster.member(id);
    if (member === undefined) this.#remove(id);
    else if (type === "ConfChangeUpdateNode" && this.#known.has(id)) this.network.updatePeer(id, member.peerUrls);
    else this.#add(id, member.peerUrls);
  }

  /** Passes a message to raft. @throws Error when it is for another member, or its sender has been removed */
  process(message: Message): void {
    const { cluster, logger, raftNode } = this.#config;
    const { from, to } = message;
    const local = idText(cluster.localId);
    if (cluster.isRemoved(from as MemberId)) {
      const removed = idText(from as MemberId);
      logger.warn("rejected Raft message from removed member", {
        "local-member-id": local,
        "removed-member-id": removed,
      });
      throw new Error("cannot process message from removed member");
    }
    if (to !== cluster.localId) {
      const mismatch = idText(to as MemberId);
      logger.warn("rejected Raft message to mismatch member", {
        "local-member-id": local,
        "mismatch-member-id": mismatch,
      });
      throw new Error("cannot process message to mismatch member");
    }
    try {
      raftNode().step(message);
    } catch (error) {
      // Raft dropped the message: an answer of an unknown member, or a proposal without a leader. Its proposer retries.
      if (!(error instanceof RaftError)) throw error;
      logger.debug("raft dropped a message", { "message-type": message.type, error: error.message });
    }
  }

  isIdRemoved(id: MemberId): boolean {
    return this.#config.cluster.isRemoved(id);
  }

  reportUnreachable(id: MemberId): void {
    this.#config.raftNode().reportUnreachable(id);
  }

  reportSnapshot(id: MemberId, outcome: "finish" | "failure"): void {
    const { raftNode, onSnapshotReport } = this.#config;
    raftNode().reportSnapshot(id, outcome);
    onSnapshotReport(id, outcome);
  }

  /** Whether the connection to a member has existed since the given time. */
  connectedSince(id: NodeId, since: number): boolean {
    const active = this.network.activeSince(id as MemberId);
    return active !== undefined && active < since;
  }

  /** Whether a quorum of members, this one included, has been reachable since the given time. */
  quorumConnectedSince(since: number): boolean {
    const { cluster } = this.#config;
    const members = cluster.members();
    const connected = members.filter(({ id }) => id === cluster.localId || this.connectedSince(id, since));
    return connected.length >= Math.floor(members.length / 2) + 1;
  }

  /** The member among `ids` that has been reachable for the longest time; undefined when none is reachable. */
  longestConnected(ids: readonly MemberId[]): MemberId | undefined {
    let longest: { readonly id: MemberId; readonly since: number } | undefined;
    for (const id of ids) {
      const since = this.network.activeSince(id);
      if (since !== undefined && (longest === undefined || since < longest.since)) longest = { id, since };
    }
    return longest?.id;
  }

  #add(id: MemberId, peerUrls: readonly string[]): void {
    if (id === this.#config.cluster.localId || this.#known.has(id)) return;
    this.#known.add(id);
    this.network.addPeer(id, peerUrls);
  }

  #remove(id: MemberId): void {
    this.#known.delete(id);
    this.network.removePeer(id);
  }

  async #store(message: Message, body: AsyncIterable<Uint8Array>): Promise<void> {
    const { received, clock, logger } = this.#config;
    const index = message.snapshot?.metadata.index ?? 0;
    const startedAt = clock.now();
    const fields = { "remote-snapshot-sender-id": message.from.toString(16), "incoming-snapshot-index": index };
    logger.info("receiving database snapshot", fields);
    const bytes = await received.store(index, body);
    logger.info("received and saved database snapshot", { ...fields, bytes, "took-ms": clock.now() - startedAt });
  }
}
