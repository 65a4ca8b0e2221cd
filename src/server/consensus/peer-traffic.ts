import type { Clock, Logger, MemberId } from "../../base/index.js";
import { idText } from "../../cluster/index.js";
import { type Message, RaftError } from "../../raft/index.js";
import type { RaftSink, SnapshotPart } from "../../transport/index.js";
import type { WalMetadata } from "../../wal/index.js";
import type { ReceivedSnapshots } from "../snapshots/received-snapshots.js";
import type { PeerAddress } from "./contract.js";
import { noPeers, type PeerAccess, type PeerNetwork } from "./peer-network.js";
import type { RaftNode } from "./raft-node.js";

export interface PeerTrafficConfig {
  /** Connects the member with its peers; undefined for a member that has none. */
  readonly connect: PeerAccess["connect"] | undefined;
  readonly ids: WalMetadata;
  readonly received: Pick<ReceivedSnapshots, "store" | "parts">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Returns the raft node, which is created later than this. */
  readonly raftNode: () => RaftNode;
  /** Called when a peer reports that this member has been removed for good. */
  readonly onRemoved: () => void;
  readonly reportSnapshot: RaftSink["reportSnapshot"];
}

/** The raft messages to and from the other members. It adds and removes peers of the network with the membership. */
export class PeerTraffic implements RaftSink {
  readonly network: PeerNetwork;
  readonly #config: PeerTrafficConfig;
  /** The members that were added to the network, and their URLs as one text. */
  readonly #known = new Map<MemberId, string>();
  #removed: ReadonlySet<MemberId> = new Set();

  constructor(config: PeerTrafficConfig) {
    const { connect, ids, received, onRemoved } = config;
    this.#config = config;
    this.network =
      connect?.({
        ...ids,
        raft: this,
        snapshotSink: (message, body, part) => this.#store(message, body, part),
        ...(received.parts && { parts: received.parts }),
        onRemoved,
      }) ?? noPeers;
  }

  /**
   * Makes the network's peers equal to the current members. The connections to those that stay are kept.
   *
   * @param removed the ids of all members that were ever removed
   */
  meet(members: readonly PeerAddress[], removed: readonly MemberId[]): void {
    this.#removed = new Set(removed);
    const current = new Set(members.map(({ id }) => id));
    for (const id of this.#known.keys()) {
      if (current.has(id)) continue;
      this.#known.delete(id);
      this.network.removePeer(id);
    }
    for (const { id, peerUrls } of members) if (id !== this.#config.ids.memberId) this.#meetOne(id, peerUrls);
  }

  /** Passes a message to raft. @throws Error when it is for another member, or its sender has been removed */
  process(message: Message): void {
    const { ids, logger, raftNode } = this.#config;
    const { from, to } = message;
    const local = idText(ids.memberId);
    if (this.isIdRemoved(from as MemberId)) {
      const removed = idText(from as MemberId);
      logger.warn("rejected Raft message from removed member", {
        "local-member-id": local,
        "removed-member-id": removed,
      });
      throw new Error("cannot process message from removed member");
    }
    if (to !== ids.memberId) {
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
    return this.#removed.has(id);
  }

  reportUnreachable(id: MemberId): void {
    this.#config.raftNode().reportUnreachable(id);
  }

  reportSnapshot(id: MemberId, outcome: "finish" | "failure"): void {
    this.#config.reportSnapshot(id, outcome);
  }

  #meetOne(id: MemberId, peerUrls: readonly string[]): void {
    const urls = peerUrls.join(" ");
    const known = this.#known.get(id);
    if (known === urls) return;
    this.#known.set(id, urls);
    if (known === undefined) this.network.addPeer(id, peerUrls);
    else this.network.updatePeer(id, peerUrls);
  }

  async #store(message: Message, body: AsyncIterable<Uint8Array>, part: SnapshotPart): Promise<void> {
    const { received, clock, logger } = this.#config;
    const index = message.snapshot?.metadata.index ?? 0;
    const startedAt = clock.now();
    const { form, from } = part;
    const sender = message.from.toString(16);
    const fields = { "remote-snapshot-sender-id": sender, "incoming-snapshot-index": index, form };
    logger.info("receiving database snapshot", { ...fields, ...(from > 0 && { "resumed-at": from }) });
    const bytes = await received.store(index, body, part);
    logger.info("received and saved database snapshot", { ...fields, bytes, "took-ms": clock.now() - startedAt });
  }
}
