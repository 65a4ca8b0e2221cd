import type { ClusterId, Logger, MemberId } from "../base/index.js";
import type { Message } from "../raft/index.js";
import type { DialerConfig } from "./dialer.js";

/** The part of this member's raft node that its transport uses. */
export interface RaftSink {
  /**
   * Takes a message from a peer; messages of one peer arrive in order. While the returned promise is pending, a posted
   * message gets no answer, and a streamed one counts against the messages that one peer may have waiting.
   *
   * @throws anything when the message could not be taken; the error is logged, and a peer that posted the message gets
   * a 500
   */
  process(message: Message): Promise<void> | void;
  isIdRemoved(id: MemberId): boolean;
  /** Reports that a message to this peer was lost or will be: raft then probes the peer until it answers. */
  reportUnreachable(id: MemberId): void;
  /** Reports how the snapshot that was given to `sendSnapshot` for this peer ended; called once for each. */
  reportSnapshot(id: MemberId, outcome: "finish" | "failure"): void;
}

/**
 * Stores a snapshot that a peer sends; resolves when it is on disk, and only then raft gets the message. The sink reads
 * the body at its own pace; reading throws when the connection breaks, and the sink then has to remove what it has
 * stored.
 */
export type SnapshotSink = (message: Message, body: AsyncIterable<Uint8Array>) => Promise<void>;

/** A snapshot to send to a peer. */
export interface OutgoingSnapshot {
  /** A `MsgSnap`. */
  readonly message: Message;
  /** Number of bytes that `body` yields, exactly. */
  readonly bodyBytes: number;
  /** The database file; the next chunk is requested when the connection has room. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Called once, in any case, when `body` is no longer needed. */
  release(): void;
}

export interface TransportConfig extends DialerConfig {
  readonly logger: Logger;
  readonly memberId: MemberId;
  readonly clusterId: ClusterId;
  /** Peer URLs of this member, sent with every request: peers that do not know the member yet reach it there. */
  readonly peerUrls: readonly string[];
  /** Version of this program, as "3.5.30". */
  readonly serverVersion: string;
  /** The oldest cluster version that this program works with, as "3.0.0". */
  readonly minClusterVersion: string;
  readonly raft: RaftSink;
  readonly snapshotSink: SnapshotSink;
  /**
   * Called when a peer says that this member has been removed for good, so that it must stop. May be called more than
   * once.
   */
  readonly onRemoved: () => void;
  /** A stream counts as broken after so much silence, heartbeats of the link included. */
  readonly readTimeoutMs: number;
  /** A stream counts as broken when it accepts none of the waiting bytes for this long. */
  readonly writeTimeoutMs: number;
}
